"""A day of jobs: more by day than by night, and bursts. The same seed gives the same day."""

import math
import random
from dataclasses import dataclass

from tests.bench.scaling.parameters import DAY_S, HOUR_S, Load


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One output that is to be encoded: when it was asked for, by whom, and how much it is. Times are seconds."""

    id: int
    at_s: float
    account: int
    media_s: float
    pixels: float  # of a picture, against 1280x720


def day_of_jobs(load: Load, seed: int) -> list[Asked]:
    """The jobs of a day, in their order."""
    chance = random.Random(seed)
    in_bursts = [(begin, length, round(share * load.jobs)) for begin, length, share in load.bursts]
    times = [(begin + chance.random() * length) * HOUR_S for begin, length, count in in_bursts for _ in range(count)]
    while len(times) < load.jobs:
        at = chance.random() * DAY_S
        # highest at 15:00, lowest at 03:00
        demand = load.night + (1 - load.night) * (1 - math.cos((at / HOUR_S - 3) * math.tau / 24)) / 2
        if chance.random() < demand:
            times.append(at)
    return [_job(load, number, at, chance) for number, at in enumerate(sorted(times), 1)]


def _job(load: Load, number: int, at: float, chance: random.Random) -> Asked:
    sizes, shares = zip(*load.sizes, strict=True)
    return Asked(
        id=number,
        at_s=at,
        account=chance.choices(range(len(load.accounts)), [share for _, share in load.accounts])[0],
        media_s=min(load.longest_s, chance.lognormvariate(math.log(load.median_s), load.sigma)),
        pixels=chance.choices(sizes, shares)[0],
    )
