"""Tells which companies a change of a route or connection concerns: all through whose systems its records come or go.

A route may take what another route has posted. So a change of it touches where that was posted and where it came from,
and a change of the other one touches what this one makes of it: the whole way counts, up to the sources and down to the
last destinations. Companies of routes that only begin at the same place do not count.
"""

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Q

COMPANIES = """
WITH RECURSIVE above (destination, route) AS (
    SELECT d.id, d.route_id FROM routes_destination d WHERE d.id = ANY(%(upstream)s)
    UNION SELECT d.id, d.route_id FROM above a JOIN routes_route r ON r.id = a.route
        JOIN routes_destination d ON d.id = r.upstream_id
), below (route) AS (
    SELECT unnest(%(routes)s::bigint[])
    UNION SELECT r.id FROM below b JOIN routes_destination d ON d.route_id = b.route
        JOIN routes_route r ON r.upstream_id = d.id
), routes (id) AS (SELECT route FROM above UNION SELECT route FROM below),
connections (id) AS (
    SELECT r.connection_id FROM routes_route r JOIN routes USING (id)
    UNION SELECT d.connection_id FROM routes_destination d JOIN above a ON a.destination = d.id
    UNION SELECT d.connection_id FROM routes_destination d JOIN below b ON b.route = d.route_id
)
SELECT r.legal_entity_id FROM routes_route r JOIN routes USING (id)
UNION SELECT c.legal_entity_id FROM connectors_connection c JOIN connections USING (id)
"""


def companies(*, routes: Iterable[int | None], upstream: Iterable[int | None]) -> set[int]:
    """Return the ids of the companies on the way of routes, and on that of the destinations which they take up from.

    Both are given by their numbers, and as they stand in the database. One query.
    """
    given = {
        "routes": [each for each in routes if each is not None],
        "upstream": [each for each in upstream if each is not None],
    }
    if not any(given.values()):
        return set()
    with connection.cursor() as cursor:
        cursor.execute(COMPANIES, given)
        return {row[0] for row in cursor.fetchall()}


def of_mapping(key: str) -> set[int]:
    """Return the ids of the companies whose records a mapping makes, or translates: all on the way of its routes."""
    from routes.models import Route

    using = list(Route.objects.filter(Q(mapping=key) | Q(destinations__mapping=key)).values_list("pk", "upstream"))
    return companies(routes=[pk for pk, _ in using], upstream=[upstream for _, upstream in using])


def of_connections(connections: Collection[int]) -> set[int]:
    """Return the ids of the companies whose records come or go through connections, which are given by their ids.

    What routes read there goes on from there, and what they write there has come there: that way counts, both ways.
    """
    from routes.models import Destination, Route

    reading = Route.objects.filter(Q(connection__in=connections) | Q(upstream__connection__in=connections))
    writing = Destination.objects.filter(connection__in=connections)
    return companies(routes=reading.values_list("pk", flat=True), upstream=writing.values_list("pk", flat=True))
