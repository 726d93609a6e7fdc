"""Create Encoding Job from Input Media, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import CreatedJobsView, CreatedJobView, SpecErrorView
from reelyard.media.errors import ErrorCode, NotFoundError, SpecError

CREATE = "/api/v1/job/CreateJobFromInputMedia"
OUTPUTS = [{"OutputFormatID": 2, "CustomerReferenceID": "one"}]
MADE = CreatedJobsView(ingest_id=0, input_media_id=3, jobs=(CreatedJobView(job_id=200, customer_reference_id="one"),))


@pytest.mark.parametrize("number", [3, "3", " 3 "])
def test_a_job_is_created_of_an_input(api: Any, number: Any) -> None:
    api.scheduler.answers["create_jobs_from_input"] = MADE

    answered = api.post(CREATE, {"InputMediaID": number, "OutputJobs": OUTPUTS})

    assert answered.status == 200
    assert answered.json == {
        "InputMediaID": "3",
        "OutputJobs": [
            {"JobID": 200, "CustomerReferenceID": "one", "Success": True, "JobStatusLocation": "job/200"},
        ],
        "Success": True,
        "ErrorCode": "",
        "Message": "",
    }
    ((asked,),) = api.scheduler.calls("create_jobs_from_input")
    assert (asked.account_id, asked.input_media_id, asked.base_url) == (api.account_id, 3, "http://api.example:8080")
    assert [each.output_format_id for each in asked.outputs] == [2]


def test_several_inputs_are_joined_in_the_order_given(api: Any) -> None:
    api.scheduler.answers["create_jobs_from_input"] = CreatedJobsView(
        input_media_id=13, input_media_ids=(13, 12, 13), jobs=(CreatedJobView(job_id=200, customer_reference_id="one"),)
    )

    answered = api.post(CREATE, {"InputMediaID": "13| 12 |13", "OutputJobs": OUTPUTS})

    assert (answered.json["InputMediaID"], answered.json["Success"]) == ("13|12|13", True)
    ((asked,),) = api.scheduler.calls("create_jobs_from_input")
    assert (asked.input_media_id, asked.input_media_ids) == (0, (13, 12, 13))


def test_a_join_of_too_many_names_the_member(api: Any) -> None:
    api.scheduler.answers["create_jobs_from_input"] = SpecError(
        "input_media_id",
        "{input_media_id} joins 21 inputs; at most 20 are valid",
        code=ErrorCode.MORE_THAN_ALLOWED_INPUT_URL,
    )

    answered = api.post(CREATE, {"InputMediaID": "|".join(["3"] * 21), "OutputJobs": OUTPUTS})

    assert answered.error == (200, "more_than_allowed_input_url")
    assert "InputMediaID joins 21 inputs" in answered.json["Message"]


def test_outputs_that_were_refused_stay_in_their_places(api: Any) -> None:
    refusal = SpecErrorView(code="incompatible_format", message="The source's stream can't be copied: name a codec.")
    api.scheduler.answers["create_jobs_from_input"] = CreatedJobsView(
        input_media_id=3, jobs=(CreatedJobView(error=refusal), CreatedJobView(job_id=201))
    )

    answered = api.post(
        CREATE,
        {"InputMediaID": 3, "OutputJobs": [{"OutputFormatID": "x"}, {"OutputFormatID": 1}, {"OutputFormatID": 2}]},
    )

    assert answered.json["Success"] is True
    assert [each["JobID"] for each in answered.json["OutputJobs"]] == [0, 0, 201]
    assert answered.json["OutputJobs"][1]["ErrorCode"] == "incompatible_format"
    assert answered.json["OutputJobs"][1]["Message"] == "The source's stream can't be copied: name a codec."


def test_when_every_output_is_refused_the_scheduler_is_not_asked(api: Any) -> None:
    answered = api.post(CREATE, {"InputMediaID": 3, "OutputJobs": [{"OutputFormatID": "x"}]})

    assert answered.json["Success"] is False
    assert answered.json["InputMediaID"] == "3"
    assert answered.json["ErrorCode"] == "invalid_parameter_value"
    assert not api.scheduler.calls("create_jobs_from_input")


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (None, "parameter_missing", "InputMediaID is missing"),
        ("", "parameter_missing", "InputMediaID is missing"),
        ("3|", "invalid_parameter_value", "a whole number from 1 is wanted"),
        ("|3", "invalid_parameter_value", "a whole number from 1 is wanted"),
        ("3||4", "invalid_parameter_value", "a whole number from 1 is wanted"),
        ("3|four", "invalid_parameter_value", "a whole number from 1 is wanted"),
        ("three", "invalid_parameter_value", "a whole number from 1 is wanted"),
        (0, "invalid_parameter_value", "a whole number from 1 is wanted"),
        (-3, "invalid_parameter_value", "a whole number from 1 is wanted"),
        (3.5, "invalid_parameter_value", "a whole number from 1 is wanted"),
        ([3], "invalid_parameter_value", "InputMediaID is a list"),
        (True, "invalid_parameter_value", "InputMediaID is true"),
    ],
)
def test_a_wrong_input_is_refused(api: Any, number: Any, code: str, words: str) -> None:
    answered = api.post(CREATE, {"InputMediaID": number, "OutputJobs": OUTPUTS})

    assert answered.error == (200, code)
    assert words in answered.json["Message"]
    assert not api.scheduler.calls("create_jobs_from_input")


def test_outputs_are_needed(api: Any) -> None:
    assert api.post(CREATE, {"InputMediaID": 3, "OutputJobs": []}).error == (200, "parameter_missing")


def test_an_input_that_is_gone_fails_the_request(api: Any) -> None:
    api.scheduler.answers["create_jobs_from_input"] = NotFoundError(
        "input media 3 is expired; its file is gone", code=ErrorCode.MEDIA_EXPIRED
    )

    assert api.post(CREATE, {"InputMediaID": 3, "OutputJobs": OUTPUTS}).error == (200, "media_expired")
