"""A firm per test, whose routes are pushed to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def make_firm(db: None, tmp_path: Path, settings: Any) -> Iterator[Callable[..., Any]]:
    """Return a maker of firms."""
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    from connectors.registry import registry
    from routes import plan, systems
    from tests import clocks
    from tests.intake import firm

    plan.plan.cache_clear()
    systems.stream_facts.cache_clear()
    yield lambda *args: firm.make(tmp_path / "connectors", *args)
    registry.connectors.pop("pushing", None)
    clocks.set_right()


@pytest.fixture
def firm(make_firm: Callable[..., Any]) -> Any:
    """The firm with signed webhooks."""
    return make_firm()
