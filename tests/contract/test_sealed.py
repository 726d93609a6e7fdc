"""Credentials at rest: nobody who reads the database finds one, and keys can be changed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import inspect, select, text, update

from reelyard.cluster.service_process import StartError
from reelyard.cluster.views import CreateFormat, CreateIngest, UpdateAccount
from reelyard.cluster.work import IngestWork, NotifyWork, OverlayWork, Queue, TaskKind
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.locations import parse_location
from reelyard.media.output import OutputRequest
from scheduler.errors import SealError
from scheduler.startup import prepare_database
from scheduler.store.database import Database
from scheduler.store.sealed import PREFIX, Sealer, new_secret_key, seal, unseal
from scheduler.store.tables import accounts, ingests, jobs, output_formats
from scheduler.usecases import renew_seals as seals
from scheduler.usecases.account_settings import get_account, update_account
from scheduler.usecases.accounts import find_account, list_accounts, renew_webhook_secret, set_disabled
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.formats import create_format
from scheduler.usecases.read_ingests import get_ingest
from scheduler.usecases.renew_seals import BATCH, check_seals, drop_lost, lost_keys, renew_seals
from scheduler.usecases.retry_job import retry_job
from tests.contract.lifecycle_rig import MP4, POLICY, SOURCE_URL, Rig
from tests.secret_key import SEALER, SECRET_KEY

PING = "https://hook:letmein@receiver.example/done?key=hush"
DELIVERY = "ftp://put:s3same@files.example/in/"
OUTPUT = replace(MP4, ping_url=PING)
PASSWORDS = ("user:secret", "signature=abc", "letmein", "key=hush")


@pytest.fixture
def opened() -> Iterator[list[Database]]:
    """Further databases that a test opens."""
    databases: list[Database] = []
    yield databases
    for database in databases:
        database.close()


def again(rig: Rig, opened: list[Database], *keys: str) -> Rig:
    """The rig's database as a scheduler with these keys opens it; none: without any."""
    url = rig.db.engine.url.render_as_string(hide_password=False)
    opened.append(Database(url.replace("+pysqlite", "").replace("+psycopg", ""), Sealer(keys) if keys else None))
    other = object.__new__(Rig)
    other.db, other.account_id = opened[-1], rig.account_id
    return other


def everything(rig: Rig) -> str:
    """Every value of every table as text."""
    found = []
    with rig.db.read() as conn:
        for table in inspect(conn).get_table_names():
            found += [str(tuple(row)) for row in conn.execute(text(f'SELECT * FROM "{table}"'))]
    return "\n".join(found)


def run_a_job(rig: Rig) -> tuple[int, IngestWork, NotifyWork]:
    """A job from its request to its notification; what the node was told."""
    created = rig.create(OUTPUT)
    node = rig.node("alpha")
    ingest = rig.do(node, Queue.INGEST).work
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    notify = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work
    for _ in range(2):
        rig.do(node, Queue.STORE, TaskKind.CLEAN)
    assert isinstance(ingest, IngestWork)
    assert isinstance(notify, NotifyWork)
    return created.ingest_id, ingest, notify


def put_in_clear(rig: Rig, ingest_id: int) -> None:
    """Make the rows what they were before there was encryption."""
    rig.change(update(ingests).where(ingests.c.id == ingest_id).values(source_url=SOURCE_URL))
    rig.change(update(accounts).values(webhook_secret="whsec_in_clear"))
    spec = rig.job(rig_job(rig)).spec
    rig.change(update(jobs).values(spec=spec | {"ping_url": PING, "delivery_location": DELIVERY}))


def rig_job(rig: Rig) -> int:
    with rig.db.read() as conn:
        return int(conn.execute(select(jobs.c.id)).scalar_one())


def opens(rig: Rig, ingest_id: int) -> tuple[str, str, str, str]:
    """What the sealed texts say."""
    with rig.db.read() as conn:
        spec: dict[str, Any] = conn.execute(select(jobs.c.spec)).scalar_one()
        url = conn.execute(select(ingests.c.source_url).where(ingests.c.id == ingest_id)).scalar_one()
        secret = conn.execute(select(accounts.c.webhook_secret)).scalar_one()
        texts = (url, secret, spec["ping_url"], spec["delivery_location"])
        one, two, three, four = (unseal(conn, stored) for stored in texts)
        return one, two, three, four


def test_no_table_holds_a_password_after_a_run(rig: Rig) -> None:
    webhook_secret = renew_webhook_secret(rig.db, "first")
    _, ingest, notify = run_a_job(rig)

    stored = everything(rig)

    assert (ingest.source_url, notify.url, notify.secret) == (SOURCE_URL, PING, webhook_secret)
    assert stored.count(PREFIX) == 3
    assert [word for word in (*PASSWORDS, webhook_secret) if word in stored] == []


def test_no_setting_format_or_notification_leaves_a_credential_in_clear(rig: Rig) -> None:
    places = {"default_ping_url": PING, "default_delivery_location": DELIVERY}
    update_account(rig.db, UpdateAccount(account_id=rig.account_id, **places))
    mine = OutputRequest(container="mp4", ping_url=PING, delivery_location=DELIVERY)
    wanted = CreateFormat(account_id=rig.account_id, request_id="format", name="mine", parameters=mine)
    format_id = create_format(rig.db, wanted).id
    alone = CreateIngest(account_id=rig.account_id, request_id="ingest", source_url=SOURCE_URL, ping_url=PING)
    create_ingest(rig.db, alone)
    rig.create(OutputRequest(output_format_id=format_id), MP4, replace(MP4, overlay_image_url=PING))

    stored = everything(rig)

    assert [word for word in (*PASSWORDS, "s3same") if word in stored] == []
    sealed_texts_there = stored.count(PREFIX)
    assert renew_seals(rig.db) == 0

    put_all_in_clear(rig, format_id)
    assert "letmein" in everything(rig)
    assert renew_seals(rig.db) > 0
    stored = everything(rig)
    assert [word for word in (*PASSWORDS, "s3same") if word in stored] == []
    assert stored.count(PREFIX) == sealed_texts_there


def put_all_in_clear(rig: Rig, format_id: int) -> None:
    """Store a format's, a setting's and a notification's URL as before there was encryption."""
    rig.change(update(accounts).values(default_ping_url=PING, default_delivery_location=DELIVERY))
    rig.change(update(ingests).where(ingests.c.ping_url != "").values(ping_url=PING))
    clear = {"container": "mp4", "ping_url": PING, "delivery_location": DELIVERY}
    rig.change(update(output_formats).where(output_formats.c.id == format_id).values(parameters=clear))


def test_an_account_still_sees_where_its_source_is(rig: Rig) -> None:
    created = rig.create(OUTPUT)

    assert get_ingest(rig.db, rig.account_id, created.ingest_id).source_url == "http://media.example/holiday.mov"


def test_rows_from_before_are_read_and_sealed_at_the_next_start(rig: Rig) -> None:
    ingest_id, *_ = run_a_job(rig)
    put_in_clear(rig, ingest_id)
    before = opens(rig, ingest_id)

    assert renew_seals(rig.db) == 3
    assert renew_seals(rig.db) == 0

    assert before == opens(rig, ingest_id) == (SOURCE_URL, "whsec_in_clear", PING, DELIVERY)
    stored = everything(rig)
    assert [word for word in (*PASSWORDS, "s3same", "whsec_in_clear") if word in stored] == []


def test_a_new_key_takes_over_and_the_old_one_can_go(rig: Rig, opened: list[Database]) -> None:
    ingest_id, *_ = run_a_job(rig)
    put_in_clear(rig, ingest_id)
    renew_seals(rig.db)
    key = new_secret_key()
    both = again(rig, opened, key, SECRET_KEY)

    assert opens(both, ingest_id) == (SOURCE_URL, "whsec_in_clear", PING, DELIVERY)
    assert renew_seals(both.db) == 3

    alone = again(rig, opened, key)
    check_seals(alone.db)
    assert opens(alone, ingest_id) == (SOURCE_URL, "whsec_in_clear", PING, DELIVERY)
    assert renew_seals(alone.db) == 0
    with pytest.raises(SealError):
        check_seals(rig.db)


def test_more_rows_than_a_batch_are_all_renewed(rig: Rig) -> None:
    for _ in range(BATCH + 1):
        rig.create(MP4)
    rig.change(update(ingests).values(source_url=SOURCE_URL))

    assert renew_seals(rig.db) == BATCH + 1
    assert "signature=abc" not in everything(rig)


def test_with_a_wrong_key_a_scheduler_does_not_start_and_says_which_is_missing(
    rig: Rig, opened: list[Database]
) -> None:
    created = rig.create(OUTPUT)
    before = rig.ingest(created.ingest_id).source_url
    wrong = new_secret_key()
    stranger = again(rig, opened, wrong)

    with pytest.raises(SealError, match=SEALER.prefix.split(":")[2]):
        check_seals(stranger.db)
    with rig.db.write() as conn:
        conn.execute(text("DROP TABLE IF EXISTS alembic_version"))
        conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        conn.execute(text("INSERT INTO alembic_version VALUES ('9999')"))  # the schema is there
    with pytest.raises(StartError, match="REELYARD_SECRET_KEY") as refused:
        prepare_database(stranger.db, "", POLICY)

    assert wrong not in str(refused.value)
    assert rig.ingest(created.ingest_id).source_url == before


def test_with_a_lost_key_what_it_encrypted_is_forgotten_and_nothing_else(rig: Rig, opened: list[Database]) -> None:
    lost = rig.create(OUTPUT)
    key = new_secret_key()
    now = again(rig, opened, key)
    readable = now.create(OUTPUT)

    (lost_key,) = SEALER.key_ids
    assert lost_keys(now.db) == {lost_key: 2}
    assert drop_lost(now.db, [lost_key]) == 2
    check_seals(now.db)

    assert rig.ingest(lost.ingest_id).source_url == ""
    assert rig.job(lost.jobs[0].job_id).spec["ping_url"] == ""
    assert rig.job(lost.jobs[0].job_id).spec["container"] == "mp4"
    with now.db.read() as conn:
        assert unseal(conn, rig.ingest(readable.ingest_id).source_url) == SOURCE_URL
        assert unseal(conn, rig.job(readable.jobs[0].job_id).spec["ping_url"]) == PING
    assert lost_keys(now.db) == {}


def test_no_row_is_passed_over_where_one_statement_does_not_see_them_all(
    rig: Rig, opened: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "WINDOW", 3)
    for _ in range(4):
        rig.create(OUTPUT)
    stranger = again(rig, opened, new_secret_key())
    new = new_secret_key()
    both = again(rig, opened, new, SECRET_KEY)

    with pytest.raises(SealError):
        check_seals(stranger.db)
    assert lost_keys(stranger.db) == {SEALER.key_ids[0]: 8}
    assert renew_seals(both.db) == 8
    check_seals(both.db)
    assert lost_keys(rig.db) == {Sealer([new]).key_ids[0]: 8}


def test_only_keys_that_are_named_and_missing_are_lost(rig: Rig, opened: list[Database]) -> None:
    """A wrong key alone loses nothing: what the right one sealed is forgotten only by that one's own name."""
    rig.create(OUTPUT)
    wrong = new_secret_key()
    stranger = again(rig, opened, wrong)
    before = rig.snapshot()

    for named in (*Sealer([wrong]).key_ids, "0123456789ab", ""):
        with pytest.raises(SpecError, match=rf"not at hand are: {SEALER.key_ids[0]}"):
            drop_lost(stranger.db, [named])
    with pytest.raises(SpecError, match="not at hand are: none"):
        drop_lost(rig.db, SEALER.key_ids)

    assert rig.snapshot() == before


def test_a_job_whose_places_are_lost_fails_instead_of_leaving_them_out(rig: Rig, opened: list[Database]) -> None:
    places = replace(MP4, delivery_location=DELIVERY, overlay_image_url="http://u:letmein@images.example/logo.png")
    lost = rig.create(places).jobs[0].job_id
    now = again(rig, opened, new_secret_key())

    drop_lost(now.db, SEALER.key_ids)
    renew_seals(now.db)
    check_seals(now.db)

    overlay = now.take(now.node("alpha"), Queue.INGEST, TaskKind.OVERLAY)
    assert isinstance(overlay.spec.work, OverlayWork)
    with now.db.read() as conn:
        spec = now.job(lost).spec
        delivery = unseal(conn, spec["delivery_location"])
    for place in (overlay.spec.work.image_url, delivery):
        with pytest.raises(SpecError, match="must begin with"):
            parse_location(place, field="place")
    now.fail(overlay, ErrorCode.INVALID_INPUT_URL)
    retry_job(now.db, now.account_id, lost, POLICY)
    assert now.take(now.node("beta"), Queue.INGEST, TaskKind.OVERLAY).spec.work == overlay.spec.work


def test_a_damaged_text_is_told_and_not_shown(rig: Rig) -> None:
    created = rig.create(OUTPUT)
    damaged = rig.ingest(created.ingest_id).source_url[:-3] + "AAA"
    rig.change(update(ingests).values(source_url=damaged))

    with pytest.raises(SealError, match="damaged") as told:
        check_seals(rig.db)

    assert damaged[-20:] not in str(told.value)


def test_a_database_without_a_key_stores_and_opens_no_credential(rig: Rig, opened: list[Database]) -> None:
    created = rig.create(OUTPUT)
    keyless = again(rig, opened)

    with pytest.raises(SealError, match="REELYARD_SECRET_KEY"):
        renew_webhook_secret(keyless.db, "first")
    with pytest.raises(SealError, match="REELYARD_SECRET_KEY"):
        get_ingest(keyless.db, rig.account_id, created.ingest_id)
    with keyless.db.read() as conn:
        assert seal(conn, "") == ""


def test_accounts_are_listed_and_disabled_without_a_key(rig: Rig, opened: list[Database]) -> None:
    update_account(rig.db, UpdateAccount(account_id=rig.account_id, default_ping_url=PING))
    keyless = again(rig, opened).db

    set_disabled(keyless, "first", disabled=True)

    assert find_account(keyless, "first").disabled
    assert [account.account_id for account in list_accounts(keyless)] == [rig.account_id]
    assert get_account(rig.db, rig.account_id).default_ping_url == "https://receiver.example/done?[redacted]"
    with pytest.raises(SealError, match="REELYARD_SECRET_KEY"):
        get_account(keyless, rig.account_id)


def test_the_same_text_is_never_stored_twice_alike(rig: Rig) -> None:
    with rig.db.read() as conn:
        assert seal(conn, PING) != seal(conn, PING)
    assert SECRET_KEY not in repr(SEALER)
