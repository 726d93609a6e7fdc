"""`reelyard keys` and `reelyard accounts`: straight on the scheduler's database.

So the first key of an installation can be made before anything runs, and a key can be revoked while the gateway is
down. It is the scheduler's own code that does it: nobody else knows the schema.
"""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from reelyard.cli.columns import columns, moment
from reelyard.cli.database import DataOption, open_database
from reelyard.cluster.views import FULL, AccountView
from reelyard.media.errors import SpecError
from scheduler.errors import AccountNotFoundError
from scheduler.store.database import Database
from scheduler.store.sealed import new_secret_key
from scheduler.usecases.account_settings import get_account
from scheduler.usecases.accounts import (
    MAX_RATE_LIMIT,
    create_account,
    drop_webhook_secret,
    find_account,
    list_accounts,
    renew_webhook_secret,
    set_disabled,
    set_rate_limit,
)
from scheduler.usecases.keys import FIRST_ACCOUNT, create_key, list_keys, revoke_key
from scheduler.usecases.renew_seals import drop_lost, lost_keys

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
accounts = typer.Typer(
    help="Make, list, show, disable, enable and limit accounts; sign their notifications.", no_args_is_help=True
)

#: Stands for the limit of the installation, which only its schedulers know.
_DEFAULT_LIMIT = -1
_DEFAULT = "default"
_NO_LIMIT = "none"


@keys.command("create")
def keys_create(
    account: Annotated[str, typer.Option(help="Name of the account it is for.")] = FIRST_ACCOUNT,
    label: Annotated[str, typer.Option(help="What it is for, to tell keys apart.")] = "",
    role: Annotated[str, typer.Option(help="full, or read-only: may read everything and change nothing.")] = FULL,
    data: DataOption = None,
) -> None:
    """Make a key; it is printed on standard output this once and stored nowhere."""
    with open_database(data) as database:
        created = create_key(database, _account(database, account).account_id, label, role)
    print(f"key {created.key.key_id} of the account {account!r}; it is not shown again:", file=sys.stderr)
    print(created.secret)


@keys.command("new-secret")
def keys_new_secret() -> None:
    """Make a key for REELYARD_SECRET_KEY, which encrypts stored credentials; it is printed and stored nowhere."""
    print(new_secret_key())


@keys.command("drop-lost")
def keys_drop_lost(
    key_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="First digits of the hash of each lost key.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Empty the stored credentials that lost keys of REELYARD_SECRET_KEY encrypted, so that the scheduler starts again.

    Without a key it says which keys are missing, and changes nothing.
    """
    with open_database(data) as database:
        if not key_ids:
            _tell_lost_keys(lost_keys(database))
            return
        if not yes:
            typer.confirm(f"Forget every stored credential of {', '.join(key_ids)}, for good?", abort=True)
        dropped = drop_lost(database, key_ids)
    print(f"{dropped} rows held credentials that could not be opened; these are forgotten")


def _tell_lost_keys(found: Mapping[str, int]) -> None:
    """Print what is missing, and what to do about it; ends the command with status 1 when anything is."""
    if not found:
        print("no key is missing: REELYARD_SECRET_KEY opens every stored credential")
        return
    print(columns(("MISSING KEY", "CREDENTIALS"), ((key_id, str(texts)) for key_id, texts in sorted(found.items()))))
    print(
        "REELYARD_SECRET_KEY does not hold these keys. If it is set wrong, or they are kept elsewhere, put them back: "
        "nothing is lost then. To forget for good what a key encrypted, name it: reelyard keys drop-lost KEY",
        file=sys.stderr,
    )
    raise typer.Exit(1)


@keys.command("list")
def keys_list(data: DataOption = None) -> None:
    """List all keys by their first characters."""
    with open_database(data) as database:
        names = {account.account_id: account.name for account in list_accounts(database)}
        found = list_keys(database).keys
    rows = (
        (
            *(
                str(key.key_id),
                names.get(key.account_id, str(key.account_id)),
                f"{key.prefix}...",
                key.role,
                key.label or "-",
            ),
            *(moment(key.created_ms), moment(key.last_used_ms), moment(key.revoked_ms)),
        )
        for key in found
    )
    print(columns(("ID", "ACCOUNT", "KEY", "ROLE", "LABEL", "CREATED", "LAST USED", "REVOKED"), rows))


@keys.command("revoke")
def keys_revoke(
    key_id: Annotated[int, typer.Argument(help="ID of the key, as `reelyard keys list` shows it.")],
    data: DataOption = None,
) -> None:
    """End a key; gateways notice within seconds."""
    with open_database(data) as database:
        revoked = revoke_key(database, 0, key_id)
    print(f"key {revoked.key_id} ({revoked.prefix}...) is revoked since {moment(revoked.revoked_ms)} UTC")


@accounts.command("create")
def accounts_create(
    name: Annotated[str, typer.Argument(help="A name that no other account has.")], data: DataOption = None
) -> None:
    """Make an account; give it a key with `reelyard keys create --account NAME`."""
    with open_database(data) as database:
        created = create_account(database, name)
    print(f"account {created.account_id}: {created.name}")


@accounts.command("list")
def accounts_list(data: DataOption = None) -> None:
    """List all accounts."""
    with open_database(data) as database:
        found = list_accounts(database, rate_limit=_DEFAULT_LIMIT)
    rows = (
        (str(a.account_id), a.name, _state(a), _limit_text(a.rate_limit), str(a.key_count), moment(a.created_ms))
        for a in found
    )
    print(columns(("ID", "NAME", "STATE", "LIMIT", "KEYS", "CREATED"), rows))


@accounts.command("show")
def accounts_show(
    name: Annotated[str, typer.Argument(help="The account.")] = FIRST_ACCOUNT, data: DataOption = None
) -> None:
    """Show one account with its settings; passwords and queries of URLs are left out."""
    with open_database(data) as database:
        account_id = find_account(database, name).account_id
        found = get_account(database, account_id, rate_limit=_DEFAULT_LIMIT)
    facts = {
        "id": str(found.account_id),
        "name": found.name,
        "state": _state(found),
        "created": f"{moment(found.created_ms)} UTC",
        "usable keys": str(found.key_count),
        "requests an hour": _limit_text(found.rate_limit),
        "notifications signed": "yes" if found.webhook_secret_set else "no",
        "default ping URL": found.default_ping_url or "-",
        "default mail address": found.default_notification_email or "-",
        "default delivery": found.default_delivery_location or "-",
    }
    print(columns(("SETTING", "VALUE"), facts.items()))


@accounts.command("limit")
def accounts_limit(
    name: Annotated[str, typer.Argument(help="The account.")],
    requests: Annotated[
        str, typer.Argument(help="Requests an hour; 0 for none; 'default' for the installation's REELYARD_RATE_LIMIT.")
    ],
    data: DataOption = None,
) -> None:
    """Give an account a rate limit of its own; it holds at once, or seconds later where there was none."""
    limit = None if requests == _DEFAULT else _read_limit(requests)
    with open_database(data) as database:
        set_rate_limit(database, name, limit)
    if limit is None:
        print(f"account {name!r} has the limit of the installation")
    else:
        print(f"account {name!r} may make {limit} requests an hour" if limit else f"account {name!r} has no limit")


@accounts.command("sign")
def accounts_sign(
    name: Annotated[str, typer.Argument(help="The account.")] = FIRST_ACCOUNT,
    off: Annotated[bool, typer.Option("--off", help="Sign no more.")] = False,
    data: DataOption = None,
) -> None:
    """Sign the account's notifications with a new secret; it is printed on standard output this once."""
    with open_database(data) as database:
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
    with open_database(data) as database:
        set_disabled(database, name, disabled=True)
    print(f"account {name!r} is disabled")


@accounts.command("enable")
def accounts_enable(name: Annotated[str, typer.Argument(help="The account.")], data: DataOption = None) -> None:
    """Answer the calls of a disabled account again."""
    with open_database(data) as database:
        set_disabled(database, name, disabled=False)
    print(f"account {name!r} is active")


def _read_limit(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(MAX_RATE_LIMIT)):
        raise SpecError("limit", f"the limit is {text!r}; a whole number from 0 is valid, and {_DEFAULT!r}")
    return int(text)


def _limit_text(limit: int) -> str:
    return {_DEFAULT_LIMIT: _DEFAULT, 0: _NO_LIMIT}.get(limit, str(limit))


def _state(account: AccountView) -> str:
    return "disabled" if account.disabled else "active"


def _account(database: Database, name: str) -> AccountView:
    """The account; the first one of an installation is made when it is first needed."""
    try:
        return find_account(database, name)
    except AccountNotFoundError:
        if name != FIRST_ACCOUNT:
            raise
        return create_account(database, name)
