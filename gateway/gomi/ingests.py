"""Calls about ingests, below /ingest."""

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.bodies import IngestAnswer, IngestListAnswer
from gateway.gomi.calls import PREFIX, BodilessCall, BodyCall, OptionalBodyCall, answers, refuse_reading
from gateway.gomi.create_ingest import CreateIngestAnswer, created_answer, read_create_ingest
from gateway.gomi.present import ingest_detail, ingest_item
from gateway.object_id import read_object_id
from gateway.request_scope import note_ingest

router = APIRouter(prefix=f"{PREFIX}/ingest")


@router.post("/create", dependencies=[answers(CreateIngestAnswer)])
async def create_ingest(call: BodyCall) -> Response:
    """Create Ingest Job: the source is fetched and kept, nothing is encoded."""
    wanted = read_create_ingest(
        call.members, account_id=call.account_id, identity=call.identity, base_url=call.base_url
    )
    created = await call.client.create_ingest(wanted)
    note_ingest(created.ingest_id)
    return call.answer(created_answer(created))


router.get("/create")(refuse_reading)


@router.get("/active", dependencies=[answers(IngestListAnswer)])
async def list_active_ingests(call: BodilessCall) -> Response:
    """Get Active Ingests."""
    page = call.page
    found = await call.client.list_active_ingests(call.account_id, page.size, page.number)
    return call.answer(
        IngestListAnswer(
            total_item_count=found.total,
            page_size=page.size,
            page_number=page.number,
            ingests=tuple(ingest_item(each, now_ms=call.now_ms) for each in found.ingests),
        )
    )


@router.get("/{ingest_id}", dependencies=[answers(IngestAnswer)])
async def get_ingest(call: BodilessCall, ingest_id: str) -> Response:
    """Get Ingest status."""
    view = await call.client.get_ingest(call.account_id, _known_ingest(ingest_id))
    return call.answer(IngestAnswer(ingest=ingest_detail(view, now_ms=call.now_ms)))


@router.post("/{ingest_id}/cancel", dependencies=[answers(IngestAnswer)])
async def cancel_ingest(call: OptionalBodyCall, ingest_id: str) -> Response:
    """End an ingest that has not ended, and all jobs that wait for it, and show it as it is then."""
    view = await call.client.cancel_ingest(call.account_id, _known_ingest(ingest_id))
    return call.answer(IngestAnswer(ingest=ingest_detail(view, now_ms=call.now_ms)))


def _known_ingest(text: str) -> int:
    """The ingest ID of a path; the log of the request has it from here on."""
    ingest_id = read_object_id("ingest ID", text)
    note_ingest(ingest_id)
    return ingest_id
