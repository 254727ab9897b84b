"""Simulators for the tests: each a process of its own on a free loopback port."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.launch import Simulator


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
