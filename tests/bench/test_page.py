"""The page says what was measured, on what, and which promises fail."""

from decimal import Decimal
from typing import Any

from bench import machine, page
from bench.case import Case, Result, Tally
from bench.verdict import Measured, checks

TRUTH = Tally(95, {"EUR": Decimal("10.00")}, 5)
MACHINE: dict[str, Any] = {
    "cores": 2, "memory_gib": 8.0, "processor": "Some Processor", "system": "Linux 6 x86_64",
    "versions": {"python": "3.11.7", "postgresql": "18.4", "node_red": "5.0.7"},
    "durability": {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"},
}  # fmt: skip


def report() -> dict[str, Any]:
    return {
        "at": "4 May 2026, 09:30 UTC", "entries": 20_000, "runs": 5, "machine": MACHINE,
        "memory": {"peak_mib": {"20000": 150.0, "200000": 160.5}, "ratio": 1.07},
        "queries": {"queries": {"20": {"receive": 18, "deliver": 26}, "400": {"receive": 18, "deliver": 26}}},
    }  # fmt: skip


def measured() -> Measured:
    found = Measured()
    for name, seconds in {"hub": 2.0, "yardstick": 1.0, "node_red": 4.0}.items():
        found.add(Case("one", 20_000), name, Result(seconds, TRUTH), TRUTH, TRUTH)
    return found


def test_page_names_machine_versions_and_durability() -> None:
    text = page.render(report(), measured(), [])
    for words in ("2 cores of Some Processor", "postgresql 18.4", "node-red 5.0.7", "fsync on, full_page_writes on"):
        assert words in text


def test_page_shows_rates_of_every_contender() -> None:
    text = page.render(report(), measured(), [])
    assert "| **the hub**: two workers, everything recorded | 10,000 | 10,000 | 10,000 |" in text
    assert "| yardstick script: two processes | 20,000 |" in text


def test_page_says_which_promises_hold() -> None:
    found = measured()
    text = page.render(report(), found, checks(found, mapping=0.9, memory=1.2, queries=1.0))
    assert "| (b) | hub, times the yardstick | 0.50 | at least 0.4 | holds |" in text
    assert "1.20 | at most 1.15 | **fails** |" in text
    assert "not measured" in text


def test_machine_is_durable_only_when_everything_is_on() -> None:
    assert machine.is_durable(MACHINE)
    assert not machine.is_durable({**MACHINE, "durability": {**MACHINE["durability"], "fsync": "off"}})
