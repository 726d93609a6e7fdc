"""Ports for servers that bind them later, or are away for a while, and for addresses where nobody is to listen."""

from functools import cache

from deploy.local.ports import Ports


@cache
def _ports() -> Ports:
    return Ports()


def free_port() -> int:
    """A free loopback port, held against other tests on this machine until this process ends.

    A port that the kernel chose would be given to anybody's next connection as soon as it is closed.
    """
    return _ports().draw()
