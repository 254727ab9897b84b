"""Until when the firm's work has to be through: each company bills and closes its months."""

import datetime as dt
from collections.abc import Iterable

from exceptions_queue.models import CutOff, CutOffKind
from exceptions_queue.recurrence import Covers, Rule
from governance import audit
from governance.actor import By
from governance.models import LegalEntity

KEPT = (("Monthly billing", CutOffKind.BILLING, 3, dt.time(18)), ("Month's close", CutOffKind.CLOSE, 5, dt.time(12)))


def make(companies: Iterable[LegalEntity], *, by: By) -> None:
    """Make the cut-offs that are not there yet."""
    for company in companies:
        for name, kind, number, at in KEPT:
            usual = {"kind": kind, "rule": Rule.WORKING_DAY, "number": number, "at": at, "covers": Covers.MONTH_BEFORE}
            row, is_new = CutOff.objects.get_or_create(legal_entity=company, name=name, defaults=usual)
            if is_new:
                audit.record(by=by, verb="add", thing=row, after={"name": name}, legal_entity=company)
