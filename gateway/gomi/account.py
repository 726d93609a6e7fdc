# ruff: noqa: RUF009  # member() describes a field, it makes no value that would be shared
"""Calls about the account itself, at /account, and their body."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.bodies import REASON
from gateway.gomi.calls import PREFIX, BodilessCall, BodyCall, answers
from gateway.gomi.description import Instant, XmlShape, member
from gateway.gomi.members import ACCOUNT_MEMBERS
from gateway.gomi.raw_values import Number, RawValue
from gateway.gomi.values import read_text
from reelyard.cluster.views import AccountView, UpdateAccount
from reelyard.media.errors import SpecError

router = APIRouter(prefix=f"{PREFIX}/account")


@dataclass(frozen=True, kw_only=True)
class AccountBody:
    """An account as its owner may see it: URLs without credentials, the webhook secret not at all."""

    xml: ClassVar[XmlShape] = XmlShape("Account")

    account_id: int = member("AccountID")
    name: str = member("Name")
    created: Instant = member("DateCreatedUTC")
    default_ping_url: str = member("DefaultPingUrl")
    default_notification_email: str = member("DefaultNotificationEmailAddress")
    default_delivery_location: str = member("DefaultDeliveryLocation")
    webhook_secret_set: bool = member("WebhookSecretSet")
    rate_limit: int = member("RateLimit")
    key_count: int = member("KeyCount")
    self_path: str = member("Self", default="account")


@dataclass(frozen=True, kw_only=True)
class AccountAnswer:
    """Of GET and PUT /account."""

    xml: ClassVar[XmlShape] = XmlShape("GetAccountResponse", REASON)

    account: AccountBody = member("account")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@router.get("", dependencies=[answers(AccountAnswer)])
async def get_account(call: BodilessCall) -> Response:
    """The account with its settings."""
    return call.answer(AccountAnswer(account=_body(await call.client.get_account(call.account_id))))


@router.put("", dependencies=[answers(AccountAnswer)])
async def update_account(call: BodyCall) -> Response:
    """Change the settings that are given; an empty text clears one, absent and null leave it as it is."""
    wanted = {field: _setting(name, call.members.get(name)) for name, field in ACCOUNT_MEMBERS.items()}
    await _refuse_other_facts(call)
    changed = await call.client.update_account(UpdateAccount(account_id=call.account_id, **wanted))
    return call.answer(AccountAnswer(account=_body(changed)))


def _setting(name: str, raw: RawValue) -> str | None:
    """The text of a setting; unlike in other requests an empty one is not unset."""
    return "" if raw == "" else read_text(name, raw)


async def _refuse_other_facts(call: BodyCall) -> None:
    """Refuse what would change what only an operator may; a client may give back what it read.

    Raises:
        SpecError: naming the member.
    """
    given = {name: raw for name in ("AccountID", "Name", "RateLimit") if (raw := call.members.get(name)) is not None}
    if not given:
        return
    known = await call.client.get_account(call.account_id)
    facts = {"AccountID": str(known.account_id), "Name": known.name, "RateLimit": str(known.rate_limit)}
    for name, raw in given.items():
        if (raw.text if isinstance(raw, Number) else raw) != facts[name]:
            raise SpecError(name, f"{name} is {facts[name]} and can't be changed by this call; leave it out")


def _body(view: AccountView) -> AccountBody:
    return AccountBody(
        account_id=view.account_id,
        name=view.name,
        created=Instant(view.created_ms),
        default_ping_url=view.default_ping_url,
        default_notification_email=view.default_notification_email,
        default_delivery_location=view.default_delivery_location,
        webhook_secret_set=view.webhook_secret_set,
        rate_limit=view.rate_limit,
        key_count=view.key_count,
    )
