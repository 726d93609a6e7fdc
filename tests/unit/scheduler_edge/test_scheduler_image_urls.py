from pathlib import Path

import pytest

from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest, OutputSpec
from scheduler.store.database import Database
from scheduler.usecases.outputs import judge_outputs


def judge(url: str, folder: Path) -> OutputSpec | SpecError:
    request = OutputRequest(output_format_id=0, container="mp4", overlay_image_url=url)
    # The database is asked about scarce encoders alone.
    (verdict,) = judge_outputs([request], lambda _: None, None, Database(f"sqlite:///{folder}/empty.db"))
    return verdict


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1", "[::1]", "10.1.2.3"])
def test_an_image_at_a_private_address_is_refused(host: str, tmp_path: Path) -> None:
    verdict = judge(f"http://user:secret@{host}/logo.png", tmp_path)

    assert isinstance(verdict, SpecError)
    assert (verdict.field, verdict.code) == ("overlay_image_url", ErrorCode.INVALID_PARAMETER_VALUE)
    assert "secret" not in verdict.message


def test_an_image_at_a_public_address_is_taken(tmp_path: Path) -> None:
    verdict = judge("http://93.184.216.34/logo.png?token=secret", tmp_path)

    assert isinstance(verdict, OutputSpec)
    assert verdict.overlay_image_url == "http://93.184.216.34/logo.png?token=secret"
