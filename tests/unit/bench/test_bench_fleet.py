"""The simulated day keeps its books: no job is lost or done twice, and every second of work is accounted for."""

from dataclasses import replace

import pytest

from tests.bench.scaling.fleet import Fleet
from tests.bench.scaling.load import Asked, day_of_jobs
from tests.bench.scaling.parameters import DAY_S, Hpa, Jobs, Load, Machines, Measured
from tests.bench.scaling.scenarios import Start, World, as_jobs, by_media_seconds, by_queue_length, fixed, run

MEASURED = Measured(cpu_s_per_media_s=1.0, dispatch_s=0.01, fixed_s=1.0)
#: Machines that are lost all the time, and long encodes, so that much is lost with them.
ROUGH = Machines(spot_losses_per_hour=1.0, spot_without_notice=0.5)
LOAD = Load(jobs=400, bursts=((8.0, 0.25, 0.2),), median_s=120.0)
ONE_ACCOUNT = replace(LOAD, accounts=((1, 1.0),))
STARTS = {
    "fixed": fixed(3),
    "media": by_media_seconds(Hpa(threshold=600, min_replicas=0)),
    "length": by_queue_length(Hpa(threshold=3)),
    "jobs": as_jobs(Jobs()),
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("spot", [False, True])
def test_work_is_neither_lost_nor_invented(start: Start, spot: bool) -> None:
    world = World.of(LOAD, ROUGH, MEASURED)
    fleet = Fleet(LOAD, ROUGH, MEASURED, spot=False, seed=1)

    totals = run("x", start, world, spot=spot).totals

    assert len(totals.waits) == len(world.jobs)
    assert min(totals.waits) >= 0
    assert totals.useful_s == pytest.approx(sum(fleet.encode_s(job) for job in world.jobs))
    assert totals.busy_s == pytest.approx(totals.useful_s + totals.lost_s)
    assert totals.machine_s >= totals.busy_s
    assert (totals.losses > 0) is spot


def test_a_day_is_the_same_every_time_and_has_its_bursts() -> None:
    jobs = day_of_jobs(LOAD, 7)

    assert jobs == day_of_jobs(LOAD, 7)
    assert len(jobs) == LOAD.jobs
    assert [job.at_s for job in jobs] == sorted(job.at_s for job in jobs)
    assert sum(8.0 <= job.at_s / 3600 < 8.25 for job in jobs) >= 0.2 * LOAD.jobs
    assert all(0 <= job.at_s <= DAY_S for job in jobs)


def test_one_node_does_one_task_after_another_in_their_order() -> None:
    jobs = [Asked(id=number, at_s=0.0, account=0, media_s=34.0, pixels=1.0) for number in range(3)]
    fleet = Fleet(ONE_ACCOUNT, Machines(start_s=(60.0, 60.0)), MEASURED, spot=False, seed=1)
    fleet.scale_to(1)

    totals = fleet.run(jobs, 0)

    each = 34.0 / (4 * 0.85) + 1.0 + 0.01
    assert totals.waits == pytest.approx([60.0, 60.0 + each, 60.0 + 2 * each])
    assert totals.machine_s == pytest.approx(60.0 + 3 * each)


def test_accounts_share_as_the_scheduler_decides() -> None:
    jobs = [Asked(id=number, at_s=0.0, account=0, media_s=100.0, pixels=1.0) for number in range(20)]
    late = Asked(id=20, at_s=120.0, account=1, media_s=100.0, pixels=1.0)
    load = replace(LOAD, accounts=((1, 0.5), (1, 0.5)))
    fleet = Fleet(load, Machines(start_s=(1.0, 1.0)), MEASURED, spot=False, seed=1)
    fleet.scale_to(1)

    totals = fleet.run([*jobs, late], 0)

    # When it comes four have begun and one hint is out; the first account has had its share.
    assert totals.order.index(late.id) == 5
