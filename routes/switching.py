"""Switching a route on and off by itself, with a reason: the form of the route changes more at once."""

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit, second_person
from governance.actor import By
from governance.rights import Right, require
from governance.still_there import held
from routes import nudges
from routes.models import Destination, Route


@transaction.atomic
def switch(route: Route, *, on: bool, by: By, reason: str = "") -> None:
    """Let a route work, or not. Switching it to what it is already changes nothing.

    Stopping is never held up; to switch it on needs a second person where its company wants one.

    Raises governance.rights.NotAllowed, NeedsSecondPerson, Gone, and ValueError with everything that keeps it from
    working, one on each line.
    """
    require(by, Right.EDIT_CONFIGURATION, route.legal_entity)
    row = held(Route.objects.all(), route)
    if row.enabled == on:
        return
    if on:
        second_person.require_agreed(by, row.companies_concerned(), thing=str(row))
        _refuse_what_cannot_run(row)
    row.enabled = on
    row.save(update_fields=["enabled"])
    audit.record(
        by=by, verb="switch_on" if on else "switch_off", thing=row, before={"enabled": not on}, after={"enabled": on},
        reason=reason, legal_entity=row.legal_entity_id,
    )  # fmt: skip
    if on:
        nudges.run(row.pk)
        nudges.events(row.pk)


def _refuse_what_cannot_run(route: Route) -> None:
    problems = _problems(route, "")
    for each in route.destinations.filter(enabled=True).select_related("connection"):
        problems += _problems(each, f"Destination {each}: ")
    if problems:
        raise ValueError("\n".join(problems))


def _problems(row: Route | Destination, whose: str) -> list[str]:
    try:
        row.clean()
    except ValidationError as error:
        return [f"{whose}{words}" for words in error.messages]
    return []
