"""Plan again what a version before joins has planned: its plans named one source, and no such encode task can run."""

from sqlalchemy import ColumnElement, Connection, select, update

from reelyard.cluster.wire import from_dict, to_dict
from reelyard.cluster.work import EncodeSource, EncodeWork, Queue, TaskKind
from reelyard.media.errors import WorkError
from reelyard.media.output import OutputSpec
from reelyard.media.planning import plan_output, queue_is_gpu
from scheduler.domain.job import JobState
from scheduler.domain.policy import Policy
from scheduler.store.database import Database
from scheduler.store.job_queries import lock_job
from scheduler.store.tables import jobs, tasks
from scheduler.store.task_queries import active_tasks
from scheduler.usecases.begin_encode import stored_sources
from scheduler.usecases.endings import fail_job
from scheduler.usecases.hardware import hardware_encoders


def renew_plans(db: Database, policy: Policy) -> int:
    """Plan the jobs that are being encoded by such a plan once more; the number of plans that changed.

    Jobs that are further than that need only what both versions know of a plan. Several schedulers may do so at once:
    each job is locked while it is changed, and has changed for the next one.

    Args:
        db: the database.
        policy: when to clean up after a job that can't be made any more.
    """
    with db.read() as conn:
        old = list(conn.execute(select(jobs.c.id).where(*_by_an_old_plan()).order_by(jobs.c.id)).scalars())
    return sum(db.transact(lambda conn, job_id=job_id: _renew(conn, job_id, policy)) for job_id in old)  # type: ignore[misc]


def _by_an_old_plan() -> tuple[ColumnElement[bool], ...]:
    return jobs.c.state == JobState.ENCODING, jobs.c.plan["inputs"].as_string().is_(None)


def _renew(conn: Connection, job_id: int, policy: Policy) -> bool:
    job = lock_job(conn, job_id)
    if job.state != JobState.ENCODING or "inputs" in job.plan:
        return False  # another scheduler was quicker, or it has ended
    sources = stored_sources(conn, job_id)
    if sources is None:
        return False  # its encode task fails by itself, with what is missing
    hardware = hardware_encoders(conn, policy)
    try:
        plan = plan_output(from_dict(OutputSpec, job.spec), [each.info for each in sources], hardware_encoders=hardware)
    except WorkError as error:
        fail_job(conn, job, error.code, error.message, policy)
        return False
    conn.execute(update(jobs).where(jobs.c.id == job_id).values(plan=to_dict(plan)))
    work = EncodeWork(plan=plan, sources=tuple(EncodeSource(object=each.stored, info=each.info) for each in sources))
    queue = Queue.ENCODE_GPU if queue_is_gpu(plan) else Queue.ENCODE_CPU
    # One that runs has its old work until its lease ends, and this one when it is repeated.
    for task in active_tasks(conn, tasks.c.job_id == job_id, [TaskKind.ENCODE]):
        conn.execute(update(tasks).where(tasks.c.id == task.id).values(work=to_dict(work), queue=queue))
    return True
