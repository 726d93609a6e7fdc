"""Output formats of an account's own: made, listed, used, replaced, removed."""

from dataclasses import replace

import pytest

from reelyard.cluster.views import UpdateFormat
from reelyard.cluster.work import Queue
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError, SpecError
from reelyard.media.output import OutputRequest
from reelyard.media.presets import LAST_BUILT_IN_ID, PRESETS
from scheduler.store.sealed_columns import SECRET_MEMBERS
from scheduler.usecases.formats import delete_format, update_format
from scheduler.usecases.paging import Page
from scheduler.usecases.read_formats import get_format, list_formats
from tests.contract.format_rig import PING, SHOWN_PING, SMALL, own_format, spec_of
from tests.contract.lifecycle_rig import MP4, Rig


def test_an_own_format_is_used_by_its_id_and_listed_after_the_built_in_ones(rig: Rig) -> None:
    own = own_format(rig, description="for phones")

    job_id = rig.create(OutputRequest(output_format_id=own.id, title="t")).jobs[0].job_id

    spec = spec_of(rig, job_id)
    assert (spec.output_format_id, spec.container, spec.height, spec.ping_url) == (own.id, "mp4", 120, PING)
    listed = list_formats(rig.db, rig.account_id, Page(size=100))
    assert listed.formats == (*PRESETS, own)
    assert listed.total == len(PRESETS) + 1
    assert get_format(rig.db, rig.account_id, own.id) == own
    assert (own.name, own.description, own.parameters.ping_url) == ("Small", "for phones", SHOWN_PING)


def test_pages_go_on_from_built_in_formats_to_own_ones(rig: Rig) -> None:
    own = [own_format(rig, name=f"f{number}") for number in range(5)]

    pages = [
        list_formats(rig.db, rig.account_id, Page(size=6, number=number)) for number in range(1, len(PRESETS) // 6 + 3)
    ]

    assert [entry.id for page in pages for entry in page.formats] == [each.id for each in (*PRESETS, *own)]
    assert {page.total for page in pages} == {len(PRESETS) + 5}


def test_ids_of_own_formats_never_meet_those_of_built_in_ones_and_are_never_used_again(rig: Rig) -> None:
    first = own_format(rig)
    delete_format(rig.db, rig.account_id, first.id)
    second = own_format(rig)

    assert max(each.id for each in PRESETS) <= LAST_BUILT_IN_ID < first.id < second.id
    job_id = rig.create(MP4).jobs[0].job_id
    assert job_id > second.id


def test_what_cannot_work_is_refused_when_the_format_is_made(rig: Rig) -> None:
    for parameters, field in (
        (replace(SMALL, video_codec="vp99"), "video_codec"),
        (replace(SMALL, container="webm"), "video_codec"),
        (replace(SMALL, container=None), "container"),
        (replace(SMALL, height=9), "height"),
        (replace(SMALL, ping_url="http://127.0.0.1/x"), "ping_url"),
    ):
        with pytest.raises(SpecError) as refused:
            own_format(rig, parameters)
        assert refused.value.field == field
    for members, field in (
        ({"name": ""}, "name"),
        ({"name": "a\x1bb"}, "name"),
        ({"description": "x" * 1001}, "description"),
    ):
        with pytest.raises(SpecError) as refused:
            own_format(rig, **members)
        assert refused.value.field == field
    assert list_formats(rig.db, rig.account_id, Page()).total == len(PRESETS)


def test_a_format_is_replaced_whole_and_a_shown_url_keeps_its_credentials(rig: Rig) -> None:
    own = own_format(rig)
    wanted = OutputRequest(container="webm", ping_url=SHOWN_PING)

    changed = update_format(
        rig.db,
        UpdateFormat(account_id=rig.account_id, format_id=own.id, name="Web", parameters=wanted),
    )

    assert (changed.id, changed.name, changed.parameters) == (own.id, "Web", wanted)
    spec = spec_of(rig, rig.create(OutputRequest(output_format_id=own.id)).jobs[0].job_id)
    assert (spec.container, spec.video_codec, spec.height, spec.ping_url) == ("webm", "libvpx", 0, PING)
    with pytest.raises(SpecError):
        update_format(
            rig.db,
            UpdateFormat(account_id=rig.account_id, format_id=own.id, name="", parameters=wanted),
        )
    assert get_format(rig.db, rig.account_id, own.id) == changed


def test_a_deleted_format_leaves_its_jobs_and_can_be_named_no_more(rig: Rig) -> None:
    own = own_format(rig)
    job_id = rig.create(OutputRequest(output_format_id=own.id)).jobs[0].job_id
    before = rig.job(job_id)

    assert delete_format(rig.db, rig.account_id, own.id) == own

    assert rig.job(job_id) == before
    node = rig.node("n")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"
    (refused,) = rig.create(OutputRequest(output_format_id=own.id)).jobs
    assert refused.error is not None
    assert refused.error.code == ErrorCode.PROFILE_NOT_FOUND
    for call in (get_format, delete_format):
        with pytest.raises(NotFoundError):
            call(rig.db, rig.account_id, own.id)


def test_built_in_formats_stay_as_they_are(rig: Rig) -> None:
    with pytest.raises(ConflictError, match="built-in"):
        delete_format(rig.db, rig.account_id, 3)
    with pytest.raises(ConflictError, match="built-in"):
        update_format(rig.db, UpdateFormat(account_id=rig.account_id, format_id=3, name="mine", parameters=SMALL))


def test_every_member_of_a_format_that_may_hold_credentials_is_sealed(rig: Rig) -> None:
    hidden = {each for each in OutputRequest.__dataclass_fields__.values() if not each.repr}

    assert {each.name for each in hidden} == set(SECRET_MEMBERS)
