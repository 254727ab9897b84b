"""Writes docs/benchmarks.md from one run's figures; nothing in the page is typed by hand."""

from typing import Any

from bench.case import BATCH, IN_FLIGHT, PAGE, SLOW_SECONDS
from bench.verdict import Check, Measured

NAMES = {
    "hub": "**the hub**: two workers, everything recorded",
    "yardstick": "yardstick script: two processes",
    "node_red": "Node-RED flow: stores nothing",
    "node_red_scripted": "Node-RED with all of it typed into function nodes, for information",
}
CASES = {
    "one": "One post per record",
    "slow": f"One post per record, the target answers after {SLOW_SECONDS * 1000:.0f} ms",
    "batch": f"{BATCH} records in a post",
}


def render(report: dict[str, Any], measured: Measured, checks: list[Check]) -> str:
    """Return the page."""
    parts = [_head(report), _promises(checks), _rates(measured), _rest(report, measured), _machine(report["machine"])]
    return "\n\n".join(parts) + "\n"


def _head(report: dict[str, Any]) -> str:
    return f"""# Benchmarks

Written by `make bench` on {report["at"]}; nothing here is typed by hand. Everything ran on one machine
at the same time: PostgreSQL, Redis, the simulated time tool and ledger, and the contender.

**The work**: {report["entries"]:,} time entries in pages of {PAGE}; 15 fields, three look-ups, 8 rules; 5 % go to
people, the rest is posted with an idempotency key. At most {IN_FLIGHT} calls are under way at once. Counts, and amounts
to the cent, must equal those that the ledger counted itself, or the run is void. Figures are medians of
{report["runs"]} runs in which the contenders took turns."""


def _promises(checks: list[Check]) -> str:
    lines = ["## What must hold", "", "| | compared | measured | limit | |", "|---|---|---:|---:|---|"]
    for check in checks:
        value = "not measured" if check.value is None else f"{check.value:.2f}"
        limit = f"{'at most' if check.at_most else 'at least'} {check.limit:g}"
        lines.append(
            f"| ({check.letter}) | {check.what} | {value} | {limit} | {'holds' if check.passed else '**fails**'} |"
        )
    return "\n".join(lines)


def _rates(measured: Measured) -> str:
    sections = ["## Records per second"]
    for case, title in CASES.items():
        rows = measured.rates.get(case)
        if not rows:
            continue
        lines = [f"### {title}", "", "| contender | median | slowest | fastest |", "|---|---:|---:|---:|"]
        for name, found in sorted(rows.items(), key=lambda item: list(NAMES).index(item[0])):
            middle = measured.median(case, name)
            lines.append(f"| {NAMES[name]} | {middle:,.0f} | {min(found):,.0f} | {max(found):,.0f} |")
        sections.append("\n".join(lines))
    return "\n\n".join(sections)


def _rest(report: dict[str, Any], measured: Measured) -> str:
    lines = ["## Memory, queries, cents", ""]
    mapping, memory, queries = report.get("mapping"), report.get("memory"), report.get("queries")
    if mapping:
        lines.append(
            f"- Mapping and rules alone: {mapping['compiled_per_second']:,} records/s compiled,"
            f" {mapping['by_hand_per_second']:,} by hand in Python, on one core."
        )
    if memory:
        peaks = ", ".join(f"{peak:g} MiB at {int(size):,} records" for size, peak in memory["peak_mib"].items())
        lines.append(f"- Peak memory of the larger worker: {peaks}.")
    if queries:
        said = "; ".join(
            f"a batch of {size}: {', '.join(f'{number} to {step}' for step, number in count.items())}"
            for size, count in queries["queries"].items()
        )
        lines.append(f"- Queries, counted by the server's log: {said}.")
    off = {NAMES[name]: amount for name, amount in measured.off_by.items() if name.startswith("node_red")}
    if off:
        lines.append(f"- Node-RED calculates in floats: its amounts are off by {max(off.values())} currency units.")
    return "\n".join(lines)


def _machine(machine: dict[str, Any]) -> str:
    durable = ", ".join(f"{name} {value}" for name, value in machine["durability"].items())
    versions = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in machine["versions"].items())
    return f"""## The machine

- {machine["cores"]} cores of {machine["processor"]}, {machine["memory_gib"]:g} GiB of memory, {machine["system"]}
- durability, as the server says it: {durable}
- versions: {versions}"""
