"""Lists of what moves, the newest first: however they are narrowed, few rows are read that are not shown.

Ids are in the order of time, so a list is walked backwards by them. Walking is quick when what is asked for is frequent
and recent; of a small company, an old route or a rare state it would pass everything else first. So what is narrowed by
route or company is asked part by part, each by its own piece of the index that begins with both, and every state that
few are in by the index that holds only those.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import connections, models
from django.db.models.expressions import RawSQL

from governance.actor import By
from governance.roles import Right
from governance.scoping import ALL, EntityScopedQuerySet, entity_ids

Row = TypeVar("Row", bound=models.Model, covariant=True)
SLACK = dt.timedelta(days=1)  # by which the clock that made an id may differ from the database's
LAST = UUID(int=(1 << 128) - 1)
EPOCH, MILLISECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(milliseconds=1)
PARTS = """
SELECT found.id FROM (
    SELECT p.id AS place, c.id AS company FROM {places} p CROSS JOIN governance_legalentity c
    WHERE {asked}
) part CROSS JOIN LATERAL ({rows}) found(id)
"""


class NewestQuerySet(EntityScopedQuerySet[Row]):
    """Rows with a state, a company and a place on their way, which are listed by id."""

    place = "destination"  # what the index of parts begins with, before the company
    frequent = "posted"  # the state that most are in; all others have an index of their own
    moment = "created_at"  # by the database's clock, when it was made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parts: dict[str, frozenset[int]] = {}
        self._states: tuple[str, ...] = ()
        self._few = False

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # Django's own, which its stubs leave out
        clone._parts, clone._states, clone._few = self._parts, self._states, self._few
        return clone

    def visible_to(self, by: By, right: Right = Right.VIEW) -> Self:
        """Keep the rows of the legal entities in which somebody has the right."""
        ids = entity_ids(by, right, using=self.db)
        return self.all() if ids is ALL else self.within("legal_entity", ids)

    def within(self, name: str, ids: Iterable[int]) -> Self:
        """Keep the rows of these places or companies; `name` says which of both."""
        given = frozenset(ids)
        rows = self.filter(**{f"{name}__in": sorted(given)})
        rows._parts = {**self._parts, name: self._parts.get(name, given) & given}
        return rows

    def standing(self, states: Iterable[str]) -> Self:
        """Keep the rows in these states."""
        rows = self.filter(state__in=list(states))
        rows._states = tuple(dict.fromkeys(states))
        return rows

    def by_an_index_of_their_own(self) -> Self:
        """Say that what was asked besides leaves few and has its own index: a key, a run."""
        rows = self.all()
        rows._few = True
        return rows

    def since(self, moment: dt.datetime) -> Self:
        """Keep what was made then or later."""
        rows = self.filter(**{f"{self.moment}__gte": moment})
        return rows.filter(pk__gte=first_id(moment, -SLACK)) if _clock_is_steady() else rows

    def until(self, moment: dt.datetime) -> Self:
        """Keep what was made before."""
        rows = self.filter(**{f"{self.moment}__lt": moment})
        return rows.filter(pk__lt=first_id(moment, SLACK)) if _clock_is_steady() else rows

    def made_about(self, first: dt.datetime, last: dt.datetime | None) -> Self:
        """Say that these rows were all made between two moments: then no others are walked, and none is left out."""
        if not _clock_is_steady():
            return self
        rows = self.filter(pk__gte=first_id(first, -SLACK))
        return rows if last is None else rows.filter(pk__lt=first_id(last, SLACK))

    def newest(self, most: int) -> list[Row]:
        """Return the newest of these rows, at most so many. Two queries."""
        if self.query.is_empty() or not all(self._parts.values()):
            return []
        if self._few or not (self._parts or self._states):
            return list(self.order_by("-pk")[:most])
        ids = self._newest_ids(most)
        return list(self.filter(pk__in=ids).order_by("-pk")) if ids else []

    def _newest_ids(self, most: int) -> list[UUID]:
        pieces, given = [], []
        for state in self._states or ("",):
            rows = self.filter(state=state) if state else self
            piece, values = (
                self._by_parts(rows, most) if self._parts and state in ("", self.frequent) else _ids(rows, most)
            )
            pieces.append(f"({piece})")
            given += values
        statement = f"SELECT id FROM ({' UNION ALL '.join(pieces)}) rows(id) ORDER BY id DESC LIMIT %s"  # noqa: S608 - ours
        with connections[self.db].cursor() as cursor:
            cursor.execute(statement, [*given, most])
            return [id_ for (id_,) in cursor.fetchall()]

    def _by_parts(self, rows: Self, most: int) -> tuple[str, list[Any]]:
        """Return the statement that asks each place and company for its newest rows, and its values."""
        of_part = {f"{self.place}_id": RawSQL("part.place", ()), "legal_entity_id": RawSQL("part.company", ())}
        statement, values = _ids(rows.filter(**of_part), most)
        places = apps.get_model("routes", self.place)._meta.db_table
        asked, given = ["true"], []
        for alias, name in (("p", self.place), ("c", "legal_entity")):
            if name in self._parts:
                asked.append(f"{alias}.id = ANY(%s::bigint[])")
                given.append(sorted(self._parts[name]))
        return PARTS.format(places=places, asked=" AND ".join(asked), rows=statement), [*given, *values]


def _ids(rows: "models.QuerySet[Any]", most: int) -> tuple[str, list[Any]]:
    statement, values = rows.order_by("-pk").values("pk")[:most].query.sql_with_params()
    return statement, list(values)


def first_id(moment: dt.datetime, shift: dt.timedelta = dt.timedelta()) -> UUID:
    """Return the smallest UUIDv7 of a moment, moved by `shift` (RFC 9562: 48 bits of milliseconds come first).

    Of a moment before 1970 the smallest id of all, of one past what 48 bits hold the first of the last millisecond;
    `shift` may lead beyond the years that Python counts.
    """
    milliseconds = (moment - EPOCH + shift) // MILLISECOND
    return UUID(int=min(max(0, milliseconds), (1 << 48) - 1) << 80)


def bounds(times: Sequence[tuple[dt.datetime, dt.datetime | None]]) -> list[tuple[UUID, UUID]]:
    """Return for each span of time the first id of what was made in it, and the first past it. One query."""
    if not _clock_is_steady():
        return [(UUID(int=0), LAST)] * len(times)
    return [(first_id(low, -SLACK), LAST if up is None else first_id(up, SLACK)) for low, up in times]


def _clock_is_steady() -> bool:
    """Return whether ids tell the time to within the slack: nobody has set the clock by nearly as much."""
    limit = SLACK.total_seconds() / 2
    steps = apps.get_model("routes", "ClockStep")._default_manager
    return not steps.filter(models.Q(seconds__gt=limit) | models.Q(seconds__lt=-limit)).exists()
