"""Downloads from an S3 store: through the gateway, or by redirect where clients can reach the store."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.integration.gateway_rig import running_gateway, running_rig


def settings_of(s3: Any, **changes: Any) -> dict[str, Any]:
    keys = {"storage_access_key": s3.access_key, "storage_secret_key": s3.secret_key}
    return {"storage_url": s3.storage_url("gateway-tests"), **keys, **changes}


def test_with_a_public_address_a_get_is_redirected_to_the_store(s3: Any, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    (tmp_path / "clip").write_bytes(content)
    with running_rig(tmp_path, **settings_of(s3, storage_public_url=s3.endpoint)) as rig:
        url = rig.url + rig.publish(tmp_path / "clip")
        redirect = requests.get(url, allow_redirects=False, timeout=30)
        followed = requests.get(url, headers={"Range": "bytes=100-199"}, timeout=30)
        head = requests.head(url, allow_redirects=False, timeout=30)

    assert redirect.status_code == 307
    assert urlsplit(redirect.headers["Location"]).netloc == urlsplit(s3.endpoint).netloc
    assert redirect.headers["Cache-Control"] == "no-store"
    assert (followed.status_code, followed.content) == (206, content[100:200])
    assert followed.headers["Content-Type"] == "video/mp4"
    # a signature is for one method, so HEAD is answered here
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))


def test_with_the_setting_off_the_file_comes_through_the_gateway(s3: Any, tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "clip").write_bytes(content)
    changes = settings_of(s3, storage_public_url=s3.endpoint, download_redirect=False)
    with running_rig(tmp_path, **changes) as rig:
        url = rig.url + rig.publish(tmp_path / "clip")
        whole = requests.get(url, allow_redirects=False, timeout=30)
        part = requests.get(url, allow_redirects=False, headers={"Range": "bytes=-100"}, timeout=30)

    assert (whole.status_code, whole.content) == (200, content)
    assert (part.status_code, part.content) == (206, content[-100:])


def test_a_store_that_is_down_is_503(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "clip").write_bytes(b"x")
    with running_rig(tmp_path, **settings_of(s3)) as rig:
        path = rig.publish(tmp_path / "clip")
        nowhere = replace(rig.settings, storage_url="s3://gateway-tests?endpoint=http://127.0.0.1:1")
        with running_gateway(nowhere) as service:
            answer = requests.get(service.url + path, timeout=60)
            unready = requests.get(f"{service.url}/readyz", timeout=60)

    assert (answer.status_code, answer.json()["ErrorCode"]) == (503, "unavailable")
    assert unready.status_code == 503
