"""The things that have drafts: their documents, the companies they belong to, and where they are shown."""

from collections.abc import Iterable

from django.db import models
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from connectors import uses
from connectors.connection_form import ConnectionForm
from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE, By
from governance.encrypted import seals
from governance.models import BusinessCalendar, LegalEntity, State, Version
from governance.models.version import READING
from governance.rights import Right, allowed, require
from hub.api import documents
from hub.changes import telling
from hub.changes.telling import Told
from hub.changes.titles import Titles
from hub.configuration.connections import manifest_of, without_secrets
from hub.configuration.differences import differences, spoken
from hub.configuration.form import Data
from hub.configuration.kind import Kind
from hub.configuration.kinds import KINDS
from hub.configuration.mistakes import Place
from routes import concerned
from routes.models import Destination, Route
from routes.route_forms import DestinationForm, RouteForm

OF_KIND: dict[str, Kind] = {
    "connection": KINDS["connections"], "route": KINDS["routes"], "schedule": KINDS["schedules"],
    "calendar": KINDS["calendars"],
}  # fmt: skip


LABELS: dict[str, dict[str, str]] = {
    kind: {spoken(name): str(field.label) for name, field in form.base_fields.items() if field.label}
    for kind, form in (
        ("route", RouteForm), ("destination", DestinationForm), ("connection", ConnectionForm),
    )
} | {"schedule": {}, "calendar": {}}  # fmt: skip
FOR_FILES = ((": not in the folder", ": it is taken out"), (": not here yet", ": new"))  # as pages say it
Names = dict[tuple[str, int | None], str]  # of routes, by short name and company
OPEN = (State.DRAFT, State.SUBMITTED, State.APPROVED)


def kind_of(folder: str) -> str:
    """Return the kind of versions that a folder's things have; "" where they have none of these."""
    return next((name for name, kind in OF_KIND.items() if kind.folder == folder), "")


def may_read(by: By, company: LegalEntity | None) -> bool:
    """Return whether somebody may read the documents of a company's things."""
    return any(allowed(by, right, company) for right in READING)


def require_reading(by: By, company: LegalEntity | None) -> None:
    """Raise NotAllowed unless somebody may read the documents of a company's things."""
    if not may_read(by, company):
        require(by, Right.APPROVE_CONFIGURATION, company)


def is_foreign(version: Version) -> bool:
    """Return whether what is in force under a version's name is another company's: it is told nothing of that."""
    return standing_for(version)[1]


def here_for(version: Version) -> Data:
    """Return what stands in the rows of a version's thing; nothing of another company's."""
    return standing_for(version)[0]


def standing_for(version: Version) -> tuple[Data, bool]:
    """Return `here_for` and `is_foreign` of a version, which are asked for together."""
    here, company = document(version.kind, version.object_key), version.legal_entity
    is_own = owner(version.kind, here) == company
    return (here, False) if is_own else ({}, bool(here))


def base_for(version: Version) -> Data:
    """Return what a version was written on; nothing of another company's."""
    base = version.based_on
    return base.content if base is not None and base.legal_entity_id == version.legal_entity_id else {}


def seal_in_force(version: Version) -> str:
    """Return what is another text once secrets of a version's thing in force were entered anew; "" of what has none."""
    if version.kind != "connection":
        return ""
    return seals(Connection.objects.filter(slug=version.object_key), "secrets")


def documents_for(versions: Iterable[Version]) -> dict[tuple[str, str, int | None], Data]:
    """Return what stands in the rows of the things of many versions, by kind, name and company; nothing of another's.

    As many queries as a kind takes, however many versions there are. A schedule names no company, so it is told to all.
    """
    rows = list(versions)
    stands = {kind: documents.told(OF_KIND[kind], ENGINE) for kind in {each.kind for each in rows}}
    found: dict[tuple[str, str, int | None], Data] = {}
    for each in rows:
        here = stands[each.kind].get(each.object_key, {})
        code = each.legal_entity.code if each.legal_entity else None
        found[each.kind, each.object_key, each.legal_entity_id] = here if here.get("legal_entity", code) == code else {}
    return found


def document(kind: str, name: str) -> Data:
    """Return what stands in the rows of a thing, in its one writing; empty where there is no such thing."""
    return documents.told(OF_KIND[kind], ENGINE).get(name, {})


def owner(kind: str, *contents: Data) -> LegalEntity | None:
    """Return the company of the first of these documents that names one."""
    found = (documents.owner_of(OF_KIND[kind], each, ENGINE) for each in contents if each)
    return next((each for each in found if each is not None), None)


def in_force(kind: str, name: str) -> Version | None:
    """Return the version that says what stands in the rows; one is kept now where none does yet."""
    here = document(kind, name)
    past = Version.objects.of(kind, name).in_force().first()
    if here == (past.content if past else {}):
        return past
    company = owner(kind, here, past.content if past else {})
    return versions.keep(
        kind=kind, object_key=name, content=here, by=ENGINE, reason="found as it was", legal_entity=company
    )


def companies(version: Version) -> list[LegalEntity]:
    """Return the companies that a version concerns: its own, and those of the connections that its route uses.

    Both as things are and as they are to be, and all on the way of the routes that a route takes up from or feeds. Of a
    connection: its own, and those whose records come or go through it.
    """
    wanted, key = version.content, version.object_key
    used = {each.get("connection") for each in (wanted, *wanted.get("destinations", [])) if each.get("connection")}
    of_one = Q(pk=version.legal_entity_id) | Q(code=wanted.get("legal_entity", ""))
    of_used = Q(pk__in=Connection.objects.filter(slug__in=used).values("legal_entity"))
    if version.kind in ("route", "schedule"):
        route, ends = Route.objects.filter(slug=key), Destination.objects.filter(route__slug=key)
        of_one |= Q(pk__in=route.values("legal_entity"))
        of_used |= Q(pk__in=route.values("connection__legal_entity")) | Q(
            pk__in=ends.values("connection__legal_entity")
        )
        of_used |= Q(pk__in=_on_the_way(route, wanted.get("upstream") or {}))
    elif version.kind == "connection":
        rows = Connection.objects.filter(slug=key)
        of_one |= Q(pk__in=rows.values("legal_entity"))
        of_used |= Q(pk__in=uses.companies(rows.values_list("pk", flat=True)))
    return list(LegalEntity.objects.filter(of_one | of_used).order_by("code"))


def _on_the_way(route: "models.QuerySet[Route]", upstream: Data) -> set[int]:
    """Return the companies on the way of a route as it stands, and of the destination that it is to take up from."""
    stands = list(route.values_list("pk", "upstream"))
    wanted = Destination.objects.filter(route__slug=upstream.get("route", ""), name=upstream.get("destination", ""))
    taken = wanted.values_list("pk", flat=True) if upstream else ()
    return concerned.companies(routes=[pk for pk, _ in stands], upstream=[*(up for _, up in stands), *taken])


def is_thrown_away(version: Version) -> bool:
    """Return whether a version is a draft that was thrown away: made of the history, no row."""
    return version._state.adding


def second_person_of(version: Version) -> str:
    """Return the reference of the person who has approved a version; "" where no second person was asked for."""
    return "" if version.approved_by in (None, versions.ONE_PERSON.reference) else version.approved_by


def open_drafts(kind: str, name: str) -> "models.QuerySet[Version]":
    """Return the drafts of a thing that are not in force yet, the newest first."""
    return Version.objects.of(kind, name).filter(state__in=OPEN)


def names_of(versions: Iterable[Version]) -> Names:
    """Return the names of the routes whose schedules these versions are about. One query; none where there are none."""
    slugs = {each.object_key for each in versions if each.kind == "schedule"}
    found = Route.objects.filter(slug__in=slugs).values_list("slug", "legal_entity_id", "name") if slugs else ()
    return {(slug, company): name for slug, company, name in found}


def title(version: Version, names: Names | None = None) -> str:
    """Return what people call a version's thing: "Route Approved time from Harvest to NetSuite".

    A schedule is called as its route; who tells many gives `names_of` them.
    """
    names = names_of([version]) if names is None else names
    of_route = names.get((version.object_key, version.legal_entity_id)) if version.kind == "schedule" else ""
    named = version.content.get("name") or of_route or version.object_key
    return f"{OF_KIND[version.kind].one.capitalize()} {named}"


def said(kind: str, here: Data, wanted: Data, titles: Titles | None = None) -> list[str]:
    """Return in words what `told` returns, with nothing cut."""
    return telling.whole(told(kind, here, wanted, titles))


def told(kind: str, here: Data, wanted: Data, titles: Titles | None = None) -> list[Told]:
    """Return what changes from one document to another; answers that are or might be secrets are not told.

    Who tells many gives the same `titles` each time.
    """
    titles = titles or Titles()
    if kind == "schedule" and (before := titles.schedule(here)) != (after := titles.schedule(wanted)):
        return [Told(f"Runs by itself: {before} → {after}")]
    if not wanted:
        return [Told("It is taken out.")] if here else []
    manifest = manifest_of(wanted.get("connector", "")) if kind == "connection" else None
    if kind == "connection":
        here, wanted = (without_secrets(each, manifest) if each else {} for each in (here, wanted))
    asked = {spoken(q.name): q.title for q in manifest.questions} if manifest else {}

    def worded(words: str) -> str:
        words = _called(kind, words, asked) if words else ""
        for theirs, ours in FOR_FILES if here else (*FOR_FILES, (": nothing → ", ": ")):
            words = words.replace(theirs, ours, 1)
        return words

    found = differences(OF_KIND[kind].folder, *titles.both(kind, here, wanted))
    return [Told(worded(each.words), worded(each.whole), each.values) for each in found]


def secrets_said(version: Version, names: Iterable[str]) -> list[str]:
    """Return the questions of a connection that secrets answer, as people read them."""
    manifest = manifest_of(version.content.get("connector", ""))
    asked = {q.name: q.title for q in manifest.questions} if manifest else {}
    return sorted(asked.get(name, spoken(name)) for name in names)


def field_of(document: Data, place: Place) -> str:
    """Return what people call the place in a document where something is wrong; of an answer or secret its question."""
    manifest = manifest_of(document.get("connector", "")) if place[:1] in (("answers",), ("secrets",)) else None
    asked = {q.name: q.title for q in manifest.questions} if manifest else {}
    if asked.get(str(place[1]) if len(place) > 1 else ""):
        return asked[str(place[1])]
    words = ""
    for step in place:
        if isinstance(step, int):
            words = f"{words.removesuffix('s')} {step + 1}"
        else:
            words += f"{', ' if words else ''}{spoken(step)}"
    return words


def _called(kind: str, words: str, asked: dict[str, str]) -> str:
    """Name the field of a difference as its form does: “Switched on: yes → no”."""
    path, colon, values = words.partition(": ")
    before, comma, name = path.rpartition(", ")
    of_destination = before.startswith("destination ")
    labels = asked if before == "answers" else LABELS["destination" if of_destination else kind]
    label = labels.get(name, name)
    if before == "answers":
        return f"{label}{colon}{values}"
    return f"{before}{comma}{label if before else label[:1].upper() + label[1:]}{colon}{values}"


def page_of(version: Version) -> str:
    """Return the address of the page of a version's thing in the administration; "" where there is none yet."""
    places: dict[str, tuple[type[models.Model], str, str]] = {
        "connection": (Connection, "slug", "connectors_connection"), "route": (Route, "slug", "routes_route"),
        "schedule": (Route, "slug", "routes_route"),
        "calendar": (BusinessCalendar, "legal_entity__code", "governance_businesscalendar"),
    }  # fmt: skip
    model, field, at = places[version.kind]
    row = model._default_manager.filter(**{field: version.object_key}).first()
    try:
        return reverse(f"admin:{at}_change", args=[row.pk]) if row is not None else ""
    except NoReverseMatch:
        return ""
