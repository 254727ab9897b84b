"""What lists of runs, transactions, records and routes can be narrowed by: one FilterSet for pages and API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import FilterSet

from connectors.models import Connection
from governance.filtering import Flag, Moment, One, Several, Text, Uuid, Whole
from governance.models import LegalEntity
from routes.models import Delivery, Overlay, Record, Route, RuleWarning, Run, SourceHead, Transaction
from routes.models.movement import RecordQuerySet, RecordState, RunState, TransactionQuerySet
from routes.models.outbound import Done
from routes.models.overlay import OverlayQuerySet
from routes.newest import NewestQuerySet
from routes.outbound import types
from routes.states import State

DELIVERY_STATES = [("waiting", "not arrived yet"), *Done.choices]
CORRECTION_STATES = [
    ("open", "open"), ("in_force", "in force"), ("returned", "the source contradicts it"), ("ended", "ended"),
]  # fmt: skip
SAME_KEY = 50  # newest records of one key, over all routes
VERSIONS = 200  # of the records of one key, the newest by their source
MOST_OF_A_BEGINNING = 5_000  # transactions with keys that begin alike; of more the newest are found by walking
BEGINNING = """
SELECT found.id FROM routes_destination part CROSS JOIN LATERAL (
    SELECT id FROM routes_transaction WHERE destination_id = part.id AND key LIKE %(pattern)s
    ORDER BY key USING ~<~ LIMIT %(most)s) found
LIMIT %(most)s
"""
WARNED = Exists(RuleWarning.objects.filter(transaction_id=OuterRef("pk")))


class RouteFilter(FilterSet):
    """Narrows routes."""

    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    entity = Text(field_name="canonical_entity", longest=40, help_text="canonical entity, such as time_entry")
    enabled = Flag(help_text="whether it is switched on")

    class Meta:
        model = Route
        fields: list[str] = []


class RunFilter(FilterSet):
    """Narrows runs."""

    route = Text(field_name="route__slug", longest=80, help_text="short name of a route")
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    state = Several(choices=RunState.choices, help_text="how far it is")
    since = Moment(field_name="created_at", lookup_expr="gte", help_text="asked for at this time or later")
    until = Moment(field_name="created_at", lookup_expr="lt", help_text="asked for before this time")

    class Meta:
        model = Run
        fields: list[str] = []


def _routes(asked: FilterSet, slug: str) -> "QuerySet[Route]":
    """Return the route of a short name where whoever asks sees it: nobody learns by guessing that there is another."""
    return Route.objects.visible_to(asked.request.user).filter(slug=slug)


class OverlayFilter(FilterSet):
    """Narrows people's corrections."""

    state = One(method="that_stand", choices=CORRECTION_STATES, help_text="how far it is")
    route = Text(method="of_route", longest=80, help_text="short name of a route")
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    key = Text(help_text="business key of the record, exactly")
    field = Text(longest=80, help_text="the field that was corrected, such as hours")
    by = Text(field_name="made_by__username", lookup_expr="iexact", longest=150, help_text="who corrected: a username")

    class Meta:
        model = Overlay
        fields: list[str] = []

    def of_route(self, rows: OverlayQuerySet, name: str, slug: str) -> OverlayQuerySet:
        """Keep those of a route."""
        return rows.filter(route__in=_routes(self, slug))

    def that_stand(self, rows: OverlayQuerySet, name: str, state: str) -> OverlayQuerySet:
        """Keep those in force, those that the source contradicts, both, or those that have ended."""
        if state == "returned":
            return rows.returned()
        if state == "ended":
            return rows.filter(ended_at__isnull=False)
        return rows.open() if state == "open" else rows.open().filter(returned_at__isnull=True)


class _Newest(FilterSet):
    """Narrows what is listed by id: the rows themselves know how they are found quickly."""

    def of_company(self, rows: NewestQuerySet[Any], name: str, code: str) -> NewestQuerySet[Any]:
        """Keep those of a legal entity."""
        return rows.within("legal_entity", LegalEntity.objects.filter(code=code).values_list("pk", flat=True))

    def of_run(self, rows: NewestQuerySet[Any], name: str, run: UUID) -> NewestQuerySet[Any]:
        """Keep those that a run has read."""
        return rows.filter(run=run).by_an_index_of_their_own()

    def that_stand(self, rows: NewestQuerySet[Any], name: str, states: list[str]) -> NewestQuerySet[Any]:
        """Keep those in these states."""
        return rows.standing(states)

    def made_since(self, rows: NewestQuerySet[Any], name: str, moment: datetime) -> NewestQuerySet[Any]:
        """Keep those of a time or later."""
        return rows.since(moment)

    def made_until(self, rows: NewestQuerySet[Any], name: str, moment: datetime) -> NewestQuerySet[Any]:
        """Keep those before a time."""
        return rows.until(moment)


class TransactionFilter(_Newest):
    """Narrows transactions."""

    key = Text(
        method="with_key",
        help_text="business key: the whole key at the source, with all its versions, or how it begins at the target",
    )
    route = Text(method="of_route", longest=80, help_text="short name of a route")
    legal_entity = Text(method="of_company", longest=20, help_text="code of a legal entity")
    state = Several(method="that_stand", choices=State.choices, help_text="where it stands")
    run = Uuid(method="of_run", help_text="id of a run")
    since = Moment(method="made_since", help_text="made at this time or later")
    until = Moment(method="made_until", help_text="made before this time")
    warned = Flag(method="that_rules_warn_of", help_text="whether a rule warns of it though it went on")

    class Meta:
        model = Transaction
        fields: list[str] = []

    def with_key(self, rows: TransactionQuerySet, name: str, key: str) -> TransactionQuerySet:
        """Keep those of all versions of this key at its source, exactly; where none has it, whose own begins so."""
        same = versions_with(key)
        found = rows.filter(record_id__in=same).by_an_index_of_their_own() if same else None
        if found is not None and found.exists():  # else they are of companies that are not seen, which says nothing
            return found
        begin = beginning_with(key)
        return (
            rows.filter(key__startswith=key) if begin is None else rows.filter(pk__in=begin).by_an_index_of_their_own()
        )

    def of_route(self, rows: TransactionQuerySet, name: str, slug: str) -> TransactionQuerySet:
        """Keep those of a route: of its destinations."""
        route = _routes(self, slug).first()
        return rows.within("destination", route.destinations.values_list("pk", flat=True) if route else [])

    def that_rules_warn_of(self, rows: TransactionQuerySet, name: str, warned: bool) -> TransactionQuerySet:
        """Keep those with warnings, or those without."""
        return rows.filter(WARNED if warned else ~Q(WARNED))


class RecordFilter(_Newest):
    """Narrows records."""

    key = Text(method="with_key", help_text="business key at the source, exactly; finds its newest version")
    route = Text(method="of_route", longest=80, help_text="short name of a route")
    connection = Text(method="of_connection", longest=50, help_text="short name of the connection it was read from")
    stream = Text(method="of_stream", longest=80, help_text="stream that it was read from")
    entity = Text(method="of_entity", longest=40, help_text="canonical entity, such as time_entry")
    legal_entity = Text(method="of_company", longest=20, help_text="code of a legal entity")
    state = Several(
        method="that_stand", choices=RecordState.choices, help_text="where it stands before its destinations are chosen"
    )
    run = Uuid(method="read_by", help_text="id of a run")
    since = Moment(method="made_since", help_text="received at this time or later")
    until = Moment(method="made_until", help_text="received before this time")

    class Meta:
        model = Record
        fields: list[str] = []

    def with_key(self, rows: RecordQuerySet, name: str, key: str) -> RecordQuerySet:
        """Keep the newest version that each route has of this key."""
        return rows.filter(pk__in=records_with(key)).by_an_index_of_their_own()

    def read_by(self, rows: RecordQuerySet, name: str, run: UUID) -> RecordQuerySet:
        """Keep those that a run has read: while it ran, so that walking the newest does not pass years of others."""
        rows = rows.filter(run=run).by_an_index_of_their_own()
        times = Run.objects.filter(pk=run).values_list("created_at", "ended_at").first()
        return rows.made_about(*times) if times else rows.none()

    def of_route(self, rows: RecordQuerySet, name: str, slug: str) -> RecordQuerySet:
        """Keep those of a route."""
        return self._of(rows, _routes(self, slug))

    def of_connection(self, rows: RecordQuerySet, name: str, slug: str) -> RecordQuerySet:
        """Keep those that came from a connection, where whoever asks sees it."""
        systems = Connection.objects.visible_to(self.request.user).filter(slug=slug)
        return self._of(rows, Route.objects.filter(connection__in=systems))

    def of_stream(self, rows: RecordQuerySet, name: str, stream: str) -> RecordQuerySet:
        """Keep those that came from a stream."""
        return self._of(rows, Route.objects.filter(stream=stream))

    def of_entity(self, rows: RecordQuerySet, name: str, entity: str) -> RecordQuerySet:
        """Keep those of a kind of record."""
        return self._of(rows, Route.objects.filter(canonical_entity=entity))

    def _of(self, rows: RecordQuerySet, routes: QuerySet[Route]) -> RecordQuerySet:
        """Keep those of some routes: each of these parts of the index is asked by itself."""
        return rows.within("route", routes.values_list("pk", flat=True))


def beginning_with(text: str) -> list[UUID] | None:
    """Return the transactions whose key begins so; None when they are too many to be looked up one by one."""
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    with connection.cursor() as cursor:
        cursor.execute(BEGINNING, {"pattern": pattern, "most": MOST_OF_A_BEGINNING + 1})
        found = [id_ for (id_,) in cursor.fetchall()]
    return found if len(found) <= MOST_OF_A_BEGINNING else None


class DeliveryFilter(FilterSet):
    """Narrows events out."""

    subscription = Whole(field_name="subscription", help_text="number of a subscription")
    state = One(choices=DELIVERY_STATES, method="that_are", help_text="how far they are")
    type = One(field_name="event__type", choices=[(name, name) for name in types.TYPES], help_text="type of the event")
    key = Text(field_name="event__subject", help_text="business key, exactly")

    class Meta:
        model = Delivery
        fields: list[str] = []

    def that_are(self, rows: QuerySet[Delivery], name: str, state: str) -> QuerySet[Delivery]:
        """Keep those that wait, or that ended in one way."""
        return rows.filter(done_at=None) if state == "waiting" else rows.filter(done_how=state)


def records_with(key: str) -> list[UUID]:
    """Return the newest records that go by exactly this key at their source, as an exception's list shows it.

    Whether somebody may see them is asked of their transactions: a route reads for several legal entities.
    """
    routes = Route.objects.values("pk")  # the index of source keys begins with the route
    return list(SourceHead.objects.filter(route__in=routes, key=key).values_list("record_id", flat=True)[:SAME_KEY])


def versions_with(key: str) -> list[UUID]:
    """Return the records of all versions that go by exactly this key at their source. Two queries.

    The heads say which routes know it, so that few pieces of the index of records are asked.
    """
    heads = SourceHead.objects.filter(route__in=Route.objects.values("pk"), key=key)
    routes = list(heads.values_list("route_id", flat=True)[:SAME_KEY])
    versions = Record.objects.filter(route__in=routes, key=key).order_by("-version")  # not by id: an index of its own
    return list(versions.values_list("pk", flat=True)[:VERSIONS]) if routes else []


__all__ = ["DeliveryFilter", "RecordFilter", "RouteFilter", "RunFilter", "TransactionFilter", "versions_with"]
