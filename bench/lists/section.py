"""The section of docs/benchmarks.md about lists; the rest of the page is another command's."""

from pathlib import Path
from statistics import median
from typing import Any

from bench import machine, sections
from bench.lists.measure import LIMIT, Measured
from hub.supervisor.options import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
NAME = "lists"


def put(text: str, page: Path = PAGE) -> None:
    """Put the section into the page, in the place of the one that was there, else at its end."""
    page.write_text(sections.put(page.read_text() if page.exists() else "", NAME, text))


def render(found: list[Measured], filled: dict[str, Any], database: str) -> str:
    """Return the section."""
    told = machine.describe(database)
    versions = told["versions"]
    slow = [each for each in found if each.too_slow]
    parts = [
        "## Lists with a million transactions",
        f"Written by `make bench-lists` on {filled['at']}; nothing here is typed by hand. The database holds"
        f" {filled['transactions']:,} transactions with all that belongs to them, the work of {filled['days']} days"
        f" in three companies by four routes; it was filled in {filled['seconds']:,} s. Times are milliseconds, from"
        " the request to the whole answer, in process. Beside them is the processor time of the page and of its"
        " database session: other work on the machine lengthens the time, not that. *clara* may see all companies,"
        " *viktor* only the smallest, whose entries are few and old.",
        f"**Promised**: at most {LIMIT:.0f} ms at the median. "
        + (f"{len(slow)} of {len(found)} addresses take longer." if slow else f"All {len(found)} addresses keep it."),
        _summary(found),
        _over_http(found),
        "### Every address",
        *(_group(name, found) for name in dict.fromkeys(each.asked.group for each in found)),
        f"Measured on {told['cores']} cores of {told['processor']}, {told['memory_gib']:g} GiB of memory,"
        f" {told['system']}; python {versions['python']}, postgresql {versions['postgresql']}, django"
        f" {versions['django']}. Work of others ran beside it: the load of the last minute was {filled['load']:.1f}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(found: list[Measured]) -> str:
    lines = ["| lists and pages | addresses | median of all | slowest | its p95 | its processor | most queries |",
             "|---|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    for name in dict.fromkeys(each.asked.group for each in found):
        mine = [each for each in found if each.asked.group == name]
        worst = max(mine, key=lambda each: each.median)
        lines.append(
            f"| {name} | {len(mine)} | {median(each.median for each in mine):.0f} | {worst.median:.0f}"
            f" | {worst.p95:.0f} | {worst.processor:.0f} | {max(each.queries for each in mine)} |"
        )
    return "\n".join(lines)


def _over_http(found: list[Measured]) -> str:
    asked = [each for each in found if each.over_http]
    if not asked:
        return ""
    lines = ["### The same over HTTP, through gunicorn", "", "| page | as | median | slowest |", "|---|---|---:|---:|"]
    lines += [
        f"| {each.asked.group}: {each.asked.what} | {each.asked.user} | {median(each.over_http):.0f}"
        f" | {max(each.over_http):.0f} |"
        for each in asked
    ]
    return "\n".join(lines)


def _group(name: str, found: list[Measured]) -> str:
    lines = [
        f"#### {name}",
        "",
        "| asked for | as | median | p95 | processor | queries |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for each in found:
        if each.asked.group == name:
            shown = f"**{each.median:.0f}**" if each.too_slow else f"{each.median:.0f}"
            lines.append(
                f"| {each.asked.what} | {each.asked.user} | {shown} | {each.p95:.0f} | {each.processor:.0f} |"
                f" {each.queries} |"
            )
    return "\n".join(lines)
