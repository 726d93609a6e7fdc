"""Real processes: the whole product in both of its forms, with the peers around it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient
from tests.e2e.services import Cluster, Standalone

#: Short waits between attempts, so that a test of what fails for good need not take minutes.
QUICK = {
    "REELYARD_RETRY_SECONDS": "0.2,0.5",
    "REELYARD_NOTIFY_RETRY_SECONDS": "0.3,0.5,1",
    "REELYARD_FETCH_STALL_SECONDS": "2",
}


@pytest.fixture(scope="session")
def sources(clip: Path) -> Iterator[Sources]:
    """A web server over the folder in which the 2 s clip lies."""
    with Sources(clip.parent) as server:
        yield server


@pytest.fixture
def pings() -> Iterator[Pings]:
    with Pings() as server:
        yield server


@pytest.fixture(scope="module", params=["standalone", "cluster"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone | Cluster]:
    """The running product, once in each of its two forms."""
    folder = tmp_path_factory.mktemp(request.param)
    form = Standalone(folder / "data", **QUICK) if request.param == "standalone" else Cluster(folder, **QUICK)
    with form as running:
        yield running


@pytest.fixture
def client(service: Standalone | Cluster) -> SeedClient:
    return SeedClient(service.url, service.api_key)
