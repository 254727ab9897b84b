"""Shows what a route's next run would do with its draft, beside what it would do as it is now, on the same records.

The draft is put into the rows, the route's plan is made of them, and all of it is undone before the source is asked.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

from django.db import transaction

from canonical.entities import ENTITIES
from governance import second_person
from governance.actor import ENGINE, By
from governance.models import Version
from governance.rights import Right, require
from governance.versions import WrongState
from hub.changes import putting, things
from hub.changes.naming import FORMULAS
from hub.configuration.form import Data
from mappings import reading
from mappings.batch import references_seen_by
from routes import preview
from routes.models import Route
from routes.preview import Line, NoPreview, Prepared, Preview


@dataclass(frozen=True, slots=True)
class Compared:
    """What a run would begin with, as things are and with the draft."""

    then: Preview  # with the draft
    now: Preview | None  # as things are; None where that cannot be told of the same records
    why: str  # there is no `now`
    differ: list[tuple[Line, Line]]  # records of which something else would become: now, and with the draft
    alike: int  # records of which the same would become

    @property
    def totals(self) -> list[tuple[str, int, int]]:
        """Return how many records would end how: in words, now, and with the draft."""
        now, then = dict(self.now.totals) if self.now else {}, dict(self.then.totals)
        return [(words, now.get(words, 0), then.get(words, 0)) for words in dict.fromkeys([*now, *then])]


def can_be_previewed(version: Version) -> bool:
    """Return whether a version is a route's draft that may still come into force."""
    return version.kind == "route" and version.state in things.OPEN and bool(version.content)


def of_draft(version: Version, *, by: By) -> Compared:
    """Return what the next run would begin with if a draft were in force. Nothing is kept, sent or moved.

    Raises NotAllowed as the preview of a route does, where it is and where the draft puts it, and where the person
    does not see another connection that it would read; NoPreview; WrongState, and NotPossible with what is wrong.
    """
    require(by, Right.EDIT_CONFIGURATION, version.legal_entity)
    if not can_be_previewed(version):
        raise WrongState(f"{things.title(version)} is no draft of a route any more, so there is nothing to foresee.")
    putting.refuse_foreign(version)
    drafted = _with_draft(version, by)
    now, why = _as_it_is(version, drafted, by)
    raws = preview.read(drafted)
    before = preview.foreseen(now, deepcopy(raws), by=by) if now else None
    with references_seen_by(by):
        then = preview.foreseen(drafted, raws, by=by, untold=_untold(version, by))
    preview.noted(version, then, by=by, legal_entity=version.legal_entity)
    pairs = list(zip(before.lines, then.lines, strict=True)) if before else []
    differ = [(old, new) for old, new in pairs if old != new]
    return Compared(then, before, why, differ, len(pairs) - len(differ))


def _untold(version: Version, by: By) -> Callable[[int], bool]:
    """Return what says of a company whether a formula that is new in the draft reads what somebody may not see there.

    Those that stand were agreed to by others; with one of their own, people would learn pay by comparing it.
    """
    here = set(_formulas(things.here_for(version)))
    new = [each for each in _formulas(version.content) if each not in here]
    entity = ENTITIES.get(str(version.content.get("canonical_entity")))
    known: dict[int, bool] = {}

    def untold(company: int) -> bool:
        if company not in known:
            known[company] = entity is not None and any(
                reading.reads_hidden(each, entity, by=by, legal_entity=company) for each in new
            )
        return known[company]

    return untold


def _formulas(document: Data) -> Iterator[str]:
    """Yield the formulas of a route's document, its own and those of its destinations."""
    for part in (document, *document.get("destinations", ())):
        yield from (str(part[name]) for name in FORMULAS if part.get(name))


def _with_draft(version: Version, by: By) -> Prepared:
    read_now = Route.objects.filter(slug=version.object_key).values_list("connection", flat=True).first()
    with second_person.agreed(), transaction.atomic():
        putting.put(version.kind, version.object_key, version.content, by=ENGINE, secrets={}, reason="")
        route = Route.objects.select_related("legal_entity", "connection__legal_entity").get(slug=version.object_key)
        if route.connection is not None and route.connection_id != read_now:  # the preview of the route reads that
            require(by, Right.VIEW, route.connection.legal_entity)
        found = preview.prepared(route, by=by)
        transaction.set_rollback(True)
    return found


def _as_it_is(version: Version, drafted: Prepared, by: By) -> tuple[Prepared | None, str]:
    """Return what a preview of the route as it stands needs; None with the reason where it reads something else."""
    route = Route.objects.select_related("legal_entity", "connection").filter(slug=version.object_key).first()
    if route is None:
        return None, "It is new: there is nothing yet to compare with."
    try:
        now = preview.prepared(route, by=by)
    except NoPreview as none:
        return None, f"As things are it cannot be foreseen: {none}"
    if (now.connection.pk, now.stream.name) != (drafted.connection.pk, drafted.stream.name):
        return None, "It would read other records than it does now, so there is nothing to compare with."
    return now, ""
