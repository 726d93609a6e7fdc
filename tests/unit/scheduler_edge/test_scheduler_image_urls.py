import pytest

from reelyard.cluster.fetch_policy import FetchPolicy
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest, OutputSpec
from scheduler.usecases.outputs import judge_outputs


def judge(url: str, policy: FetchPolicy | None = None) -> OutputSpec | SpecError:
    request = OutputRequest(output_format_id=0, container="mp4", overlay_image_url=url)
    (verdict,) = judge_outputs([request], lambda _: None, policy)
    return verdict


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1", "[::1]", "10.1.2.3"])
def test_an_image_at_a_private_address_is_refused(host: str) -> None:
    verdict = judge(f"http://user:secret@{host}/logo.png")

    assert isinstance(verdict, SpecError)
    assert (verdict.field, verdict.code) == ("overlay_image_url", ErrorCode.INVALID_PARAMETER_VALUE)
    assert "secret" not in verdict.message


def test_an_image_at_a_public_address_is_taken() -> None:
    verdict = judge("http://93.184.216.34/logo.png?token=secret")

    assert isinstance(verdict, OutputSpec)
    assert verdict.overlay_image_url == "http://93.184.216.34/logo.png?token=secret"
