"""Loads the demonstration firm, step by step; each step leaves alone what is there."""

from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from governance.models import LegalEntity, User
from hub.demonstration import firm as sandbox_firm
from hub.demonstration import movement, schedules, staff, systems, tables
from routes.models import Route


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
    """Load the firm whose systems answer at these addresses; `state` is the sandbox's folder."""
    facts = sandbox_firm.facts(state)
    entities = staff.companies(facts["legal_entities"])
    people = staff.people(entities)
    rows = tables.make(facts, people)
    owner = entities[facts["legal_entities"][0]["code"]]
    time_tool, erp = systems.connect(facts, harvest=harvest, netsuite=netsuite, owner=owner, by=people["ingrid"])
    routes = movement.make(time_tool, erp, by=people["ingrid"])
    schedules.make(routes)
    return Loaded(entities, people, routes, rows, facts)
