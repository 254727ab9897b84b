"""The whole demonstration in one process: both systems filled at the first start, and the acts that happen later.

POST /_sandbox/acts/{name} at the Harvest simulator: reject, correct; at the NetSuite simulator: create_project,
raise_cap, open_period. An act may be played again: it then changes nothing more than the first time did. With `--acts`
the rejection plays by itself some seconds after the chosen entries were posted, and the correction after that.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from sandbox.faults import FaultPlan
from sandbox.firm import erp, time_tool
from sandbox.firm.catalogue import PROJECT_NOT_IN_ERP, PROJECT_OVER_CAP, PROJECTS
from sandbox.firm.timesheets import Firm
from sandbox.firm.troubles import ERP_FAULTS, cap_hours, troubles
from sandbox.harvest.shapes import now
from sandbox.harvest.site import Harvest
from sandbox.memory import Memory
from sandbox.netsuite.rules import HOURS_CAP
from sandbox.netsuite.site import NetSuite
from sandbox.web import ADMIN, answer

POLL_SECONDS = 2.0
PAUSE_SECONDS = 30.0  # long enough for a person to see the posted entries, and for the hub to read the change
ERP_LATENCY = 0.01  # seconds; without any, nothing would ever be at work at the same time
EXTRA_HOURS = 0.5  # by which a rejected entry is corrected


class Story:
    """The two systems and their firm. The first day is kept in the state folder: a later start goes on from it."""

    def __init__(self, state: Path, today: date, seed: int) -> None:
        self.firm = _remembered(state / "firm.json", today, seed)
        self.harvest = Harvest(_emptied_unless_filled(state / "harvest.jsonl"))
        self.netsuite = NetSuite(_emptied_unless_filled(state / "netsuite.jsonl"))
        if not self.harvest.memory.table("filled"):
            self._fill_harvest()
        if not self.netsuite.memory.table("filled"):
            self._fill_netsuite()
        self._trouble_netsuite()
        self.harvest.refill, self.netsuite.refill = self._fill_harvest, self._fill_netsuite
        self.harvest.extra_routes = self._harvest_acts
        self.netsuite.extra_routes = self._netsuite_acts

    def _fill_harvest(self) -> None:
        time_tool.fill(self.firm, self.harvest.memory)
        _mark_filled(self.harvest.memory)

    def _fill_netsuite(self) -> None:
        erp.fill(self.firm, self.netsuite.records)
        self.netsuite.login.credentials()
        _mark_filled(self.netsuite.memory)
        self._trouble_netsuite()

    def _trouble_netsuite(self) -> None:
        plan = {"rules": ERP_FAULTS, "seed": self.firm.seed, "latency_seconds": ERP_LATENCY}
        self.netsuite.faults.replace(msgspec.convert(plan, FaultPlan))

    async def play(self) -> None:
        """Wait until the chosen entries are in the ERP, then reject and later correct them."""
        while not all(self._posted(str(n)) for n in self._chosen):  # noqa: ASYNC110 - nobody reports a posting to us
            await asyncio.sleep(POLL_SECONDS)
        for act in (self.reject, self.correct):
            await asyncio.sleep(PAUSE_SECONDS)
            act()
            self.harvest.memory.flush()

    def _posted(self, number: str) -> bool:
        """Whether a time record of the ERP carries the entry's number in its external id."""
        rows = self.netsuite.memory.table("timeBill").values()
        return any(number in (row.get("externalId") or "") for row in rows)

    def reject(self) -> list[int]:
        """Withdraw the approval of the chosen entries; return the ids of those that changed."""
        return [number for number in self._chosen if self._reject(number)]

    def correct(self) -> list[int]:
        """Give the rejected entries half an hour more, and approve them again; return the ids."""
        return [number for number in self._chosen if self._correct(number)]

    def create_project(self) -> list[int]:
        """Set up the forgotten project in the ERP."""
        if self.netsuite.records.by_external_id("job", PROJECT_NOT_IN_ERP):
            return []
        project = next(project for project in PROJECTS if project.code == PROJECT_NOT_IN_ERP)
        return [self.netsuite.records.put("job", erp.job(project), by="act")["id"]]

    def raise_cap(self) -> list[int]:
        """Double the cap of the contract that is exceeded."""
        row = self.netsuite.records.by_external_id("job", PROJECT_OVER_CAP)
        assert row is not None
        raised = {**row, HOURS_CAP: str(cap_hours(self.firm) * 2)}
        return [self.netsuite.records.put("job", raised, by="act")["id"]]

    def open_period(self) -> list[int]:
        """Open the closed month again, as an auditor would not like."""
        row = self.netsuite.records.by_external_id("accountingPeriod", f"{self.firm.closed_month:%Y-%m}")
        assert row is not None
        return [self.netsuite.records.put("accountingPeriod", {**row, "closed": False}, by="act")["id"]]

    @cached_property
    def _chosen(self) -> list[int]:
        return next(t.entries for t in troubles(self.firm) if t.name == "rejected_after_posting")

    def _reject(self, number: int) -> bool:
        row = self.harvest.memory.table("time_entries").get(number)
        if row is None or row["approval_status"] != "approved" or self._hours(number) != row["hours"]:
            return False
        changed = {**row, "approval_status": "unsubmitted", "updated_at": now()}
        self.harvest.memory.put("time_entries", changed, by="act")
        return True

    def _correct(self, number: int) -> bool:
        row = self.harvest.memory.table("time_entries").get(number)
        if row is None or row["approval_status"] != "unsubmitted":
            return False
        corrected = {"hours": self._hours(number) + EXTRA_HOURS, "notes": f"{row['notes']} (corrected)"}
        changed = {**row, **corrected, "approval_status": "approved", "updated_at": now()}
        self.harvest.memory.put("time_entries", changed, by="act")
        return True

    def _hours(self, number: int) -> float:
        return next(float(entry.hours) for entry in self.firm.entries if entry.id == number)

    def _harvest_acts(self, router: web.UrlDispatcher) -> None:
        _add(router, {"reject": self.reject, "correct": self.correct})

    def _netsuite_acts(self, router: web.UrlDispatcher) -> None:
        acts = {"create_project": self.create_project, "raise_cap": self.raise_cap, "open_period": self.open_period}
        _add(router, acts)


def remembered_day(state: Path) -> dict[str, Any] | None:
    """Return first day and seed of the story that a state folder holds, or None."""
    path = state / "firm.json"
    return dict(json.loads(path.read_text())) if path.exists() else None


def _remembered(path: Path, today: date, seed: int) -> Firm:
    kept = remembered_day(path.parent)
    if kept is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(".new")
        whole.write_text(json.dumps({"today": today.isoformat(), "seed": seed}))
        whole.replace(path)
        return Firm(today, seed)
    return Firm(date.fromisoformat(kept["today"]), kept["seed"])


def _emptied_unless_filled(path: Path) -> Memory:
    """Return the memory; one whose filling was interrupted begins anew."""
    memory = Memory(path)
    if not memory.table("filled"):
        memory.clear()
    return memory


def _mark_filled(memory: Memory) -> None:
    memory.put("filled", {}, by="fill")
    memory.flush()


def _add(router: web.UrlDispatcher, acts: dict[str, Callable[[], list[int]]]) -> None:
    async def play(request: web.Request) -> web.Response:
        return answer(200, {"changed": acts[request.match_info["act"]]()})

    router.add_post(ADMIN + "acts/{act}", play)
