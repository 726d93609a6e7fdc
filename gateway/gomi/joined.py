"""Several inputs of one job in one member, as requests name them and answers show them: "12|13"."""

from collections.abc import Sequence

from reelyard.cluster.views import JOIN_MARK


def joined_ids(media_ids: Sequence[int]) -> str:
    """The IDs of input media as one text, in the order in which they are joined."""
    return JOIN_MARK.join(str(media_id) for media_id in media_ids)


def id_or_ids(media_id: int, media_ids: Sequence[int]) -> int | str:
    """The number of a single input, as everywhere in the API; of several, all of them as one text."""
    return joined_ids(media_ids) if len(media_ids) > 1 else media_id
