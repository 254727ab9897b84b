"""Lets open drafts go on under the short name that their thing was given: it says what they are of."""

from django.db import transaction

from governance import renaming
from governance.actor import By
from governance.models import Version
from hub.changes import things
from hub.configuration.form import Data

NAMED_BY = {"schedule": "route"}  # the field of a document that has the name; of others it is the slug


@transaction.atomic
def follow(kind: str, old: str, name: str, *, by: By) -> list[Version]:
    """Make the open drafts of what was called `old` drafts of `name`, and return them.

    One that was written on what is in force, but for the name, stays so; else it is overtaken, as before.
    """
    here = things.document(kind, name)
    if things.document(kind, old):  # another thing has been given the name since
        return []
    named = here or {NAMED_BY.get(kind, "slug"): name}
    owner, current = things.owner(kind, named), things.in_force(kind, name)
    done = []
    for row in things.open_drafts(kind, old).filter(legal_entity=owner).order_by("number"):
        based_on = row.based_on
        if based_on is not None and _called(kind, based_on.content, name) == here:
            based_on = current
        content = _called(kind, row.content, name)
        reason = f"{old} is called {name} now"
        done.append(renaming.go_on_as(row, name, content=content, by=by, based_on=based_on, reason=reason))
    return done


def _called(kind: str, document: Data, name: str) -> Data:
    """Return a document of the thing of another name; one that takes it out names nothing."""
    return {**document, NAMED_BY.get(kind, "slug"): name} if document else document
