"""Calls about output formats, which OutputFormatID may name, below /format."""

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.calls import PREFIX, BodilessCall, BodyCall, answers
from gateway.gomi.format_bodies import CreateFormatAnswer, FormatAnswer, FormatListAnswer, format_body, read_format
from gateway.object_id import read_object_id
from reelyard.cluster.views import CreateFormat, UpdateFormat

router = APIRouter(prefix=f"{PREFIX}/format")

_ID = "output format ID"


@router.get("", dependencies=[answers(FormatListAnswer)])
async def list_formats(call: BodilessCall) -> Response:
    """Every output format with its parameters: the built-in ones, then the account's own."""
    page = call.page
    found = await call.client.list_formats(call.account_id, page.size, page.number)
    return call.answer(
        FormatListAnswer(
            total_item_count=found.total,
            page_size=page.size,
            page_number=page.number,
            formats=tuple(format_body(each) for each in found.formats),
        )
    )


@router.post("", dependencies=[answers(CreateFormatAnswer)])
async def create_format(call: BodyCall) -> Response:
    """A new format of the account's own."""
    wanted, identity = read_format(call.members), call.identity
    created = await call.client.create_format(
        CreateFormat(
            account_id=call.account_id,
            request_id=identity.request_id,
            body_sha256=identity.body_sha256,
            name=wanted.name,
            description=wanted.description,
            parameters=wanted.parameters,
        )
    )
    return call.answer(CreateFormatAnswer(format=format_body(created)))


@router.get("/{format_id}", dependencies=[answers(FormatAnswer)])
async def get_format(call: BodilessCall, format_id: str) -> Response:
    """One output format with its parameters."""
    known = await call.client.get_format(call.account_id, read_object_id(_ID, format_id))
    return call.answer(FormatAnswer(format=format_body(known)))


@router.put("/{format_id}", dependencies=[answers(FormatAnswer)])
async def update_format(call: BodyCall, format_id: str) -> Response:
    """Replace a format of the account's own, whole."""
    own_id = read_object_id(_ID, format_id)
    wanted = read_format(call.members, format_id=own_id)
    changed = await call.client.update_format(
        UpdateFormat(
            account_id=call.account_id,
            format_id=own_id,
            name=wanted.name,
            description=wanted.description,
            parameters=wanted.parameters,
        )
    )
    return call.answer(FormatAnswer(format=format_body(changed)))


@router.delete("/{format_id}", dependencies=[answers(FormatAnswer)])
async def delete_format(call: BodilessCall, format_id: str) -> Response:
    """Remove a format of the account's own; jobs that were made with it stay as they are."""
    removed = await call.client.delete_format(call.account_id, read_object_id(_ID, format_id))
    return call.answer(FormatAnswer(format=format_body(removed)))
