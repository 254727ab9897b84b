"""Fixtures of the connector tests: the connector acme in the registry, engines that may talk to loopback."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

# The connectors are imported inside the fixtures: this file is read before Django is set up.


@pytest.fixture
def acme_connector() -> Iterator[Any]:
    """The connector acme, known to the registry."""
    from connectors.registry import registry
    from tests.connectors.acme import acme

    known = registry.connectors
    connector = known["acme"] = acme()
    yield connector
    del known["acme"]


@pytest.fixture
async def engine() -> AsyncIterator[Any]:
    """An engine that may talk to this machine."""
    from connectors.engine import Engine

    made = Engine(allowed=["127.0.0.1:*"])
    yield made
    await made.close()
