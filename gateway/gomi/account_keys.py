# ruff: noqa: RUF009  # member() describes a field, it makes no value that would be shared
"""Calls about the account's own API keys, below /account/keys, and their bodies."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.bodies import REASON
from gateway.gomi.calls import PREFIX, BodilessCall, OptionalBodyCall, answers
from gateway.gomi.description import Instant, XmlShape, member
from gateway.gomi.members import LABEL, ROLE
from gateway.gomi.values import read_text
from gateway.object_id import read_object_id
from reelyard.cluster.views import FULL, CreateKey, KeyView

router = APIRouter(prefix=f"{PREFIX}/account/keys")


@dataclass(frozen=True, kw_only=True)
class KeyItem:
    """One key without its secret; `prefix` are its first characters, to tell it from others."""

    xml: ClassVar[XmlShape] = XmlShape("ApiKeyItem")

    key_id: int = member("KeyID")
    label: str = member("Label")
    prefix: str = member("Prefix")
    role: str = member("Role")
    created: Instant = member("DateCreatedUTC")
    last_used: Instant | None = member("DateLastUsedUTC", json_null=True)
    revoked: Instant | None = member("DateRevokedUTC", json_null=True)
    self_path: str = member("Self")


@dataclass(frozen=True, kw_only=True)
class KeyListAnswer:
    """Of GET /account/keys."""

    xml: ClassVar[XmlShape] = XmlShape("GetKeyListResponse", REASON)

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    keys: tuple[KeyItem, ...] = member("keys")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class CreateKeyAnswer:
    """Of POST /account/keys: the only answer that ever holds the secret."""

    xml: ClassVar[XmlShape] = XmlShape("CreateKeyResponse", REASON)

    key: KeyItem = member("key")
    secret: str = member("Secret")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class KeyAnswer:
    """Of DELETE /account/keys/{id}."""

    xml: ClassVar[XmlShape] = XmlShape("RevokeKeyResponse", REASON)

    key: KeyItem = member("key")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@router.get("", dependencies=[answers(KeyListAnswer)])
async def list_keys(call: BodilessCall) -> Response:
    """Every key of the account, revoked ones too, the newest first."""
    page = call.page
    newest_first = (await call.client.list_keys(call.account_id)).keys[::-1]
    shown = newest_first[(page.number - 1) * page.size :][: page.size]
    return call.answer(
        KeyListAnswer(
            total_item_count=len(newest_first),
            page_size=page.size,
            page_number=page.number,
            keys=tuple(_item(each) for each in shown),
        )
    )


@router.post("", dependencies=[answers(CreateKeyAnswer)])
async def create_key(call: OptionalBodyCall) -> Response:
    """Create a key; its secret is shown in this answer and never again, also not to the same Idempotency-Key."""
    label = read_text(LABEL, call.members.get(LABEL)) or ""
    role = read_text(ROLE, call.members.get(ROLE)) or FULL
    identity = call.identity
    created = await call.client.create_key(
        CreateKey(
            account_id=call.account_id,
            label=label,
            role=role,
            request_id=identity.request_id if identity.body_sha256 else "",  # else there is nothing to know again
            body_sha256=identity.body_sha256,
        )
    )
    return call.answer(CreateKeyAnswer(key=_item(created.key), secret=created.secret))


@router.delete("/{key_id}", dependencies=[answers(KeyAnswer)])
async def revoke_key(call: BodilessCall, key_id: str) -> Response:
    """Revoke a key for good, unless it is the account's last usable one."""
    revoked = await call.client.revoke_key(call.account_id, read_object_id("key ID", key_id), keep_last=True)
    return call.answer(KeyAnswer(key=_item(revoked)))


def _item(view: KeyView) -> KeyItem:
    return KeyItem(
        key_id=view.key_id,
        label=view.label,
        prefix=view.prefix,
        role=view.role or FULL,
        created=Instant(view.created_ms),
        last_used=_instant(view.last_used_ms),
        revoked=_instant(view.revoked_ms),
        self_path=f"account/keys/{view.key_id}",
    )


def _instant(ms: int) -> Instant | None:
    return Instant(ms) if ms else None
