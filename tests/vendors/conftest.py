"""The demonstration firm's Harvest and NetSuite as one process, and the hub's side of talking to them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sandbox.launch import Simulator
from tests.simulated import firm_at_work


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Both systems with the firm in them, for the tests of a module; faults are off."""
    with firm_at_work(tmp_path_factory.mktemp("firm") / "state") as simulator:
        simulator.set_faults(system="netsuite")
        yield simulator


@pytest.fixture
def harvest(firm: Simulator) -> Iterator[Simulator]:
    """Harvest without faults, and with a call limit that no test meets by chance."""
    firm.admin("POST", "limits", {"calls": 10_000, "seconds": 15.0}, system="harvest")
    yield firm
    firm.set_faults(system="harvest")


@pytest.fixture
def netsuite(firm: Simulator) -> Iterator[Simulator]:
    """NetSuite without faults and with its usual limits."""
    yield firm
    firm.set_faults(system="netsuite")
    firm.admin("POST", "limits", {"concurrency": 15, "token_seconds": 3600}, system="netsuite")


@pytest.fixture
async def engine() -> AsyncIterator[Any]:
    """An engine that may talk to this machine."""
    from connectors.engine import Engine  # this file is read before Django's settings are

    made = Engine(allowed=["127.0.0.1:*"])
    yield made
    await made.close()
