"""The section of docs/benchmarks.md about the exception queue: both sizes side by side, and what is promised."""

import re
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench import sections
from hub.supervisor.options import ROOT

if TYPE_CHECKING:  # it needs Django to be set up
    from bench.lists.measure import Measured

PAGE = ROOT / "docs" / "benchmarks.md"
NAME = "queue"
MEDIAN, P95, PLAN, TIMES = 150.0, 400.0, 3_000.0, 2.0  # milliseconds, and times what it is with 50,000
PLANS = "Bulk plan"
UNPROMISED = ("Overview",)  # measured beside, as the page on which people begin
NOISE = 10.0  # milliseconds: what is as quick as that is compared with nothing
Row = dict[str, Any]


def wanted(group: str, what: str, only: str) -> bool:
    """Return whether an address is to be measured."""
    return re.search(only, f"{group}: {what}") is not None


def kept(each: "Measured") -> Row:
    """Return what was measured as JSON keeps it."""
    return {
        "group": each.asked.group, "what": each.asked.what, "user": each.asked.user, "median": each.median,
        "p95": each.p95, "processor": each.processor, "queries": each.queries,
    }  # fmt: skip


def put(text: str, page: Path = PAGE) -> None:
    """Put the section into the page, in the place of the one that was there, else at its end."""
    page.write_text(sections.put(page.read_text() if page.exists() else "", NAME, text))


def broken(small: Row, large: Row) -> list[str]:
    """Return in words which promises are not kept."""
    before, found = _by_name(small), []
    for each in large["measured"]:
        if each["group"] in UNPROMISED:
            continue
        name = f"{each['group']}: {each['what']} ({each['user']})"
        if each["group"] == PLANS:
            if each["median"] > PLAN:
                found.append(f"{name} takes {each['median']:,.0f} ms")
            continue
        if each["median"] > MEDIAN or each["p95"] > P95:
            found.append(
                f"{name} takes {each['median']:.0f} ms at the median, {each['p95']:.0f} at the 95th percentile"
            )
        if (times := _times(before.get(_name(each)), each)) is not None and times > TIMES:
            found.append(f"{name} costs {times:.1f} times what it does with {small['transactions']:,}")
    return found


def render(small: Row, large: Row) -> str:
    """Return the section."""
    found, told = broken(small, large), large["machine"]
    before = _by_name(small)
    groups = dict.fromkeys(each["group"] for each in large["measured"])
    parts = [
        f"## The exception queue with {large['transactions']:,} transactions",
        f"Written by `make bench-queue` on {large['at']}; nothing here is typed by hand. A database of"
        f" {large['transactions']:,} transactions (bodies for {large['bodies']:,}, all changes of state) with"
        f" {large['items']:,} open work items, one cause of which holds 40 % of {large['members']:,} stuck"
        f" transactions, and as many resolved ones, was filled in {large['seconds']:,} s. Beside it stands one of"
        f" {small['transactions']:,} with {small['items']:,} open items of {small['members']:,}. Times are"
        " milliseconds from the request to the whole answer, warm, in process; *processor* is that of the page and its"
        " database session: other work on the machine lengthens the time, not that, so *times* compares processor time."
        " *farid* works for one company of three, which has half of everything; *clara* sees all.",
        f"**Promised**: at most {MEDIAN:.0f} ms at the median and {P95:.0f} ms at the 95th percentile; a plan of 10,000"
        f" in at most {PLAN / 1000:.0f} s; and at most {TIMES:.0f} times what it takes with {small['transactions']:,}"
        f" (compared above {NOISE:.0f} ms). The overview is measured beside. "
        + (f"{len(found)} are not kept: they stand in bold." if found else f"All {len(large['measured'])} keep it."),
        _summary(groups, large),
        *(_group(name, before, large, small) for name in groups),
        f"Measured on {told['cores']} cores of {told['processor']}, {told['memory_gib']:g} GiB of memory,"
        f" {told['system']}; postgresql {told['versions']['postgresql']}, shared_buffers as shipped. Work of others ran"
        f" beside it: the load of the last minute was {large['load']:.1f}, with {small['transactions']:,}"
        f" {small['load']:.1f}.",
    ]
    return "\n\n".join(parts) + "\n"


def _summary(groups: Any, large: Row) -> str:
    lines = [
        "| | asked | median of all | slowest median | slowest p95 | most queries |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in groups:
        mine = [each for each in large["measured"] if each["group"] == name]
        lines.append(
            f"| {name} | {len(mine)} | {median(each['median'] for each in mine):,.0f}"
            f" | {max(each['median'] for each in mine):,.0f} | {max(each['p95'] for each in mine):,.0f}"
            f" | {max(each['queries'] for each in mine) or ''} |"
        )
    return "\n".join(lines)


def _group(name: str, before: dict[tuple[str, str, str], Row], large: Row, small: Row) -> str:
    lines = [
        f"### {name}", "",
        f"| asked for | as | median | p95 | processor | with {small['transactions']:,}: median | processor | times |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for each in large["measured"]:
        if each["group"] == name:
            was, times = before.get(_name(each)), _times(before.get(_name(each)), each)
            plan = name == PLANS
            shown = "" if times is None else _marked(f"{times:.1f}", times > TIMES and not plan)
            lines.append(
                f"| {each['what']} | {each['user']}"
                f" | {_marked(format(each['median'], ',.0f'), each['median'] > (PLAN if plan else MEDIAN))}"
                f" | {_marked(format(each['p95'], ',.0f'), each['p95'] > P95 and not plan)}"
                f" | {each['processor']:,.0f} | {_number(was, 'median')} | {_number(was, 'processor')} | {shown} |"
            )
    return "\n".join(lines)


def _marked(text: str, broken: bool) -> str:
    return f"**{text}**" if broken else text


def _number(row: Row | None, name: str) -> str:
    return "" if row is None else f"{row[name]:,.0f}"


def _times(was: Row | None, now: Row) -> float | None:
    """Return how many times the processor time one is of the other; None for what is too quick to tell."""
    return now["processor"] / was["processor"] if was and now["processor"] > NOISE and was["processor"] else None


def _name(each: Row) -> tuple[str, str, str]:
    return each["group"], each["what"], each["user"]


def _by_name(measured: Row) -> dict[tuple[str, str, str], Row]:
    return {_name(each): each for each in measured["measured"]}
