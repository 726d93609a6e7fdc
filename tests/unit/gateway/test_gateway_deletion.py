"""Deleting media, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import MediaView
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError


@pytest.mark.parametrize(("kind", "name"), [("input", "InputMediaID"), ("output", "OutputMediaID")])
def test_a_medium_is_deleted_and_shown(api: Any, kind: str, name: str) -> None:
    api.scheduler.answers["delete_media"] = MediaView(
        media_id=3, kind=kind, status="deleted", created_ms=1, updated_ms=2
    )

    answered = api.request("DELETE", f"/api/v1/media/{kind}/3")

    assert tuple(answered.json) == ("asset", "Success", "ErrorCode", "Message")
    assert answered.json["Success"] is True
    assert (answered.json["asset"][name], answered.json["asset"]["Status"]) == (3, "deleted")
    assert api.scheduler.calls("delete_media") == [(api.account_id, kind, 3)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConflictError("job 5 needs input media 3"), "conflict"),
        (NotFoundError("gone", code=ErrorCode.MEDIA_EXPIRED), "media_expired"),
        (NotFoundError("there is none", code=ErrorCode.ASSET_NOT_FOUND), "asset_not_found"),
    ],
)
def test_a_refusal_is_told(api: Any, error: Exception, code: str) -> None:
    api.scheduler.answers["delete_media"] = error

    assert api.request("DELETE", "/api/v1/media/input/3").error == (200, code)


def test_a_list_of_media_cannot_be_deleted(api: Any) -> None:
    assert api.request("DELETE", "/api/v1/media/input").error == (405, "method_not_allowed")
    assert api.request("DELETE", "/api/v1/media/input/all").error == (200, "invalid_parameter_value")
