"""From what a node reports of its tasks (thousandths) to what a client sees of a stage (percent)."""

from collections.abc import Sequence

#: All of a task, in thousandths.
FULL_PERMILLE = 1000
#: 100 percent means "finished", and only the task's end says that: what runs shows less.
ALMOST = 99


def percent(permille: int) -> int:
    """Percent of a running stage, 0 to 99."""
    return min(max(permille, 0) // 10, ALMOST)


def stage_percent(permilles: Sequence[int]) -> int:
    """Percent of a stage made of several tasks, all weighing the same."""
    return percent(sum(permilles) // len(permilles)) if permilles else 0


def importing_percent(shares: int, inputs: int) -> int:
    """Percent of a job's import: fetching and storing of each of its inputs weigh the same.

    Args:
        shares: the percents of fetching and of storing, over all inputs, added up.
        inputs: how many there are.
    """
    return min(shares // (2 * inputs), ALMOST) if inputs else 0
