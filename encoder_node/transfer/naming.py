"""The names under which a delivery is made: a temporary one until it is whole, and the final one."""

_MAX_BYTES = 255
#: How many earlier attempts' temporary files are looked for.
_EARLIER = 20


def temporary_name(name: str, mark: str) -> str:
    """`film.mp4.reelyard-7-1.part`: beside the final name, of this attempt alone, and short enough."""
    suffix = f".reelyard-{mark}.part"
    return name.encode()[: _MAX_BYTES - len(suffix)].decode(errors="ignore") + suffix


def marks(task_id: int, attempt: int) -> tuple[str, tuple[str, ...]]:
    """The mark of an attempt, and those of the attempts before it, whose node may have died."""
    earlier = range(max(1, attempt - _EARLIER), attempt)
    return f"{task_id}-{attempt}", tuple(f"{task_id}-{number}" for number in earlier)
