import pytest

from gateway.request_scope import shown_path


@pytest.mark.parametrize("prefix", ["", "/api/v1", "/API/v1"])
def test_the_token_of_a_download_is_in_no_log_wherever_its_path_was_sent(prefix: str) -> None:
    shown = shown_path(f"{prefix}/download/output/12/sEcReT/12-clip.mp4")

    assert shown == f"{prefix}/download/output/12/…/12-clip.mp4"
