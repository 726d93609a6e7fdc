"""What a node says, as messages."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from reelyard.cluster.broker import declare_queues, open_broker
from reelyard.cluster.task_wire import result_to_message, task_from_message
from reelyard.cluster.work import IngestWork, Queue, TaskSpec
from reelyard.media.errors import ErrorCode, SpecError, StaleTokenError
from reelyard.rpc.v1 import node_pb2 as pb
from scheduler.dispatcher import Dispatcher
from scheduler.entrypoints.node_service import NodeServicer
from tests.contract.lifecycle_rig import POLICY, SOURCE_URL, Rig, made_up_result

NODE = "11111111-2222-3333-4444-555555555555"
CONTEXT: Any = None  # no call uses it


class Node:
    """A node that speaks to the servicer directly."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        broker = open_broker("memory:")
        declare_queues(broker)
        self.dispatcher = Dispatcher(rig.db, broker)
        self.service = NodeServicer(rig.db, self.dispatcher, POLICY)
        slots = [pb.QueueSlots(queue=queue, slots=2) for queue in ("ingest", "encode.cpu")]
        self.registered = self.service.Register(
            pb.RegisterRequest(node_id=NODE, name="alpha", version="1", encoders=["libx264"], queues=slots), CONTEXT
        )

    def claim(self, queue: Queue, token: str) -> pb.ClaimResponse:
        self.rig.end_waits()
        self.dispatcher.dispatch()
        hint = self.rig.queued(queue)[0]
        request = pb.ClaimRequest(node_id=NODE, task_id=hint.task_id, attempt=hint.attempt, token=token)
        return self.service.Claim(request, CONTEXT)

    def finish(self, task: TaskSpec, token: str) -> None:
        result = result_to_message(made_up_result(task))
        self.service.Finish(pb.FinishRequest(node_id=NODE, task_id=task.task_id, token=token, result=result), CONTEXT)


@pytest.fixture
def node(rig: Rig) -> Node:
    return Node(rig)


def test_a_node_is_told_how_often_to_beat(node: Node) -> None:
    assert node.registered == pb.RegisterResponse(heartbeat_ms=2_000, lease_ms=20_000)


def test_a_node_that_makes_no_sense_is_refused(node: Node) -> None:
    slots = [pb.QueueSlots(queue="dance", slots=1)]
    with pytest.raises(SpecError, match=r"dance.*encode\.cpu"):
        node.service.Register(pb.RegisterRequest(node_id="x", name="x", queues=slots), CONTEXT)
    with pytest.raises(SpecError, match="name"):
        node.service.Register(pb.RegisterRequest(node_id="x"), CONTEXT)


def test_a_task_travels_whole_to_the_node_and_back(node: Node) -> None:
    created = node.rig.create()

    ingest = task_from_message(node.claim(Queue.INGEST, "one").task)
    assert ingest.work == IngestWork(input_media_id=created.input_media_id, source_url=SOURCE_URL)
    progress = [pb.TaskProgress(task_id=ingest.task_id, token="one", permille=500)]
    beat = node.service.Heartbeat(pb.HeartbeatRequest(node_id=NODE, tasks=progress), CONTEXT)
    assert beat == pb.HeartbeatResponse(known=True)
    node.finish(ingest, "one")

    encode = task_from_message(node.claim(Queue.ENCODE_CPU, "two").task)
    node.finish(encode, "two")
    assert node.rig.job(created.jobs[0].job_id).state == "storing"
    with pytest.raises(StaleTokenError):
        node.finish(encode, "two")


def test_a_code_of_a_newer_node_counts_as_our_fault(node: Node) -> None:
    node.rig.create()
    task = node.claim(Queue.INGEST, "one").task

    node.service.Fail(
        pb.FailRequest(node_id=NODE, task_id=task.task_id, token="one", code="of_tomorrow", message="?"), CONTEXT
    )

    assert node.rig.task(task.task_id).state == "waiting"
    again = node.claim(Queue.INGEST, "two").task
    node.service.Fail(
        pb.FailRequest(node_id=NODE, task_id=again.task_id, token="two", code="of_tomorrow", message="?"), CONTEXT
    )
    (job,) = [node.rig.job(row.job_id) for row in node.rig.tasks(kind="clean") if row.job_id]
    assert (job.state, job.error_code) == ("failed", ErrorCode.INTERNAL_ERROR)


def test_a_refused_claim_says_why(node: Node) -> None:
    response = node.service.Claim(pb.ClaimRequest(node_id=NODE, task_id=4_711, attempt=1, token="t"), CONTEXT)

    assert response == pb.ClaimResponse(granted=False, refusal="gone")


def test_a_result_that_cannot_be_read_is_refused(node: Node) -> None:
    node.rig.create()
    task = node.claim(Queue.INGEST, "one").task

    with pytest.raises(SpecError, match="result"):
        node.service.Finish(pb.FinishRequest(node_id=NODE, task_id=task.task_id, token="one"), CONTEXT)


def test_a_node_may_hand_back_and_leave(node: Node) -> None:
    node.rig.create()
    task = node.claim(Queue.INGEST, "one").task

    node.service.Release(pb.ReleaseRequest(node_id=NODE, task_id=task.task_id, token="one"), CONTEXT)
    node.service.Leave(pb.LeaveRequest(node_id=NODE), CONTEXT)

    assert node.rig.task(task.task_id).attempt == 2
    beat = node.service.Heartbeat(pb.HeartbeatRequest(node_id=NODE), CONTEXT)
    assert not beat.known


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        (pb.Drain(outcome="finished", duration_ms=1500), ("finished", 1.5)),
        (pb.Drain(outcome="handed_back", duration_ms=-1), ("handed_back", 0)),
        (pb.Drain(outcome="of a version to come", duration_ms=5), None),
        (None, None),
    ],
)
def test_a_node_may_say_how_it_drained(node: Node, told: pb.Drain | None, understood: tuple[str, float] | None) -> None:
    with capture_logs() as logs:
        node.service.Leave(pb.LeaveRequest(node_id=NODE, drain=told), CONTEXT)

    (left,) = (line for line in logs if line["event"] == "node_left")
    assert ((left["drain"], left["drain_s"]) if "drain" in left else None) == understood
