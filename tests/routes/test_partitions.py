"""Partitions are made in good time; when they were not, nothing is refused and nothing stays in the wrong place."""

import datetime as dt
from uuid import UUID

import pytest
from django.db import connection

from routes import partitions
from routes.models import Payload

pytestmark = pytest.mark.django_db
DAY = dt.date(2031, 5, 14)


def where(id_: UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM routes_payload WHERE id = %s", [id_])
        return str(cursor.fetchone()[0])


def test_partitions_are_made_once() -> None:
    made = partitions.ensure(DAY, months_ahead=1)
    assert len(made) == 2 * len(partitions.TABLES)
    assert "routes_payload_2031_06" in made
    assert partitions.ensure(DAY, months_ahead=1) == []


def test_rows_that_came_before_their_partition_move_into_it() -> None:
    early, later = (UUID(int=partitions.first_id(day).int + 7) for day in (DAY, dt.date(2033, 1, 1)))
    for each in (early, later):
        Payload.objects.create(id=each, stage="source", ends=[2], bodies=b"{}", hit_ends=[0])
    assert where(early) == where(later) == "routes_payload_default"
    partitions.ensure(DAY, months_ahead=0)
    assert where(early) == "routes_payload_2031_05"
    assert where(later) == "routes_payload_default"
    assert bytes(Payload.objects.get(pk=early).bodies) == b"{}"
