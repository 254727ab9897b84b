"""How routes, runs and transactions look in the API."""

from functools import cache
from typing import Any

from rest_framework import serializers

from governance.models import User
from routes import shares
from routes.models import Destination, Route, Run, Transaction
from routes.models.movement import RunState
from routes.route_fields import NOT_NAMED
from routes.states import State
from routes.unseen import Unseen, slug_for


class DestinationShape(serializers.Serializer[Any]):
    """Where a route's records go."""

    name = serializers.CharField()
    connection = serializers.CharField(help_text=f"short name; “{NOT_NAMED}” where you do not see it")
    stream = serializers.CharField()
    mapping = serializers.CharField()
    condition = serializers.CharField(allow_blank=True, help_text="formula; blank: always")
    condition_name = serializers.CharField(allow_blank=True, help_text="what people call it")
    correction = serializers.CharField(help_text="how it takes a newer version of what is posted there")
    lane = serializers.CharField()
    enabled = serializers.BooleanField()


class RouteShape(serializers.Serializer[Any]):
    """From one source through a mapping to a canonical entity, and from there to destinations."""

    slug = serializers.CharField(help_text="its name in addresses")
    name = serializers.CharField()
    legal_entity = serializers.CharField()
    source = serializers.ChoiceField(choices=["stream", "upstream", "api"])  # type: ignore[assignment]  # a field here
    connection = serializers.CharField(
        allow_null=True, help_text=f"short name of the source's connection; “{NOT_NAMED}” where you do not see it"
    )
    stream = serializers.CharField(allow_blank=True)
    entity = serializers.CharField(help_text="canonical entity")
    mapping = serializers.CharField(allow_blank=True)
    lane = serializers.CharField()
    enabled = serializers.BooleanField()
    destinations = DestinationShape(many=True)


class RunShape(serializers.Serializer[Any]):
    """One execution of a route, with its control totals: read = new + changed + unchanged + unreadable."""

    id = serializers.UUIDField()
    route = serializers.CharField()
    legal_entity = serializers.CharField()
    state = serializers.ChoiceField(choices=RunState.choices)
    trigger = serializers.CharField()
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    window_from = serializers.DateField(allow_null=True)
    window_to = serializers.DateField(allow_null=True)
    holds_more = serializers.BooleanField(
        help_text="whether it has read for legal entities that the caller does not see; then its totals are null, and "
        "its books tell of what the caller sees"
    )
    read = serializers.IntegerField(allow_null=True)
    new = serializers.IntegerField(allow_null=True)
    changed = serializers.IntegerField(allow_null=True)
    unchanged = serializers.IntegerField(allow_null=True)
    unreadable = serializers.IntegerField(allow_null=True)
    message = serializers.CharField(allow_blank=True, help_text="why it stopped or is held, in words")


class TransactionShape(serializers.Serializer[Any]):
    """One record on its way to one destination."""

    id = serializers.UUIDField()
    key = serializers.CharField(help_text="business key at the destination")
    record = serializers.UUIDField()
    run = serializers.UUIDField(allow_null=True)
    route = serializers.CharField(help_text=f"short name; “{NOT_NAMED}” where you do not see it")
    destination = serializers.CharField()
    legal_entity = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    state_in_words = serializers.CharField()
    withdraws = serializers.BooleanField(help_text="whether it takes back what is posted")
    attempts = serializers.IntegerField()
    waits_for = serializers.CharField(allow_blank=True)
    amount = serializers.DecimalField(
        max_digits=20, decimal_places=4, allow_null=True, help_text="of one that withdraws: what it takes back"
    )
    currency = serializers.CharField(allow_blank=True)
    hours = serializers.DecimalField(max_digits=14, decimal_places=4, allow_null=True)
    created_at = serializers.DateTimeField()


def names(shape: type[serializers.Serializer[Any]], *apart: str) -> list[str]:
    """Return the names of a shape's fields, some of them left out."""
    return [str(name) for name in _made(shape).fields if name not in apart]  # type: ignore[comparison-overlap]


def shown(shape: type[serializers.Serializer[Any]], values: dict[str, Any]) -> dict[str, Any]:
    """Return values in the form of a shape."""
    return dict(_made(shape).to_representation(values))


@cache
def _made(shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Return the one serializer of a shape: to make one for each row takes most of a list's time."""
    return shape()


def route(row: Route, unseen: Unseen) -> dict[str, Any]:
    """Return a route as the API shows it; what is of a company that its reader does not see is not named."""
    source = "stream" if row.connection_id else "upstream" if row.upstream_id else "api"
    told = {
        "slug": row.slug,
        "name": row.name,
        "legal_entity": row.legal_entity.code,
        "source": source,
        "connection": row.connection.slug if row.connection else None,
        "stream": row.stream,
        "entity": row.canonical_entity,
        "mapping": row.mapping,
        "lane": row.lane,
        "enabled": row.enabled,
        "destinations": [_destination(each) for each in row.destinations.all()],
    }
    return unseen.covered(told)


def _destination(row: Destination) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in names(DestinationShape, "connection")}
    return plain | {"connection": row.connection.slug}


TOTALS = ("read", "new", "changed", "unchanged", "unreadable")  # of a run


def run(row: Run) -> dict[str, Any]:
    """Return a run as the API shows it."""
    plain = {name: getattr(row, name) for name in names(RunShape, "route", "legal_entity")}
    told = plain | {"route": row.route.slug, "legal_entity": row.legal_entity.code}
    return shown(RunShape, told | dict.fromkeys(TOTALS) if row.holds_more else told)


def runs(rows: list[Run], by: User) -> list[dict[str, Any]]:
    """Return runs as the API shows them to somebody."""
    return [run(row) for row in shares.as_seen(rows, by)]


def transaction(row: Transaction, seen: frozenset[int] | None) -> dict[str, Any]:
    """Return a transaction as the API shows it to who sees these companies."""
    own = ("record", "run", "route", "destination", "legal_entity", "state_in_words")
    plain = {name: getattr(row, name) for name in names(TransactionShape, *own)}
    told = plain | {
        "record": row.record_id,
        "run": row.run_id,
        "route": slug_for(row.destination.route, seen),
        "destination": row.destination.name,
        "legal_entity": row.legal_entity.code,
        "state_in_words": State(row.state).label,
        "amount": row.worth.amount,
        "currency": row.worth.currency,
        "hours": row.worth.hours,
    }
    return shown(TransactionShape, told)
