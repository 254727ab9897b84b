"""Months of time: who worked when on what, in which rhythm, and when it was approved.

The window: three full months before `today`, and the current month until today. Some late entries of the month before
the window are in it too: that month is closed in the ERP. Weeks are approved on the Monday or Tuesday after; the
current week is not. Everything depends on `today` and the seed only.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

import holidays

from sandbox.firm import notes
from sandbox.firm.catalogue import (
    BILL_RATES,
    COST_SHARE,
    ENTITY,
    INTERNAL_PROJECTS,
    INTERNAL_TASK,
    LEGAL_ENTITIES,
    MISSING_RATE,
    NEW_TASK,
    NEW_TASK_PROJECTS,
    PROJECT_NOT_IN_ERP,
    PROJECT_OVER_CAP,
    PROJECTS,
    RAISED,
    ROLES,
    TASKS,
    Project,
)  # fmt: skip
from sandbox.firm.people import NEW_HIRE, WORKERS, Worker

FIRST_ENTRY_ID = 2_610_000_001
CENT = Decimal("0.01")
LATE_INTO_CLOSED = 24  # late entries into the closed month
LATE_APPROVED = 18  # entries of the middle month that were approved after its cut-off
NEW_TASK_ENTRIES = 36
CUT_OFF_WORKING_DAYS = 5  # after a month's end


@dataclass(frozen=True)
class Entry:
    """One time entry of the time tool. `approved_at` None: not approved (yet)."""

    id: int
    worker: Worker
    project: Project
    task: str
    worked_on: date
    hours: Decimal
    notes: str
    created_at: datetime
    approved_at: datetime | None
    late: str = ""  # why it is special: closed (month), cut_off


@dataclass(frozen=True)
class Rate:
    """A row of a rate card; `valid_to` None: until further notice."""

    role: str
    currency: str
    valid_from: date
    valid_to: date | None
    bill_rate: Decimal


class Firm:
    """Halden & Partner as seen on the morning of `today`."""

    def __init__(self, today: date, seed: int = 1) -> None:
        self.today, self.seed = today, seed
        current = today.replace(day=1)
        self.months = [_months_before(current, back) for back in (3, 2, 1, 0)]
        self.closed_month = _months_before(current, 4)
        years = {self.closed_month.year, today.year}
        self._holidays = {
            entity.code: holidays.country_holidays(entity.country, subdiv=entity.region, years=years)
            for entity in LEGAL_ENTITIES
        }

    @property
    def now(self) -> datetime:
        """The moment at which the story begins."""
        return datetime.combine(self.today, time(6), UTC)

    @cached_property
    def rates(self) -> list[Rate]:
        """The rate cards, with the gap that is one of the troubles still filled in: see `troubles.missing_rate`."""
        start, raise_on = date(self.closed_month.year, 1, 1), self.months[2]
        rows = []
        for currency, amounts in BILL_RATES.items():
            for role, amount in zip(ROLES, amounts, strict=True):
                first = Decimal(amount)
                raised = (first * RAISED[currency] * 2).quantize(Decimal(1), ROUND_HALF_UP) / 2
                rows.append(Rate(role, currency, start, raise_on - timedelta(days=1), first))
                rows.append(Rate(role, currency, raise_on, None, raised.quantize(CENT)))
        return rows

    def bill_rate(self, role: str, currency: str, on: date) -> Decimal:
        """Return the bill rate per hour that is valid on a day."""
        for row in self.rates:
            if (row.role, row.currency) == (role, currency) and row.valid_from <= on <= (row.valid_to or on):
                return row.bill_rate
        raise LookupError(f"no rate for {role} in {currency} on {on}")

    def cost_rate(self, role: str, currency: str) -> Decimal:
        """Return what an hour of the role costs the firm."""
        return (Decimal(BILL_RATES[currency][ROLES.index(role)]) * COST_SHARE).quantize(CENT, ROUND_HALF_UP)

    def amount(self, entry: Entry) -> Decimal:
        """Return hours x bill rate, rounded half up to the cent."""
        currency = ENTITY[entry.worker.legal_entity].currency
        rate = self.bill_rate(entry.worker.role, currency, entry.worked_on)
        return (entry.hours * rate).quantize(CENT, ROUND_HALF_UP)

    def is_working_day(self, legal_entity: str, day: date) -> bool:
        """Whether a company works on a day."""
        return day.weekday() < 5 and day not in self._holidays[legal_entity]

    def cut_off(self, month: date) -> datetime:
        """Return the last moment at which time of a month counts as approved in time."""
        day, left = _months_before(month, -1) - timedelta(days=1), CUT_OFF_WORKING_DAYS
        while left:
            day += timedelta(days=1)
            left -= self.is_working_day("HP-DE", day)
        return datetime.combine(day, time(18), UTC)

    @cached_property
    def assignments(self) -> dict[str, list[Project]]:
        """Worker code -> projects, the main one first: own company, own practice preferred."""
        draw = random.Random(f"{self.seed} assignments")
        found = {}
        for worker in WORKERS:
            own = [p for p in PROJECTS if p.legal_entity == worker.legal_entity and p.code != PROJECT_OVER_CAP]
            if worker.name == NEW_HIRE:  # one trouble at a time
                own = [p for p in own if p.code not in (PROJECT_NOT_IN_ERP, *NEW_TASK_PROJECTS)]
            fitting = [p for p in own if p.practice == worker.practice]
            main = draw.choice(fitting or own)
            others = draw.sample([p for p in own if p is not main], draw.choice((1, 2, 2)))
            found[worker.code] = [main, *others]
        self._staff_every_project(found)
        return found

    def _staff_every_project(self, found: dict[str, list[Project]]) -> None:
        for project in PROJECTS:
            if any(project in projects for projects in found.values()):
                continue
            team = [w for w in WORKERS if w.legal_entity == project.legal_entity and w.name != NEW_HIRE]
            for worker in sorted(team, key=lambda w: (len(found[w.code]), w.practice != project.practice, w.code))[:2]:
                found[worker.code].append(project)

    @cached_property
    def entries(self) -> list[Entry]:
        """Every time entry, in order of day and id."""
        draw = random.Random(f"{self.seed} time")
        made = [entry for worker in WORKERS for entry in self._time_of(worker, draw)]
        made.sort(key=lambda entry: (entry.worked_on, entry.worker.code))
        numbered = [replace(entry, id=FIRST_ENTRY_ID + place * 3) for place, entry in enumerate(made)]
        return self._approve_some_late(self._rename_some_tasks(numbered))

    def _time_of(self, worker: Worker, draw: random.Random) -> Iterator[Entry]:
        away = self._away(worker, draw)
        day = self.months[0] if worker.name != NEW_HIRE else self.months[2] + timedelta(days=14)
        while day < self.today:
            free = day.weekday() in worker.days_off or day in away or draw.random() < 0.015
            if self.is_working_day(worker.legal_entity, day) and not free:
                yield from self._day(worker, day, draw)
            day += timedelta(days=1)
        yield from self._late_time(worker, draw)

    def _away(self, worker: Worker, draw: random.Random) -> set[date]:
        """Return the days of one or two weeks of leave."""
        days = (self.today - self.months[0]).days
        starts = [self.months[0] + timedelta(days=draw.randrange(days)) for _ in range(draw.choice((1, 1, 2)))]
        return {start + timedelta(days=offset) for start in starts for offset in range(7)}

    def _day(self, worker: Worker, day: date, draw: random.Random) -> Iterator[Entry]:
        projects = self.assignments[worker.code]
        if PROJECT_OVER_CAP in (project.code for project in projects) and day.weekday() in (1, 2):
            full_day = next(project for project in projects if project.code == PROJECT_OVER_CAP)
            yield self._entry(worker, full_day, "PMO", day, Decimal(8), draw)
            return
        usual = Decimal("7.0") if day.weekday() == 4 else Decimal("8.0")
        left = usual + Decimal(draw.choice((-2, -1, 0, 0, 0, 0, 1, 2, 4))) / 4
        if draw.random() < 0.09:
            hours = Decimal(draw.choice((4, 6, 8))) / 4
            internal = next(p for p in INTERNAL_PROJECTS if p.legal_entity == worker.legal_entity)
            yield self._entry(worker, internal, INTERNAL_TASK.code, day, hours, draw)
            left -= hours
        others = [project for project in projects if project.code != PROJECT_OVER_CAP]
        for hours in _split(left, draw):
            project = others[0] if draw.random() < 0.68 else draw.choice(others)
            task = draw.choices(TASKS, [task.weight for task in TASKS])[0].code
            yield self._entry(worker, project, task, day, hours, draw)

    def _late_time(self, worker: Worker, draw: random.Random) -> Iterator[Entry]:
        """Return entries of the closed month that two consultants of each company found in their notebooks."""
        colleagues = [w for w in WORKERS if w.legal_entity == worker.legal_entity]
        if colleagues.index(worker) not in (5, 8):
            return
        last = self.months[0] - timedelta(days=1)
        days = [last - timedelta(days=back) for back in range(14)]
        working = [day for day in days if self.is_working_day(worker.legal_entity, day)]
        for day in working[: LATE_INTO_CLOSED // 6]:
            project = next(p for p in self.assignments[worker.code] if p.code != PROJECT_NOT_IN_ERP)
            entry = self._entry(worker, project, "ANL", day, Decimal(draw.choice((6, 10, 15))) / 4, draw)
            created = datetime.combine(self.months[0] + timedelta(days=17), time(17, 5), UTC)
            yield replace(entry, late="closed", created_at=created, approved_at=created + timedelta(days=3, hours=16))

    def _entry(
        self, worker: Worker, project: Project, task: str, day: date, hours: Decimal, draw: random.Random
    ) -> Entry:
        created = datetime.combine(day, time(15 + draw.randrange(4), draw.randrange(60), draw.randrange(60)), UTC)
        monday = day + timedelta(days=7 - day.weekday())
        lag = timedelta(days=draw.choice((0, 0, 0, 1)))
        approved = datetime.combine(monday, time(8 + draw.randrange(8), draw.randrange(60)), UTC) + lag
        return Entry(
            id=0,
            worker=worker,
            project=project,
            task=task,
            worked_on=day,
            hours=hours.quantize(CENT),
            notes=notes.write(draw, project.practice, task),
            created_at=created,
            approved_at=approved if approved < self.now else None,
        )

    def _rename_some_tasks(self, entries: list[Entry]) -> list[Entry]:
        """Give the latest approved entries of two projects a task that the ERP does not know."""
        draw = random.Random(f"{self.seed} tasks")
        fitting = [e for e in entries if e.project.code in NEW_TASK_PROJECTS and e.approved_at and not e.late]
        chosen = {entry.id for entry in fitting[-NEW_TASK_ENTRIES:]}
        return [
            replace(e, task=NEW_TASK.code, notes=notes.write(draw, e.project.practice, NEW_TASK.code))
            if e.id in chosen
            else e
            for e in entries
        ]

    def _approve_some_late(self, entries: list[Entry]) -> list[Entry]:
        """Let some entries of the middle month be approved days after its cut-off."""
        first, end = self.months[1], self.months[2]
        fitting = [
            e
            for e in entries
            if first <= e.worked_on < end and e.worker.legal_entity == "HP-GB" and e.worker.role != MISSING_RATE[0]
        ]
        chosen = {entry.id for entry in fitting[-LATE_APPROVED:]}
        moment = self.cut_off(first) + timedelta(days=4, hours=15, minutes=20)
        return [replace(e, approved_at=moment, late="cut_off") if e.id in chosen else e for e in entries]


def _split(hours: Decimal, draw: random.Random) -> list[Decimal]:
    """Cut a day into one to three pieces of quarter hours; now and then a timer leaves an odd number."""
    quarters, pieces = int(hours * 4), draw.choice((1, 2, 2, 2, 3, 3))
    if pieces == 1:
        return [Decimal(quarters) / 4]
    cuts = sorted(draw.sample(range(2, quarters - 1), pieces - 1))
    found = [Decimal(b - a) / 4 for a, b in zip([0, *cuts], [*cuts, quarters], strict=True)]
    if draw.random() < 0.12:
        found[0] += Decimal(draw.choice((-7, -3, 2, 8))) / 100
    return found


def _months_before(month: date, back: int) -> date:
    """Return the first day of the month `back` months before; negative goes forward."""
    number = month.year * 12 + month.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)
