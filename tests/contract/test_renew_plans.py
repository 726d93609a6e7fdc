"""Jobs that a version before joins has planned: they go on, by plans of this version."""

from typing import Any

from sqlalchemy import update

from reelyard.cluster.work import EncodeWork, Queue, TaskKind
from reelyard.media.errors import ErrorCode
from scheduler.store.tables import jobs, tasks
from scheduler.usecases.renew_plans import renew_plans
from scheduler.usecases.retry_job import retry_job
from tests.contract.lifecycle_rig import POLICY, SOURCE_URL, WEBM, Rig

STAGES = (Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)


def as_of_old(rig: Rig, job_id: int) -> None:
    """Write a job's plan and its encode task as the version before joins did."""
    plan = dict(rig.job(job_id).plan)
    (share,) = plan.pop("inputs")
    old_plan = plan | {"source_video_index": share["video_index"], "source_audio_index": share["audio_index"]}
    old_plan |= {"origin_us": share["origin_us"]}
    for added in ("tags", "adjustments"):
        old_plan.pop(added)
    task = encode_task(rig, job_id)
    source: dict[str, Any] = task.work["sources"][0]
    work = {"source": source["object"], "source_info": source["info"], "plan": old_plan}
    rig.change(update(jobs).where(jobs.c.id == job_id).values(plan=old_plan))
    rig.change(update(tasks).where(tasks.c.id == task.id).values(work=work))


def encode_task(rig: Rig, job_id: int) -> Any:
    (found,) = (task for task in rig.tasks() if task.job_id == job_id and task.kind == TaskKind.ENCODE)
    return found


def test_a_job_that_an_older_version_planned_is_encoded_after_the_upgrade(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create().jobs[0].job_id
    rig.do(node, Queue.INGEST)
    planned, work = rig.job(job_id).plan, encode_task(rig, job_id).work
    as_of_old(rig, job_id)
    assert encode_task(rig, job_id).work != work

    assert renew_plans(rig.db, POLICY) == 1
    assert renew_plans(rig.db, POLICY) == 0

    assert (rig.job(job_id).plan, encode_task(rig, job_id).work) == (planned, work)
    encode = rig.do(node, Queue.ENCODE_CPU)
    assert isinstance(encode.work, EncodeWork)
    assert len(encode.work.sources) == len(encode.work.plan.inputs) == 1
    rig.through(node, *STAGES[1:])
    assert rig.job(job_id).state == "completed"


def test_jobs_that_ended_or_are_further_keep_the_plan_that_they_had(rig: Rig) -> None:
    node = rig.node("alpha")
    storing = rig.create().jobs[0].job_id
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU)
    failed = rig.create().jobs[0].job_id
    rig.do(node, Queue.INGEST)
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.INCOMPATIBLE_FORMAT)
    for job_id in (storing, failed):
        as_of_old(rig, job_id)
    before = [rig.job(job_id).plan for job_id in (storing, failed)]

    assert renew_plans(rig.db, POLICY) == 0

    assert [rig.job(job_id).plan for job_id in (storing, failed)] == before
    rig.through(node, *STAGES[1:])
    assert rig.job(storing).state == "completed"


def test_one_that_cannot_be_planned_any_more_fails_and_the_others_go_on(rig: Rig) -> None:
    node = rig.node("alpha")
    created = rig.create(WEBM, WEBM, source_url=SOURCE_URL)
    rig.do(node, Queue.INGEST)
    bad, good = (job.job_id for job in created.jobs)
    for job_id in (bad, good):
        as_of_old(rig, job_id)
    spec = rig.job(bad).spec | {"video_codec": "copy"}  # h264, which webm can't hold
    rig.change(update(jobs).where(jobs.c.id == bad).values(spec=spec))

    assert renew_plans(rig.db, POLICY) == 1

    assert (rig.job(bad).state, rig.job(bad).error_code) == ("failed", ErrorCode.INCOMPATIBLE_FORMAT)
    assert rig.job(good).plan["inputs"]


def test_a_job_that_failed_in_an_older_version_can_be_tried_again(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create().jobs[0].job_id
    rig.do(node, Queue.INGEST)
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.INCOMPATIBLE_FORMAT)
    as_of_old(rig, job_id)
    known_then = ("title", "customer_reference_id", "ping_url", "container", "video_codec", "audio_codec")
    spec = {name: member for name, member in rig.job(job_id).spec.items() if name in known_then}
    rig.change(update(jobs).where(jobs.c.id == job_id).values(spec=spec))

    retry_job(rig.db, rig.account_id, job_id, POLICY)

    rig.through(node, *STAGES)
    assert rig.job(job_id).state == "completed"
