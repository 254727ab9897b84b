"""Loads the demonstration firm, step by step; each step leaves alone what is there."""

from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

from governance.models import LegalEntity, User
from hub.demonstration import cut_offs, movement, rules, schedules, staff, systems, tables
from hub.demonstration import firm as sandbox_firm
from hub.supervisor import left_out
from routes.models import Route


class LeftOut(Exception):
    """The database is somebody else's: the demonstration must not touch it. The message says why."""


@dataclass(frozen=True)
class Loaded:
    """What stands in the hub now."""

    entities: dict[str, LegalEntity]
    people: dict[str, User]
    routes: list[Route]
    rows: int  # of lookup tables that were added now
    facts: sandbox_firm.Facts


@transaction.atomic
def load(*, harvest: str, netsuite: str, state: Path | None = None) -> Loaded:
    """Load the firm whose systems answer at these addresses; `state` is the sandbox's folder.

    Raises LeftOut where the database has what the demonstration did not make.
    """
    require_ours()
    facts = sandbox_firm.facts(state)
    _refuse_to_make_people_anew()
    first = not is_loaded()
    entities = staff.companies(facts["legal_entities"])
    people = staff.people(entities)
    rows = tables.make(facts, people)
    owner = entities[facts["legal_entities"][0]["code"]]
    time_tool, erp = systems.connect(facts, harvest=harvest, netsuite=netsuite, owner=owner, by=people["ingrid"])
    routes = movement.make(time_tool, erp, by=people["ingrid"])
    schedules.make(routes)
    cut_offs.make(entities.values(), by=people["ingrid"])
    if first:
        rules.make(entities.values(), people, next(each for each in routes if each.slug == movement.TIME))
    return Loaded(entities, people, routes, rows, facts)


def is_loaded() -> bool:
    """Return whether the database has the demonstration already, whatever became of it."""
    with connection.cursor() as cursor:
        return left_out.is_loaded(cursor)


def _refuse_to_make_people_anew() -> None:
    """Raise LeftOut where somebody renamed or removed people of the demonstration: they would get a known password."""
    if is_loaded() and (gone := staff.gone()):
        raise LeftOut(
            f"The demonstration was left out: it was loaded before, and {' and '.join(gone)} "
            f"{'is' if len(gone) == 1 else 'are'} not there any more under that name. Nobody is made anew."
        )


def require_ours() -> None:
    """Raise LeftOut unless the database is empty or the demonstration's."""
    with connection.cursor() as cursor:
        if why := left_out.why(cursor):
            raise LeftOut(f"The demonstration was left out: {why}.")
