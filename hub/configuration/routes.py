"""Routes as files, each with its destinations; judged by the forms of the administration."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Q, QuerySet

from connectors.models import Connection
from governance.actor import By
from governance.models import LegalEntity
from hub.configuration import form
from hub.configuration.companies import entity
from hub.configuration.connections import manifest_of
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kind import Kind, Put
from hub.configuration.mistakes import Place
from hub.configuration.work import Postponed, Work
from routes.models import Destination, Route
from routes.route_forms import DestinationForm, Offers, RouteForm

PLAIN = (
    "slug", "name", "stream", "group_by", "canonical_entity", "mapping", "order", "compare_days",
    "shrink_limit_percent", "fixed_fields", "role_fields", "lane", "enabled",
)  # fmt: skip
OF_DESTINATION = (
    "name", "stream", "lane", "condition", "condition_name", "group", "mapping", "key_formula", "correction",
    "delta_fields", "posting_date", "approval_formula", "batch_size", "window", "keeps_reference", "enabled",
)  # fmt: skip
ONE_SOURCE = "route_has_one_source"  # the constraint
LOOKED_UP = ("legal_entity", "connection")


class Routes(Kind):
    """From where records come, and where they go."""

    folder, one, key = "routes", "route", ("slug",)

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        found = Route.objects.visible_to(by).select_related("legal_entity", "connection", "upstream__route")
        return [_route(row) for row in found.prefetch_related("destinations__connection")]

    def in_order(self, files: list[File]) -> list[File]:
        """Return routes so that one that takes up what another has posted comes after it."""
        by_name = {file.name: file for file in files}
        placed: dict[str, File] = {}

        def place(file: File, above: frozenset[str]) -> None:
            upstream = str((file.value.get("upstream") or {}).get("route", ""))
            if upstream in by_name and upstream not in above:
                place(by_name[upstream], above | {file.name})
            placed.setdefault(file.place, file)

        for file in files:
            place(file, frozenset({file.name}))
        return list(placed.values())

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a route with its destinations; it waits where a mapping of it is not in force yet."""
        value = file.value
        row = Route.objects.visible_to(work.by).filter(slug=file.name).select_related("legal_entity").first() or Route()
        before = [row.legal_entity] if row.pk else []
        owner = entity(work, value.get("legal_entity"))
        self._wait_for_connections(work, value)
        given = self._given(work, row, value, owner)
        row.asked_by = work.by
        judged = RouteForm(given, instance=row)
        told = work.is_told(("connection",)) or work.is_told(("upstream",))
        judged.names_a_source = bool(told or value.get("connection") or value.get("upstream"))
        _judge(work, judged, ())
        _assign(row, Route, PLAIN, value)
        if owner is not None:
            row.legal_entity = owner
        owners = [*before, *([owner] if owner else [])]
        was, will = _alone(here), _alone(form.canonical(self.folder, value)) or {}
        if row._state.adding or was != will:  # else only its destinations differ, which have entries of their own
            work.save(row, owners, was, will)
        offers = Offers()
        for number, each in enumerate(value.get("destinations", [])):
            if each.get("name"):
                self._destination(work, row, each, ("destinations", number), offers)
        self._wait(work, value)
        self._take_out(work, row, here, value)
        return Put()

    def _given(self, work: Work, row: Route, value: Data, owner: LegalEntity | None) -> Data:
        """Return what the form is given, rows by their numbers."""
        name = value.get("connection")
        known = _or_present(Connection.objects.visible_to(work.by), row.connection_id).filter(slug=name)
        row.connection = _system(work, name, known, ("connection",))
        row.upstream = self._upstream(work, value.get("upstream"), row.upstream_id)
        given: Data = {name: value.get(name, _usual(Route, name)) for name in PLAIN}
        numbers = {"legal_entity": owner, "connection": row.connection, "upstream": row.upstream}
        return given | {name: each.pk if each else None for name, each in numbers.items()}

    def _wait_for_connections(self, work: Work, value: Data) -> None:
        """Put the route off while a connection of it is not there, because it waits for a person."""
        for name in (value.get("connection"), *(each.get("connection") for each in value.get("destinations", []))):
            if why := work.waiting.get(("connections", str(name))):
                raise Postponed(f"waits for the connection {name}, which {why}")

    def _upstream(self, work: Work, named: Data | None, present: int | None) -> Destination | None:
        if not named:
            return None
        route, name = named.get("route", ""), named.get("destination", "")
        rows = _or_present(Destination.objects.visible_to(work.by), present).filter(route__slug=route, name=name)
        if ("routes", route) in work.waiting:
            raise Postponed(f"waits for the route {route}, which {work.waiting['routes', route]}")
        found: Destination | None = work.named(
            "routes", route, rows, ("upstream",), f"destination “{name}” of the route"
        )
        return found

    def _destination(self, work: Work, route: Route, value: Data, place: Place, offers: Offers) -> None:
        found = Destination.objects.filter(route=route, name=value["name"]).select_related("connection").first()
        row = found or Destination(route=route)
        row.route = route
        old = None if row.pk is None else form.canonical(self.folder, {"destinations": [_destination(row)]})
        row.asked_by = work.by
        name = value.get("connection")
        known = _or_present(Connection.objects.visible_to(work.by), row.connection_id).filter(slug=name)
        at = _system(work, name, known, (*place, "connection"))
        given: Data = {name: value.get(name, _usual(Destination, name)) for name in OF_DESTINATION}
        given |= {
            "route": route.pk,
            "connection": at.pk if at else None,
            "delta_fields": json.dumps(given["delta_fields"]),
        }
        _judge(work, DestinationForm(given, instance=row, offers=offers), place)
        if at is None:
            return
        row.route, row.connection = route, at
        _assign(row, Destination, OF_DESTINATION, value)
        new = form.canonical(self.folder, {"destinations": [value]})
        if old != new:
            work.save(row, [route.legal_entity], old, new)

    def _wait(self, work: Work, value: Data) -> None:
        """Put the route off while a mapping of it waits for a person; its mistakes are told all the same."""
        used = [value.get("mapping"), *(each.get("mapping") for each in value.get("destinations", []))]
        for name in used:
            if not work.is_faulty and (why := work.waiting.get(("mappings", str(name)))):
                raise Postponed(f"waits for {why}")

    def _take_out(self, work: Work, route: Route, here: Data | None, value: Data) -> None:
        """Delete destinations that the file does not have, if that was asked for."""
        wanted = {each.get("name") for each in value.get("destinations", [])}
        gone = [each["name"] for each in (here or {}).get("destinations", []) if each["name"] not in wanted]
        for row in route.destinations.filter(name__in=gone) if not work.is_faulty else ():
            act = partial(work.delete, row, route.legal_entity, {"name": row.name})
            work.removal(f"destination of route {route.slug}:", row.name, act)

    def remove(self, work: Work, name: str) -> None:
        """Delete a route that has no records."""
        row = Route.objects.select_related("legal_entity").get(slug=name)
        work.removal(self.one, name, lambda: work.delete(row, row.legal_entity, {"slug": name, "name": row.name}))


def _system(work: Work, name: object, rows: QuerySet[Any], place: Place) -> Connection | None:
    """Return the connection that a file names; where its own file names no connector nothing is judged by it."""
    found: Connection | None = work.named("connections", name, rows, place, "connection")
    if found is not None and ("connections", found.slug) in work.lost and manifest_of(found.connector) is None:
        work.distrust(place)
    return found


def _or_present(visible: QuerySet[Any], present: int | None) -> QuerySet[Any]:
    """Return what somebody sees, and what stands in the row already: that may stay, whosever it is."""
    if present is None:
        return visible
    either: QuerySet[Any] = visible.model._default_manager.filter(Q(pk__in=visible.values("pk")) | Q(pk=present))
    return either


def _route(row: Route) -> Data:
    upstream = row.upstream
    return {name: getattr(row, name) for name in PLAIN} | {
        "legal_entity": row.legal_entity.code,
        "connection": row.connection.slug if row.connection else None,
        "upstream": {"route": upstream.route.slug, "destination": upstream.name} if upstream else None,
        "destinations": [_destination(each) for each in row.destinations.all()],
    }


def _destination(row: Destination) -> Data:
    return {name: getattr(row, name) for name in OF_DESTINATION} | {"connection": row.connection.slug}


def _alone(data: Data | None) -> Data | None:
    """Return a route without its destinations, which have entries of their own in the audit trail."""
    return None if data is None else {name: each for name, each in data.items() if name != "destinations"}


def _usual(model: type[Route | Destination], name: str) -> Any:
    return getattr(model(), name)


def _assign(row: Route | Destination, model: type[Route | Destination], names: tuple[str, ...], value: Data) -> None:
    """Give a row what the file says, exactly: a form would cut blanks off a formula."""
    for name in names:
        setattr(row, name, value.get(name, _usual(model, name)))


def _judge(work: Work, given: RouteForm | DestinationForm, place: Place) -> None:
    """Tell what the administration's form finds wrong, except that a mapping waits or its file has mistakes."""
    mapping = str(given.data.get("mapping") or "")
    known: Mapping[str, list[Any]] = given.errors.as_data()
    for name, errors in known.items():
        if name == "mapping" and ("mappings", mapping) in (work.waiting.keys() | work.lost):
            continue
        if name in LOOKED_UP and given.data.get(name) is None and (place or name == "legal_entity"):
            continue  # told where it was looked up
        for message in [message for error in errors for message in error.messages]:
            if ONE_SOURCE in message and getattr(given, "names_a_source", False):
                continue  # it names one that is not there, which is told already
            work.say(place if name == NON_FIELD_ERRORS else (*place, name), message)
