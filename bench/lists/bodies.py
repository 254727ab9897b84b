"""What entries say, and their bodies: as received, in the hub's words and as sent, each of a page in one row."""

import datetime as dt
import random
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db import connection

from bench.lists.spread import CURRENCIES
from bench.work import TABLES

PLACES = 4  # digits of an id that say which body of its row is meant
STAGES = ("source", "canonical", "request")
RATES = tuple(Decimal(rate) for rate in ("95.00", "110.00", "137.50", "162.00", "185.00"))
ROLES = ("Analyst", "Consultant", "Senior Consultant", "Manager", "Principal")
NOTES = ("Build and unit tests", "Workshop with the client", "Cut-over plan", "Review of interfaces", "Data migration")
CODES = {name: list(rows.items()) for name, rows in TABLES.items()}
COPY = "COPY routes_payload (id, stage, ends, bodies, hits, hit_ends) FROM STDIN (FORMAT BINARY)"


@dataclass(frozen=True, slots=True)
class Facts:
    """One entry."""

    number: int
    company: str
    day: dt.date
    hours: Decimal
    rate: Decimal
    pick: int  # which worker, project, task and notes
    version: int = 1

    @property
    def key(self) -> str:
        """Return its business key."""
        return f"TE-{self.number:08}"

    @property
    def amount(self) -> Decimal:
        """Return hours times rate, in the company's currency, rounded as the hub's mapping does."""
        return (self.hours * self.rate).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def currency(self) -> str:
        """Return the company's currency."""
        return CURRENCIES[self.company]

    def changed(self) -> "Facts":
        """Return its next version: somebody has corrected the hours."""
        return replace(self, version=self.version + 1, hours=self.hours + Decimal("0.25"))


def facts(chance: random.Random, number: int, company: str, at: dt.datetime) -> Facts:
    """Return an entry, booked some days before it is read."""
    hours = Decimal(chance.randint(1, 40)) / 4
    day = at.date() - dt.timedelta(days=chance.randint(0, 20))
    return Facts(number, company, day, hours, RATES[number % 5], chance.getrandbits(20))


class Page:
    """Bodies of a page, about to be stored; a row for each stage."""

    def __init__(self, *ids: str) -> None:
        """Begin with none; `ids` are 32 digits, one for each stage."""
        self.prefixes = [id_[:-PLACES] for id_ in ids]
        self.bodies: tuple[list[bytes], ...] = ([], [], [])

    def add(self, entry: Facts) -> tuple[str, ...]:
        """Add an entry's bodies; return the id of each."""
        for kept, body in zip(self.bodies, _bodies(entry), strict=True):
            kept.append(body.encode())
        place = len(self.bodies[0]) - 1
        return tuple(f"{prefix}{place:04x}" for prefix in self.prefixes)


def write(page: Page) -> None:
    """Write a page's bodies. One COPY."""
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(["uuid", "text", "int4[]", "bytea", "int8[]", "int4[]"])
        for stage, prefix, kept in zip(STAGES, page.prefixes, page.bodies, strict=True):
            ends, end = [], 0
            for body in kept:
                end += len(body)
                ends.append(end)
            if ends:
                copy.write_row((UUID(f"{prefix}0000"), stage, ends, b"".join(kept), [], [0] * len(ends)))


def _bodies(e: Facts) -> tuple[str, str, str]:
    (worker, worker_id), (project, project_id), (task, task_id) = (
        CODES[name][e.pick % len(CODES[name])] for name in ("workers", "projects", "tasks")
    )
    role, notes, moment = ROLES[e.number % 5], NOTES[e.pick % 5], f"{e.day}T17:30:00"
    return (
        f'{{"amount":{e.amount},"bill_rate":{e.rate},"billable":true,"changed_at":"{moment}.000000Z",'
        f'"currency":"{e.currency}","hours":{e.hours},"id":{e.number},"key":"{e.key}","legal_entity":"{e.company}",'
        f'"notes":"{notes}","project_code":"{project}","role":"{role}","status":"approved","task_code":"{task}",'
        f'"version":{e.version},"worked_on":"{e.day}","worker_code":"{worker}"}}',
        f'{{"amount":"{e.amount}","approval_status":"approved","bill_rate":"{e.rate}","billable":true,'
        f'"changed_at":"{moment}Z","currency":"{e.currency}","description":"{notes}","entry_id":"{e.key}",'
        f'"hours":"{e.hours}","legal_entity":"{e.company}","period":"{e.day:%Y-%m}","project_code":"{project}",'
        f'"role":"{role}","task_code":"{task}","worked_on":"{e.day}","worker_id":"{worker}"}}',
        f'{{"amount":{e.amount},"bill_rate":{e.rate},"billable":true,"changed_at":"{moment}Z",'
        f'"currency":"{e.currency}","description":"{notes}","hours":{e.hours},"key":"{e.key}",'
        f'"legal_entity":"{e.company}","period":"{e.day:%Y-%m}","project":"{project_id}","role":"{role}",'
        f'"task":"{task_id}","worked_on":"{e.day}","worker":"{worker_id}"}}',
    )


def exchange(e: Facts, done: bool) -> str:
    """Return the redacted exchange of a call about an entry."""
    status, answer = (201, f'{{\\"id\\": \\"L{e.number:09}\\"}}') if done else (422, '{\\"error\\": \\"refused\\"}')
    request = _bodies(e)[2].replace('"', '\\"')
    return (
        f'{{"method": "POST", "url": "https://ledger.example/entries", "status": {status}, "duration_ms": 41,'
        f' "request_body": "{request}", "response_body": "{answer}"}}'
    )
