"""Calls about input and output media, below /media."""

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.bodies import InputAnswer, InputListAnswer, OutputAnswer, OutputListAnswer
from gateway.gomi.calls import PREFIX, BodilessCall, answers
from gateway.gomi.present import input_asset, output_asset
from gateway.object_id import read_object_id

router = APIRouter(prefix=f"{PREFIX}/media")

_INPUT = "input"
_OUTPUT = "output"


@router.get("/input", dependencies=[answers(InputListAnswer)])
async def list_input_media(call: BodilessCall) -> Response:
    """Get All Input Media."""
    page = call.page
    found = await call.client.list_media(call.account_id, _INPUT, page.size, page.number)
    return call.answer(
        InputListAnswer(
            input_assets=tuple(input_asset(each, base_url=call.base_url) for each in found.media),
            page_number=page.number,
            page_size=page.size,
            total_asset_count=found.total,
        )
    )


@router.get("/input/{media_id}", dependencies=[answers(InputAnswer)])
async def get_input_media(call: BodilessCall, media_id: str) -> Response:
    """Get Input Item."""
    number = read_object_id("input media ID", media_id)
    view = await call.client.get_media(call.account_id, _INPUT, number)
    return call.answer(InputAnswer(asset=input_asset(view, base_url=call.base_url)))


@router.get("/output", dependencies=[answers(OutputListAnswer)])
async def list_output_media(call: BodilessCall) -> Response:
    """Get All Output Media."""
    page = call.page
    found = await call.client.list_media(call.account_id, _OUTPUT, page.size, page.number)
    return call.answer(
        OutputListAnswer(
            total_asset_count=found.total,
            page_size=page.size,
            page_number=page.number,
            output_assets=tuple(output_asset(each, base_url=call.base_url) for each in found.media),
        )
    )


@router.get("/output/{media_id}", dependencies=[answers(OutputAnswer)])
async def get_output_media(call: BodilessCall, media_id: str) -> Response:
    """Get Output Item."""
    number = read_object_id("output media ID", media_id)
    view = await call.client.get_media(call.account_id, _OUTPUT, number)
    return call.answer(OutputAnswer(asset=output_asset(view, base_url=call.base_url)))


@router.delete("/input/{media_id}", dependencies=[answers(InputAnswer)])
async def delete_input_media(call: BodilessCall, media_id: str) -> Response:
    """Delete an input's stored bytes; its record stays and is shown."""
    number = read_object_id("input media ID", media_id)
    view = await call.client.delete_media(call.account_id, _INPUT, number)
    return call.answer(InputAnswer(asset=input_asset(view, base_url=call.base_url)))


@router.delete("/output/{media_id}", dependencies=[answers(OutputAnswer)])
async def delete_output_media(call: BodilessCall, media_id: str) -> Response:
    """Delete an output's stored bytes; its record stays and is shown."""
    number = read_object_id("output media ID", media_id)
    view = await call.client.delete_media(call.account_id, _OUTPUT, number)
    return call.answer(OutputAnswer(asset=output_asset(view, base_url=call.base_url)))
