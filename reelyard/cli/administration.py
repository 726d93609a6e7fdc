"""`reelyard keys` and `reelyard accounts`: straight on the scheduler's database.

So the first key of an installation can be made before anything runs, and a key can be revoked while the gateway is
down. It is the scheduler's own code that does it: nobody else knows the schema.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from reelyard.cli.columns import columns, moment
from reelyard.cli.data_folder import DataFolderError, DataSettings, choose_data_folder
from reelyard.cluster.settings import read_settings, setting
from reelyard.cluster.settings_parsers import secret_keys
from reelyard.cluster.views import AccountView
from scheduler.errors import AccountNotFoundError
from scheduler.settings import database_url
from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.store.sealed import Sealer, new_secret_key
from scheduler.usecases.accounts import (
    create_account,
    drop_webhook_secret,
    find_account,
    list_accounts,
    renew_webhook_secret,
    set_disabled,
)
from scheduler.usecases.keys import FIRST_ACCOUNT, create_key, list_keys, revoke_key
from scheduler.usecases.renew_seals import drop_unreadable

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
accounts = typer.Typer(help="Make, list, disable and enable accounts; sign their notifications.", no_args_is_help=True)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder of a standalone Reelyard; default: REELYARD_DATA."),
]


@dataclass(frozen=True, kw_only=True)
class AdministrationSettings(DataSettings):
    """Where the accounts are: the database of a cluster, else the data folder of a standalone Reelyard."""

    database_url: str = setting(
        "REELYARD_DATABASE_URL", "", database_url, "Database of the cluster; unset: the data folder.", secret=True
    )
    secret_key: tuple[str, ...] = setting(
        "REELYARD_SECRET_KEY", (), secret_keys, "Encrypts stored credentials; unset: the data folder's.", secret=True
    )


@keys.command("create")
def keys_create(
    account: Annotated[str, typer.Option(help="Name of the account it is for.")] = FIRST_ACCOUNT,
    label: Annotated[str, typer.Option(help="What it is for, to tell keys apart.")] = "",
    data: DataOption = None,
) -> None:
    """Make a key; it is printed on standard output this once and stored nowhere."""
    with _database(data) as database:
        created = create_key(database, _account(database, account).account_id, label)
    print(f"key {created.key.key_id} of the account {account!r}; it is not shown again:", file=sys.stderr)
    print(created.secret)


@keys.command("new-secret")
def keys_new_secret() -> None:
    """Make a key for REELYARD_SECRET_KEY, which encrypts stored credentials; it is printed and stored nowhere."""
    print(new_secret_key())


@keys.command("drop-lost")
def keys_drop_lost(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, data: DataOption = None
) -> None:
    """Empty the stored credentials whose key of REELYARD_SECRET_KEY is lost, so that the scheduler starts again."""
    with _database(data) as database:
        if not yes:
            typer.confirm("Forget every stored credential that the keys at hand can't open, for good?", abort=True)
        dropped = drop_unreadable(database)
    print(f"{dropped} rows held credentials that could not be opened; these are forgotten")


@keys.command("list")
def keys_list(data: DataOption = None) -> None:
    """List all keys by their first characters."""
    with _database(data) as database:
        names = {account.account_id: account.name for account in list_accounts(database)}
        found = list_keys(database).keys
    rows = (
        (
            *(str(key.key_id), names.get(key.account_id, str(key.account_id)), f"{key.prefix}...", key.label or "-"),
            *(moment(key.created_ms), moment(key.last_used_ms), moment(key.revoked_ms)),
        )
        for key in found
    )
    print(columns(("ID", "ACCOUNT", "KEY", "LABEL", "CREATED", "LAST USED", "REVOKED"), rows))


@keys.command("revoke")
def keys_revoke(
    key_id: Annotated[int, typer.Argument(help="ID of the key, as `reelyard keys list` shows it.")],
    data: DataOption = None,
) -> None:
    """End a key; gateways notice within seconds."""
    with _database(data) as database:
        revoked = revoke_key(database, 0, key_id)
    print(f"key {revoked.key_id} ({revoked.prefix}...) is revoked since {moment(revoked.revoked_ms)} UTC")


@accounts.command("create")
def accounts_create(
    name: Annotated[str, typer.Argument(help="A name that no other account has.")], data: DataOption = None
) -> None:
    """Make an account; give it a key with `reelyard keys create --account NAME`."""
    with _database(data) as database:
        created = create_account(database, name)
    print(f"account {created.account_id}: {created.name}")


@accounts.command("list")
def accounts_list(data: DataOption = None) -> None:
    """List all accounts."""
    with _database(data) as database:
        found = list_accounts(database)
    rows = ((str(a.account_id), a.name, "disabled" if a.disabled else "active", moment(a.created_ms)) for a in found)
    print(columns(("ID", "NAME", "STATE", "CREATED"), rows))


@accounts.command("sign")
def accounts_sign(
    name: Annotated[str, typer.Argument(help="The account.")] = FIRST_ACCOUNT,
    off: Annotated[bool, typer.Option("--off", help="Sign no more.")] = False,
    data: DataOption = None,
) -> None:
    """Sign the account's notifications with a new secret; it is printed on standard output this once."""
    with _database(data) as database:
        if off:
            drop_webhook_secret(database, name)
            print(f"notifications of the account {name!r} are not signed any more")
            return
        secret = renew_webhook_secret(database, name)
    print(f"notifications of the account {name!r} are signed with this secret from now on:", file=sys.stderr)
    print(secret)


@accounts.command("disable")
def accounts_disable(name: Annotated[str, typer.Argument(help="The account.")], data: DataOption = None) -> None:
    """Refuse every call of an account; gateways notice within seconds, its running jobs go on."""
    with _database(data) as database:
        set_disabled(database, name, disabled=True)
    print(f"account {name!r} is disabled")


@accounts.command("enable")
def accounts_enable(name: Annotated[str, typer.Argument(help="The account.")], data: DataOption = None) -> None:
    """Answer the calls of a disabled account again."""
    with _database(data) as database:
        set_disabled(database, name, disabled=False)
    print(f"account {name!r} is active")


def _account(database: Database, name: str) -> AccountView:
    """The account; the first one of an installation is made when it is first needed."""
    try:
        return find_account(database, name)
    except AccountNotFoundError:
        if name != FIRST_ACCOUNT:
            raise
        return create_account(database, name)


@contextlib.contextmanager
def _database(data: Path | None) -> Iterator[Database]:
    settings = read_settings(AdministrationSettings, os.environ)
    url, secret = settings.database_url, settings.secret_key
    if data is not None or not url:
        folder = choose_data_folder(data, settings, os.environ)
        if not folder.has_database():
            raise DataFolderError(
                f"no Reelyard was started in {folder.path} yet. Start it with `reelyard standalone`, say where its "
                "data are with --data, or set REELYARD_DATABASE_URL for a cluster."
            )
        url = folder.database_url
        secret = secret or folder.secret_keys()
    database = Database(database_url(url), Sealer(secret) if secret else None)
    try:
        migrate(database)
        yield database
    finally:
        database.close()
