"""A format of an account's own, with credentials, and what a job makes."""

import uuid
from dataclasses import replace
from typing import Any

from reelyard.cluster.views import CreateFormat
from reelyard.cluster.wire import from_dict
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from scheduler.store.sealed import unseal
from scheduler.store.sealed_columns import SECRET_MEMBERS
from scheduler.usecases.formats import create_format
from tests.contract.lifecycle_rig import Rig

PING = "https://user:secret@hooks.example/done?token=abc"
SHOWN_PING = "https://hooks.example/done?[redacted]"
SMALL = OutputRequest(container="mp4", video_codec="h264", height=120, ping_url=PING)


def own_format(rig: Rig, parameters: OutputRequest = SMALL, **members: Any) -> OutputFormat:
    given = {"account_id": rig.account_id, "request_id": str(uuid.uuid4()), "name": "Small"} | members
    return create_format(rig.db, CreateFormat(parameters=parameters, **given))


def spec_of(rig: Rig, job_id: int) -> OutputSpec:
    """What a job makes, with the credentials that its row keeps encrypted."""
    spec = from_dict(OutputSpec, rig.job(job_id).spec)
    with rig.db.read() as conn:
        opened = {name: unseal(conn, getattr(spec, name)) for name in SECRET_MEMBERS}
    return replace(spec, **opened)
