"""What an account reads of its jobs, ingests and media, and what a download URL leads to."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from reelyard.cluster.wire import to_dict
from reelyard.media.errors import ErrorCode, NotFoundError, SpecError
from reelyard.media.info import MediaInfo, VideoTrack
from reelyard.media.output import OutputSpec
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.migrate import migrate
from scheduler.store.tables import accounts, ingests, job_inputs, jobs, media, media_files
from scheduler.usecases.paging import Page
from scheduler.usecases.read_ingests import get_ingest, list_active_ingests
from scheduler.usecases.read_jobs import get_job, list_active_jobs
from scheduler.usecases.read_media import get_media, list_media
from scheduler.usecases.resolve_download import resolve_download
from tests.secret_key import SEALER

TOKEN = "tgwxngv-tgwxngv-tgwxngv"
INFO = MediaInfo(
    container="mov,mp4", duration_us=2_000_000, video=(VideoTrack(index=0, codec="h264", width=64, height=48),)
)
SOURCE_URL = "https://ann:pass@host.example/clips/hybla%20fair.mov?Signature=abc"


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url, SEALER)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def account(database: Database) -> int:
    return add_account(database, "mine")


def add_account(database: Database, name: str) -> int:
    with database.write() as conn:
        account_id = new_id(conn, "account")
        conn.execute(insert(accounts).values(id=account_id, name=name, created_ms=1))
    return account_id


def add_media(
    database: Database, account_id: int, kind: str = "input", state: str = "available", **columns: Any
) -> int:
    with database.write() as conn:
        return insert_media(conn, account_id, kind, state, **columns)


def insert_media(conn: Connection, account_id: int, kind: str, state: str, **columns: Any) -> int:
    media_id = new_id(conn, "media")
    times = {"created_ms": 10, "updated_ms": 20}
    info = {"info": to_dict(INFO)} if state == "available" else {}
    row = {"id": media_id, "account_id": account_id, "kind": kind, "state": state, "token": TOKEN}
    conn.execute(insert(media).values(row | times | info | columns))
    return media_id


def add_file(database: Database, media_id: int, name: str, role: str = "primary") -> None:
    with database.write() as conn:
        conn.execute(
            insert(media_files).values(
                media_id=media_id,
                name=name,
                role=role,
                key=f"ingest/1/2/1/{media_id}-{role}",
                size_bytes=1234,
                sha256="ab" * 32,
                mime_type="video/mp4" if role == "primary" else "image/jpeg",
            )
        )


def add_ingest(database: Database, account_id: int, state: str = "queued", **columns: Any) -> int:
    with database.write() as conn:
        ingest_id = new_id(conn, "ingest")
        row = {"id": ingest_id, "account_id": account_id, "state": state, "source_url": SOURCE_URL}
        media_id = insert_media(conn, account_id, "input", "pending")
        times = {"created_ms": 10, "updated_ms": 20}
        conn.execute(insert(ingests).values(row | times | {"input_media_id": media_id} | columns))
    return ingest_id


def add_job(database: Database, account_id: int, state: str = "queued", input_id: int = 0, **columns: Any) -> int:
    spec = OutputSpec(
        container="mp4", video_codec="h264", audio_codec="aac", title="Fair", customer_reference_id="a4tg3fwe"
    )
    with database.write() as conn:
        job_id = new_id(conn, "job")
        media_id = insert_media(conn, account_id, "output", "pending")
        row = {"id": job_id, "account_id": account_id, "state": state, "spec": to_dict(spec)}
        times = {"created_ms": 10, "updated_ms": 20}
        conn.execute(insert(jobs).values(row | times | {"output_media_id": media_id} | columns))
        if input_id:
            conn.execute(insert(job_inputs).values(job_id=job_id, position=0, media_id=input_id))
    return job_id


def test_a_job_shows_its_request_progress_and_the_thumbnail_of_its_source(database: Database, account: int) -> None:
    source = add_media(database, account)
    add_file(database, source, f"{source}-image00001.jpg", role="thumbnail")
    job_id = add_job(database, account, "encoding", source, importing_progress=100, encoding_progress=42, started_ms=15)

    job = get_job(database, account, job_id)

    assert (job.status, job.importing_progress, job.encoding_progress) == ("encoding", 100, 42)
    assert (job.title, job.customer_reference_id) == ("Fair", "a4tg3fwe")
    assert (job.created_ms, job.updated_ms, job.started_ms) == (10, 20, 15)
    assert job.input_media_id == source
    assert job.output_media_id == job_id + 1
    assert job.thumbnail_path == f"download/sourcemedia/{source}/{TOKEN}/{source}-image00001.jpg"


def test_a_job_whose_source_has_not_arrived_has_no_thumbnail(database: Database, account: int) -> None:
    source = add_media(database, account, state="pending")
    job_id = add_job(database, account, "importing", source)

    assert get_job(database, account, job_id).thumbnail_path == ""
    assert get_job(database, account, job_id).input_media_id == source


def test_a_failed_job_says_why_and_a_cancelled_one_that_it_was(database: Database, account: int) -> None:
    failed = add_job(database, account, "failed", error_code="source_not_found", error_message="404")
    cancelled = add_job(database, account, "cancelled")

    assert get_job(database, account, failed).error_code == ErrorCode.SOURCE_NOT_FOUND
    assert get_job(database, account, failed).error_message == "404"
    assert get_job(database, account, cancelled).error_code == ErrorCode.CANCELLED
    assert get_job(database, account, cancelled).error_message == "the job was cancelled"


def test_active_jobs_are_those_that_have_not_ended_the_newest_first(database: Database, account: int) -> None:
    states = ("queued", "importing", "encoding", "storing", "distributing")
    active = [add_job(database, account, state) for state in states]
    add_job(database, account, "completed")
    add_job(database, account, "failed", error_code="encode_failed")
    add_job(database, account, "cancelled")

    found = list_active_jobs(database, account, Page())

    assert [job.job_id for job in found.jobs] == active[::-1]
    assert found.total == len(states)


def test_a_list_is_read_page_by_page_and_ends_in_an_empty_one(database: Database, account: int) -> None:
    ids = [add_job(database, account) for _ in range(5)][::-1]

    pages = [list_active_jobs(database, account, Page(size=2, number=number)) for number in (1, 2, 3, 4)]

    assert [[job.job_id for job in page.jobs] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    assert {page.total for page in pages} == {5}


def test_an_ingest_shows_its_source_without_its_secrets(database: Database, account: int) -> None:
    ingest_id = add_ingest(database, account, "transferring", size_bytes=99, mime_type="video/mp4", transfer_progress=7)

    ingest = get_ingest(database, account, ingest_id)

    assert ingest.source_url == "https://host.example/clips/hybla%20fair.mov"
    assert (ingest.status, ingest.size_bytes, ingest.mime_type, ingest.transfer_progress) == (
        "transferring",
        99,
        "video/mp4",
        7,
    )


def test_active_ingests_are_those_that_have_not_ended_the_newest_first(database: Database, account: int) -> None:
    active = [add_ingest(database, account, state) for state in ("queued", "transferring", "storing")]
    add_ingest(database, account, "completed")
    add_ingest(database, account, "failed", error_code="source_denied")
    cancelled = add_ingest(database, account, "cancelled")

    found = list_active_ingests(database, account, Page(size=2))

    assert [ingest.ingest_id for ingest in found.ingests] == [active[2], active[1]]
    assert found.total == 3
    assert get_ingest(database, account, cancelled).error_code == ErrorCode.CANCELLED
    assert get_ingest(database, account, cancelled).error_message == "the ingest was cancelled"


def test_a_medium_shows_its_file_its_thumbnail_and_what_was_probed(database: Database, account: int) -> None:
    media_id = add_media(database, account, title="Fair", filename="hybla fair.mov")
    add_file(database, media_id, "hybla fair.mov")
    add_file(database, media_id, f"{media_id}-image00001.jpg", role="thumbnail")

    found = get_media(database, account, "input", media_id)

    assert found.file_path == f"download/sourcemedia/{media_id}/{TOKEN}/hybla%20fair.mov"
    assert found.thumbnail_path == f"download/sourcemedia/{media_id}/{TOKEN}/{media_id}-image00001.jpg"
    assert found.info == INFO
    assert (found.status, found.size_bytes, found.mime_type, found.sha256) == (
        "available",
        1234,
        "video/mp4",
        "ab" * 32,
    )


def test_the_media_on_a_list_were_all_there_once(database: Database, account: int) -> None:
    shown = [add_media(database, account, "output", state) for state in ("available", "expired", "deleted")]
    hidden = [add_media(database, account, "output", state) for state in ("pending", "failed")]
    add_media(database, account, "input")

    found = list_media(database, account, "output", Page())

    assert [(entry.media_id, entry.status) for entry in found.media] == list(
        zip(shown[::-1], ["deleted", "expired", "available"], strict=True)
    )
    assert found.total == 3
    for media_id in hidden:
        with pytest.raises(NotFoundError) as refused:
            get_media(database, account, "output", media_id)
        assert refused.value.code is ErrorCode.ASSET_NOT_FOUND


def test_a_medium_is_found_only_under_its_kind(database: Database, account: int) -> None:
    media_id = add_media(database, account, "input")

    with pytest.raises(NotFoundError):
        get_media(database, account, "output", media_id)
    with pytest.raises(SpecError, match="'film'; valid are input, output"):
        get_media(database, account, "film", media_id)


def test_another_account_sees_nothing_of_it(database: Database, account: int) -> None:
    job_id, ingest_id, media_id = (
        add_job(database, account),
        add_ingest(database, account),
        add_media(database, account),
    )
    other = add_account(database, "other")

    for read, code in (
        (lambda: get_job(database, other, job_id), ErrorCode.JOB_NOT_FOUND),
        (lambda: get_ingest(database, other, ingest_id), ErrorCode.INGEST_NOT_FOUND),
        (lambda: get_media(database, other, "input", media_id), ErrorCode.ASSET_NOT_FOUND),
    ):
        with pytest.raises(NotFoundError) as refused:
            read()
        assert refused.value.code is code
    assert list_active_jobs(database, other, Page()).total == 0
    assert list_active_ingests(database, other, Page()).ingests == ()
    assert list_media(database, other, "input", Page()).media == ()


def test_a_download_url_leads_to_the_stored_object(database: Database, account: int) -> None:
    media_id = add_media(database, account, "output", filename="63119-fair.mp4")
    add_file(database, media_id, "63119-fair.mp4")
    add_file(database, media_id, "63119-image00001.jpg", role="thumbnail")

    file = resolve_download(database, "output", media_id, TOKEN, "63119-fair.mp4")
    thumbnail = resolve_download(database, "output", media_id, TOKEN, "63119-image00001.jpg")

    assert (file.key, file.filename, file.size_bytes, file.updated_ms) == (
        f"ingest/1/2/1/{media_id}-primary",
        "63119-fair.mp4",
        1234,
        20,
    )
    assert (thumbnail.key, thumbnail.mime_type) == (f"ingest/1/2/1/{media_id}-thumbnail", "image/jpeg")


@pytest.mark.parametrize(
    ("kind", "token", "name", "offset"),
    [
        ("output", TOKEN[:-1] + "x", "fair.mp4", 0),
        ("output", "", "fair.mp4", 0),
        ("output", "é", "fair.mp4", 0),
        ("output", TOKEN, "other.mp4", 0),
        ("output", TOKEN, "", 0),
        ("input", TOKEN, "fair.mp4", 0),
        ("output", TOKEN, "fair.mp4", 1),
    ],
)
def test_a_wrong_download_url_leads_nowhere(
    database: Database, account: int, kind: str, token: str, name: str, offset: int
) -> None:
    media_id = add_media(database, account, "output")
    add_file(database, media_id, "fair.mp4")

    with pytest.raises(NotFoundError) as refused:
        resolve_download(database, kind, media_id + offset, token, name)

    assert refused.value.code is ErrorCode.ASSET_NOT_FOUND


@pytest.mark.parametrize("state", ["expired", "deleted"])
def test_the_url_of_a_medium_that_is_gone_says_so_but_only_to_who_knows_its_token(
    database: Database, account: int, state: str
) -> None:
    media_id = add_media(database, account, "output", state, filename="fair.mp4")

    with pytest.raises(NotFoundError) as gone:
        resolve_download(database, "output", media_id, TOKEN, "fair.mp4")
    with pytest.raises(NotFoundError) as unknown:
        resolve_download(database, "output", media_id, "guess", "fair.mp4")

    assert gone.value.code is ErrorCode.MEDIA_EXPIRED
    assert unknown.value.code is ErrorCode.ASSET_NOT_FOUND
    assert get_media(database, account, "output", media_id).file_path.endswith(f"/{media_id}/{TOKEN}/fair.mp4")


def test_the_url_of_a_medium_that_is_not_there_yet_leads_nowhere(database: Database, account: int) -> None:
    media_id = add_media(database, account, "output", "pending")

    with pytest.raises(NotFoundError) as refused:
        resolve_download(database, "output", media_id, TOKEN, "fair.mp4")

    assert refused.value.code is ErrorCode.ASSET_NOT_FOUND
