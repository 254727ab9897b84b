"""Simulators for the tests, each a process on a free loopback port, shared where a test need not have its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sandbox.launch import Simulator
from tests.simulated import firm_at_work


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Simulator]]:
    """Start simulators that end with the test."""
    started: list[Simulator] = []

    def start_one(system: str, **options: Any) -> Simulator:
        simulator = Simulator.start(system, state=tmp_path / f"{system}{len(started)}", **options)
        started.append(simulator)
        return simulator

    yield start_one
    for simulator in started:
        simulator.stop()


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Callable[[], Simulator]]:
    """Start both systems with the firm of 21 November 2026 in them; they end with the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(firm_at_work(tmp_path / "firm"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Simulator]]:
    """Give a simulator with an empty memory and no faults; one process serves all tests of a module."""
    started: dict[str, Simulator] = {}

    def give(system: str, **fresh: Any) -> Simulator:
        if system not in started:
            started[system] = Simulator.start(system, state=tmp_path_factory.mktemp(system))
        started[system].admin("POST", "reset", fresh)
        return started[system]

    yield give
    for simulator in started.values():
        simulator.stop()
