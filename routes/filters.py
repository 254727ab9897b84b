"""What lists of runs, transactions, records and routes can be narrowed by: one FilterSet for pages and API."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import FilterSet

from governance.filtering import Flag, Moment, Several, Text, Uuid
from routes.models import Record, Route, RuleWarning, Run, SourceHead, Transaction
from routes.models.movement import RecordState, RunState
from routes.states import State

SAME_KEY = 50  # newest records of one key, over all routes
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


class TransactionFilter(FilterSet):
    """Narrows transactions."""

    key = Text(method="with_key", help_text="business key: the whole key at the source, or how it begins at the target")
    route = Text(method="of_route", longest=80, help_text="short name of a route")
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    state = Several(choices=State.choices, help_text="where it stands")
    run = Uuid(field_name="run", help_text="id of a run")
    since = Moment(field_name="created_at", lookup_expr="gte", help_text="made at this time or later")
    until = Moment(field_name="created_at", lookup_expr="lt", help_text="made before this time")
    warned = Flag(method="that_rules_warn_of", help_text="whether a rule warns of it though it went on")

    class Meta:
        model = Transaction
        fields: list[str] = []

    def with_key(self, rows: QuerySet[Transaction], name: str, key: str) -> QuerySet[Transaction]:
        """Keep those whose record goes by exactly this key at its source; where none does, whose own begins so."""
        same = records_with(key)
        return rows.filter(record_id__in=same) if same else rows.filter(key__startswith=key)

    def of_route(self, rows: QuerySet[Transaction], name: str, slug: str) -> QuerySet[Transaction]:
        """Keep those of a route; its destinations are asked for first, so that the index of their keys serves."""
        route = Route.objects.filter(slug=slug).first()
        return rows.filter(destination__in=list(route.destinations.values_list("pk", flat=True)) if route else [])

    def that_rules_warn_of(self, rows: QuerySet[Transaction], name: str, warned: bool) -> QuerySet[Transaction]:
        """Keep those with warnings, or those without."""
        return rows.filter(WARNED if warned else ~Q(WARNED))


class RecordFilter(FilterSet):
    """Narrows records."""

    key = Text(method="with_key", help_text="business key at the source, exactly; finds its newest version")
    route = Text(field_name="route__slug", longest=80, help_text="short name of a route")
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    state = Several(choices=RecordState.choices, help_text="where it stands before its destinations are chosen")
    run = Uuid(field_name="run", help_text="id of a run")
    since = Moment(field_name="received_at", lookup_expr="gte", help_text="received at this time or later")
    until = Moment(field_name="received_at", lookup_expr="lt", help_text="received before this time")

    class Meta:
        model = Record
        fields: list[str] = []

    def with_key(self, rows: QuerySet[Record], name: str, key: str) -> QuerySet[Record]:
        """Keep the newest version that each route has of this key."""
        return rows.filter(pk__in=records_with(key))


def records_with(key: str) -> list[UUID]:
    """Return the newest records that go by exactly this key at their source, as an exception's list shows it.

    Whether somebody may see them is asked of their transactions: a route reads for several legal entities.
    """
    routes = Route.objects.values("pk")  # the index of source keys begins with the route
    return list(SourceHead.objects.filter(route__in=routes, key=key).values_list("record_id", flat=True)[:SAME_KEY])


__all__ = ["RecordFilter", "RouteFilter", "RunFilter", "TransactionFilter", "records_with"]
