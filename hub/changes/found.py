"""Finds the version that a page is about, for those who may read it."""

from collections.abc import Iterable
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from exceptions_queue.pages.door import person
from governance.actor import names
from governance.models import AuditEntry, LegalEntity, Version
from governance.models.version import PUT_INTO_ROWS
from hub.changes import things

WRITING = ("draft", "revise", "keep")  # deeds of those who wrote in a version
MOST = 200  # audit entries of a version that are looked through


def version_of(request: HttpRequest, pk: UUID) -> Version:
    """Return a version. Raises Http404 where the person does not see its company, and NotAllowed."""
    rows = Version.objects.visible_to(person(request)).filter(kind__in=PUT_INTO_ROWS)
    found = get_object_or_404(rows.select_related("legal_entity", "based_on", "proposed_secrets"), pk=pk)
    things.require_reading(person(request), found.legal_entity)
    return found


def version_or_thrown_away(request: HttpRequest, pk: UUID) -> Version:
    """Return a version, also a draft that was thrown away: as it was last, and not to be saved. Raises Http404."""
    gone = None if Version.objects.filter(pk=pk).exists() else Version.history.filter(id=pk, history_type="-").first()
    if gone is None:
        return version_of(request, pk)
    company = LegalEntity.objects.visible_to(person(request)).filter(pk=gone.legal_entity_id).first()
    if company is None or gone.kind not in PUT_INTO_ROWS:
        raise Http404("There is no such version.")
    things.require_reading(person(request), company)
    found: Version = gone.instance
    return found


def entries_of(version: Version) -> list[AuditEntry]:
    """Return what was done with a version last, the newest first."""
    found = AuditEntry.objects.filter(thing_kind="governance.version", thing_id=str(version.pk))
    return list(found.order_by("-at")[:MOST])


def authors_of(versions: Iterable[Version]) -> dict[UUID, str]:
    """Return who wrote in each of these versions, in words, the author first. Two queries.

    What audit entries say counts: among a version's contributors are also those who may act as one who wrote it.
    """
    by_id = {str(each.pk): each for each in versions}
    wrote = AuditEntry.objects.filter(thing_kind="governance.version", thing_id__in=by_id, verb__in=WRITING)
    found: dict[str, dict[str, None]] = {each: {} for each in by_id}
    for thing, name in wrote.order_by("at").values_list("thing_id", "actor_name"):
        found[thing][name] = None
    called = names({each.author for each in by_id.values()})
    return {each.pk: _listed([*found[key]] or [called[each.author]]) for key, each in by_id.items()}


def _listed(people: list[str]) -> str:
    *others, last = people
    return f"{', '.join(others)} and {last}" if others else last
