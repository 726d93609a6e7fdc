import pytest

from reelyard.cluster.urlguard import FetchPolicy
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest, OutputSpec
from scheduler.usecases.outputs import judge_output


def judge(url: str) -> OutputSpec:
    request = OutputRequest(output_format_id=0, container="mp4", overlay_image_url=url)
    return judge_output(request, None, FetchPolicy(()), sends_mail=False)


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1", "[::1]", "10.1.2.3"])
def test_an_image_at_a_private_address_is_refused(host: str) -> None:
    with pytest.raises(SpecError) as refused:
        judge(f"http://user:secret@{host}/logo.png")

    assert (refused.value.field, refused.value.code) == ("overlay_image_url", ErrorCode.INVALID_PARAMETER_VALUE)
    assert "secret" not in refused.value.message


def test_an_image_at_a_public_address_is_taken() -> None:
    assert judge("http://93.184.216.34/logo.png?t=1").overlay_image_url == "http://93.184.216.34/logo.png?t=1"
