"""Ask a second person for changes of a company's configuration, where the company wants one.

Who switches that off stays bound by it until somebody else agrees, as with the approval of lookup tables: nobody gets a
change in force alone by changing the rule first. Verbs that change rows ask `require_agreed`; what a second person has
approved is put in force inside `agreed()`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.db.models import Q

from governance import audit
from governance.actor import ENGINE, By, as_actor
from governance.models import LegalEntity
from governance.rights import Right, called, require, require_other_person
from governance.same_person import behind, is_one_of
from governance.still_there import held
from governance.versions import WrongState

_agreed: ContextVar[bool] = ContextVar("agreed", default=False)


class NeedsSecondPerson(WrongState):
    """A change that has to be made as a draft, and approved by another person. The message says so, and where."""


@contextmanager
def agreed() -> Iterator[None]:
    """Let changes through inside: they were approved, or are only tried and undone."""
    token = _agreed.set(True)
    try:
        yield
    finally:
        _agreed.reset(token)


def has_agreed() -> bool:
    """Return whether changes are let through at the moment: no company needs to be asked for."""
    return _agreed.get()


def asks_for(by: By, companies: Iterable[LegalEntity | None]) -> LegalEntity | None:
    """Return one of these companies in which somebody's changes need a second person; None where in none.

    One query, and one more for a company that was loosened.

    What the rows say now counts, and not what was read a while ago.
    """
    actor, asked = as_actor(by), {each.pk for each in companies if each}
    if actor == ENGINE or not asked:
        return None
    held = LegalEntity.objects.filter(Q(second_person=True) | ~Q(loosened_by=[]), pk__in=asked).order_by("code")
    return next((each for each in held if each.second_person or is_one_of(actor, *each.loosened_by)), None)


def require_agreed(by: By, companies: Iterable[LegalEntity | None], *, thing: str) -> None:
    """Raise NeedsSecondPerson where a company of a thing asks for a second person and none has agreed."""
    if _agreed.get():
        return
    company = asks_for(by, companies)
    if company is None:
        return
    bound = "" if company.second_person else " (you have switched that off, and nobody else has agreed to it yet)"
    raise NeedsSecondPerson(
        f"Changes at {called(company, by)} need a second person{bound}, so {thing} was not changed. Save the change as "
        "a draft and send it for approval: another person looks at it under Changes."
    )


@transaction.atomic
def ask(company: LegalEntity, *, by: By, reason: str = "") -> LegalEntity:
    """Let changes of a company's configuration need a second person from now on."""
    require(by, Right.EDIT_CONFIGURATION, company)
    row = _locked(company)
    if not row.second_person:
        row.second_person = True
        _save(row, by, "switch_on", reason, {"second_person": False}, {"second_person": True})
    return row


@transaction.atomic
def ask_no_more(company: LegalEntity, *, by: By, reason: str) -> LegalEntity:
    """Let changes count at once again. Those of whoever says so need a second person until another agrees."""
    require(by, Right.EDIT_CONFIGURATION, company)
    row = _locked(company)
    if row.second_person:
        row.second_person, row.loosened_by = False, sorted({*row.loosened_by, as_actor(by).reference, *behind(by)})
        _save(row, by, "switch_off", reason, {"second_person": True}, {"second_person": False})
    return row


@transaction.atomic
def agree(company: LegalEntity, *, by: By, reason: str = "") -> LegalEntity:
    """Agree that changes of a company need no second person: those who switched it off are free again.

    Raises NotAllowed, also for one of those, and WrongState where there is nothing to agree to.
    """
    require(by, Right.APPROVE_CONFIGURATION, company)
    row = _locked(company)
    require_other_person(by, *row.loosened_by, thing=f"That changes of {row} need no second person")
    if row.second_person or not row.loosened_by:
        raise WrongState(f"There is nothing to agree to at {row}: it was switched on, or agreed to, meanwhile.")
    row.loosened_by = []
    _save(row, by, "approve", reason, None, {"second_person": False})
    return row


def _locked(company: LegalEntity) -> LegalEntity:
    return held(LegalEntity.objects.all(), company)


def _save(row: LegalEntity, by: By, verb: str, reason: str, before: object, after: object) -> None:
    row.save(update_fields=["second_person", "loosened_by"])
    audit.record(by=by, verb=verb, thing=row, before=before, after=after, reason=reason, legal_entity=row)
