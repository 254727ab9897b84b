"""The time source: N entries made from a seed, and what happened to some of them later.

Nothing is stored but the later changes, so 200,000 entries cost no memory. Amount = hours x bill_rate, rounded half up
to two decimals; hours have two decimals, rates are multiples of 0.50, so floats and half-even rounding show.
"""

import math
import random
import zlib
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from sandbox import journal

CURRENCIES = {"HP-DE": "EUR", "HP-US": "USD", "HP-GB": "GBP"}
ENTITIES = tuple(CURRENCIES)
ROLES = ("Analyst", "Consultant", "Senior Consultant", "Manager", "Principal")
PROJECTS = tuple(f"P-{number:03d}" for number in range(1, 41))
TASKS = ("T-ANALYSIS", "T-DESIGN", "T-BUILD", "T-TEST", "T-ROLLOUT", "T-PMO", "T-WORKSHOP", "T-TRAVEL")
WORKERS = tuple(f"W-{number:03d}" for number in range(1, 61))
UNKNOWN_TASK = "T-NEW"  # stands in no table that the hub is given: these entries go to people
NOTES = ("Workshop with the client team", "Data migration checks", "Review of open points", "Build and unit tests")
FIRST_DAY = date(2026, 1, 1)
FIRST_CHANGE = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = 90
CENT = Decimal("0.01")

encode = msgspec.json.Encoder(decimal_format="number").encode


@lru_cache(maxsize=4096)
def stamp(moment: datetime) -> str:
    """Write a moment as ISO 8601 with microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def generate(seed: int, number: int, count: int, trouble_share: float = 0.0) -> dict[str, Any]:
    """Return entry `number` (1-based) of `count` as the source first showed it.

    `worked_on` and `changed_at` grow with the number. A share of the entries, the same for every reader, carries a
    task code that no table knows.
    """
    draw = zlib.crc32(b"%d:%d" % (seed, number)) * 2654435761 % 2**32
    worker = draw % 60
    entity = ENTITIES[worker % 3]
    hours = Decimal(25 + draw // 61 % 976) / 100
    rate = Decimal(160 + draw // 97 % 400) / 2
    troubled = trouble_share and (draw // 7 % 10_000) < trouble_share * 10_000
    worked_on = FIRST_DAY + timedelta(days=(number - 1) * DAYS // count)
    return {
        "id": number,
        "key": f"TE-{number:07d}",
        "legal_entity": entity,
        "worker_code": WORKERS[worker],
        "project_code": PROJECTS[draw // 13 % 40],
        "task_code": UNKNOWN_TASK if troubled else TASKS[draw // 17 % 8],
        "role": ROLES[draw // 19 % 5],
        "worked_on": worked_on.isoformat(),
        "hours": hours.quantize(CENT),
        "bill_rate": rate.quantize(CENT),
        "amount": (hours * rate).quantize(CENT, ROUND_HALF_UP),
        "currency": CURRENCIES[entity],
        "billable": True,
        "notes": NOTES[draw // 23 % 4],
        "status": "approved",
        "version": 1,
        "changed_at": stamp(FIRST_CHANGE + timedelta(seconds=number)),
    }


class Source:
    """Serves the entries and remembers later versions, withdrawals and deletions in its log."""

    def __init__(self, folder: Path, *, seed: int, count: int, trouble_share: float = 0.0) -> None:
        self.seed, self.count, self.trouble_share = seed, count, trouble_share
        self.log = journal.Journal(folder / "source.jsonl")
        self._changed: dict[int, dict[str, Any]] = {}
        self._deleted: set[int] = set()
        self._rejected: list[dict[str, Any]] = []
        self._pages: dict[tuple[Any, ...], bytes] = {}
        self._selected: dict[tuple[str, str, str], list[int]] = {}
        for line in journal.read(self.log.path):
            self._apply(line)

    def entry(self, number: int) -> dict[str, Any]:
        """Return the present version of one entry."""
        entry = generate(self.seed, number, self.count, self.trouble_share)
        return {**entry, **self._changed.get(number, {})}

    def current(self) -> list[dict[str, Any]]:
        """Return the present version of every entry that still exists: what a target should end up with."""
        return [self.entry(number) for number in range(1, self.count + 1) if number not in self._deleted]

    def page(self, *, page: int, per_page: int, updated_since: str, first: str, last: str) -> bytes:
        """Return one page as JSON, oldest change first; `next_page` is null at the end."""
        asked = (page, per_page, updated_since, first, last)
        if asked not in self._pages:
            if len(self._pages) > 256:
                self._pages.clear()
            self._pages[asked] = self._make_page(page, per_page, (updated_since, first, last))
        return self._pages[asked]

    def change(self, *, edit: int, withdraw: int, delete: int, seed: int) -> list[dict[str, Any]]:
        """Give some living entries a later version, withdraw some, delete some; return the log lines of it."""
        alive = [n for n in range(1, self.count + 1) if n not in self._deleted and n not in self._changed]
        chosen = random.Random(seed).sample(alive, min(len(alive), edit + withdraw + delete))
        lines = []
        for position, number in enumerate(chosen):
            kind = "edit" if position < edit else "withdraw" if position < edit + withdraw else "delete"
            lines.append(self._change_one(number, kind))
        self.log.flush()
        self._pages.clear()
        self._selected.clear()
        return lines

    def reject(self, number: int, *, reference: str, comment: str, by: str) -> dict[str, Any] | None:
        """Take the approval of an entry back, with a comment; return the log line, None where it is not approved."""
        if not 1 <= number <= self.count or number in self._deleted or self.entry(number)["status"] != "approved":
            return None
        line = self._change_one(number, "reject", {"comment": comment, "rejected_by": by}, reference)
        self.log.flush()
        self._pages.clear()
        self._selected.clear()
        return line

    def resubmit(self, number: int, **values: Any) -> dict[str, Any]:
        """Let a rejected entry's author correct it and somebody approve it; return the log line."""
        line = self._change_one(number, "resubmit", {"status": "approved", **values})
        self.log.flush()
        self._pages.clear()
        self._selected.clear()
        return line

    def rejections(self, reference: str) -> list[dict[str, Any]]:
        """Return the rejections that carry a caller's reference."""
        return [line for line in self._rejected if line["reference"] == reference]

    def _change_one(
        self, number: int, kind: str, values: dict[str, Any] | None = None, reference: str = ""
    ) -> dict[str, Any]:
        entry = self.entry(number)
        changed: dict[str, Any] = {"version": entry["version"] + 1, "changed_at": stamp(datetime.now(UTC))}
        if kind == "edit":
            hours = entry["hours"] + Decimal("0.25")
            amount = (hours * entry["bill_rate"]).quantize(CENT, ROUND_HALF_UP)
            changed |= {"hours": str(hours), "amount": str(amount)}
        elif kind == "withdraw":
            changed["status"] = "withdrawn"
        elif kind == "reject":
            changed["status"] = "rejected"
        changed |= values or {}
        line = {"kind": kind, "id": number, "key": entry["key"], "changed": changed}
        if reference:
            line["reference"] = reference
        self.log.add(line)
        self._apply(line)
        return line

    def _apply(self, line: dict[str, Any]) -> None:
        number = line["id"]
        if line["kind"] == "delete":
            self._deleted.add(number)
            return
        if line["kind"] == "reject":
            self._rejected.append(line)
        values = {name: Decimal(v) if name in ("hours", "amount") else v for name, v in line["changed"].items()}
        self._changed.pop(number, None)  # the latest change is the last in order
        self._changed[number] = values

    def _make_page(self, page: int, per_page: int, chosen: tuple[str, str, str]) -> bytes:
        numbers = self._select(*chosen)
        pages = max(1, math.ceil(len(numbers) / per_page))
        shown = [self.entry(number) for number in numbers[(page - 1) * per_page : page * per_page]]
        return encode(
            {
                "time_entries": shown,
                "page": page,
                "per_page": per_page,
                "total_pages": pages,
                "total_entries": len(numbers),
                "next_page": page + 1 if page < pages else None,
            }
        )

    def _select(self, updated_since: str, first: str, last: str) -> list[int]:
        asked = (updated_since, first, last)
        if asked not in self._selected:
            gone = self._deleted | self._changed.keys()
            untouched = [number for number in self._range(*asked) if number not in gone]
            changed = [n for n in self._changed if n not in self._deleted and self._wanted(n, *asked)]
            self._selected[asked] = untouched + changed
        return self._selected[asked]

    def _range(self, updated_since: str, first: str, last: str) -> range:
        """Return the numbers whose first version fits: both times grow with the number, so no entry is made."""
        low, high = 1, self.count
        if updated_since:
            low = max(low, math.ceil((datetime.fromisoformat(updated_since) - FIRST_CHANGE).total_seconds()))
        if first:
            days = (date.fromisoformat(first) - FIRST_DAY).days
            low = max(low, 1 + math.ceil(days * self.count / DAYS))
        if last:
            days = (date.fromisoformat(last) - FIRST_DAY).days + 1
            high = min(high, math.ceil(days * self.count / DAYS))
        return range(low, high + 1)

    def _wanted(self, number: int, updated_since: str, first: str, last: str) -> bool:
        entry = self.entry(number)
        return (
            (not updated_since or entry["changed_at"] >= updated_since)
            and (not first or entry["worked_on"] >= first)
            and (not last or entry["worked_on"] <= last)
        )
