"""Which versions of our services understand each other.

Every call says in its metadata which protocol its caller speaks. A new number is due when a message gets a meaning
that older services would get wrong; members that are only added need none, since protobuf leaves out what it does
not know. While an installation is upgraded, services of two neighbouring versions work together (docs/upgrading.md);
a caller that is older than that is refused, instead of half understood.
"""

from collections.abc import Mapping

from reelyard.media.errors import UnavailableError

#: What this version speaks, and the oldest that it still understands. 2: several sources a job; before it, none said.
PROTOCOL = 2
OLDEST_PROTOCOL = 2

PROTOCOL_METADATA = "reelyard-protocol"


def check_protocol(metadata: Mapping[str, str | bytes]) -> None:
    """Refuse a caller that is too old.

    The answer is "unavailable", which callers try again at another scheduler: while schedulers are being replaced, one
    of the caller's own version may still be there.

    Raises:
        UnavailableError: the caller speaks an older protocol, or says none, as before protocol 2.
    """
    said = str(metadata.get(PROTOCOL_METADATA, "0"))
    spoken = int(said) if said.isdecimal() else 0
    if spoken < OLDEST_PROTOCOL:
        raise UnavailableError(
            f"the caller speaks protocol {spoken} and this scheduler needs {OLDEST_PROTOCOL} or newer: upgrade that"
            " gateway or node to the schedulers' version."
        )
