"""Calls about output formats, which OutputFormatID may name, below /format."""

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.bodies import FormatAnswer, FormatListAnswer
from gateway.gomi.calls import PREFIX, BodilessCall, answers
from gateway.gomi.present import format_body
from gateway.object_id import read_object_id

router = APIRouter(prefix=f"{PREFIX}/format")


@router.get("", dependencies=[answers(FormatListAnswer)])
async def list_formats(call: BodilessCall) -> Response:
    """Every output format with its parameters."""
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


@router.get("/{format_id}", dependencies=[answers(FormatAnswer)])
async def get_format(call: BodilessCall, format_id: str) -> Response:
    """One output format with its parameters."""
    known = await call.client.get_format(call.account_id, read_object_id("output format ID", format_id))
    return call.answer(FormatAnswer(format=format_body(known)))
