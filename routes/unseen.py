"""Names of other companies' things in a route's document: covered for who does not see these, and taken back.

A route may read and write through another company's connection, go by its mapping and take up from its route. Whoever
edits the route and does not see that company is told no more than that something of another company stands there.
Sent back like that, it stays.
"""

from collections.abc import Iterable
from copy import deepcopy
from functools import cached_property
from typing import Any

from connectors.models import Connection
from governance.actor import By
from governance.scoping import ALL, entity_ids
from mappings.models import Mapping
from routes.models import Route
from routes.route_fields import NOT_NAMED

Data = dict[str, Any]  # a route as files and the API have it
NAMES = ("connection", "mapping")


class Unseen:
    """What one reader does not see; asked for once, however many documents are told. Three queries at most."""

    def __init__(self, by: "By | None") -> None:
        self._by = by

    def covered(self, document: Data) -> Data:
        """Return a route's document without names that its reader does not see."""
        if self._sees_all:
            return document
        made = {**document, **self._names(document)}
        if self.hides("route", (document.get("upstream") or {}).get("route")):
            made["upstream"] = {"route": NOT_NAMED, "destination": NOT_NAMED}
        if "destinations" in document:
            made["destinations"] = [{**each, **self._names(each)} for each in document["destinations"]]
        return made

    def hides(self, kind: str, name: object) -> bool:
        """Return whether a name is that of a connection, mapping or route which the reader does not see."""
        if self._sees_all or not isinstance(name, str):
            return False
        return name in {"connection": self._connections, "mapping": self._mappings, "route": self._routes}[kind]

    def _names(self, place: Data) -> Data:
        return {kind: NOT_NAMED for kind in NAMES if self.hides(kind, place.get(kind))}

    @cached_property
    def _sees_all(self) -> bool:
        return self._by is None or self._places is ALL

    @cached_property
    def _places(self) -> frozenset[int] | None:
        return ALL if self._by is None else entity_ids(self._by)

    @cached_property
    def _connections(self) -> set[str]:
        """Return the short names of connections that the reader does not see, also those that they had before."""
        places = self._places or frozenset()
        ever = Connection.history.exclude(legal_entity_id__in=places).values_list("slug", flat=True).distinct()
        now = dict(Connection.objects.values_list("slug", "legal_entity_id"))
        return {slug for slug in {*ever, *now} if slug not in now or now[slug] not in places}

    @cached_property
    def _mappings(self) -> set[str]:
        unseen = Mapping.objects.exclude(legal_entity=None).exclude(legal_entity__in=self._places or ())
        return set(unseen.values_list("key", flat=True))

    @cached_property
    def _routes(self) -> set[str]:
        return set(Route.objects.exclude(legal_entity__in=self._places or ()).values_list("slug", flat=True))


def slug_for(route: Route, seen: frozenset[int] | None) -> str:
    """Return the short name of a route as it is told to who sees these companies (`governance.scoping.entity_ids`)."""
    return route.slug if seen is ALL or route.legal_entity_id in seen else NOT_NAMED


def taken_back(document: Data, stand: Iterable[Data]) -> Data:
    """Return a route's document with the names that are covered in it as they `stand` at the same place.

    Where nothing stands there it stays as it is, and names nothing that there is.
    """
    made = deepcopy(document)
    for each in stand:
        ends = {end.get("name"): end for end in each.get("destinations", [])}
        _take(made, each)
        if isinstance(made.get("upstream"), dict) and made["upstream"].get("route") == NOT_NAMED and "upstream" in each:
            made["upstream"] = each["upstream"]
        for end in made["destinations"] if isinstance(made.get("destinations"), list) else ():
            if isinstance(end, dict):
                named = end.get("name")  # of any kind: nobody has judged the document's form yet
                _take(end, ends.get(named, {}) if isinstance(named, str) else {})
    return made


def _take(place: Data, stands: Data) -> None:
    for name in NAMES:
        if place.get(name) == NOT_NAMED and stands.get(name):
            place[name] = stands[name]
