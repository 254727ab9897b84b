"""Several callers who make the same thing at once: one makes it, the others are told that it is there."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

from django.db import connection, connections, transaction
from django.test import Client

from governance.models import AuditEntry, User, Version
from governance.rights import Role
from hub.configuration.alone import lock
from tests.api.sound_documents import SOUND
from tests.api.test_tokens import told
from tests.governance.people import person
from tests.routes.world import World

PLACE = "/api/system/v1/configuration"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
MEMBERS = {
    "calendars": "subdivision", "schedules": "time_zone", "cut_offs": "number", "teams": "role",
    "fallback_teams": "team", "routing_rules": "position", "approval_policies": "amount_from",
}  # fmt: skip
OTHERS: dict[str, tuple[Any, Any]] = {  # two values of a member that names nothing
    "subdivision": ("BE", "BY"), "time_zone": ("Europe/Berlin", "Europe/Paris"), "number": (3, 4),
    "name": ("The first", "The second"), "title": ("The first", "The second"), "role": ("finance", "controller"),
    "team": ("billing", "controller"), "position": (3, 4), "amount_from": ("1000.00", "2000.00"),
}  # fmt: skip


def test_only_one_of_two_makes_a_thing_and_the_other_overwrites_nothing(make_world: Callable[..., World]) -> None:
    make_world()
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    for folder in SOUND:
        if folder == "order_of_exceptions":
            continue  # there is one from the first day, which is only changed
        member = MEMBERS.get(folder, "title" if folder == "tables" else "name")
        sent = [SOUND[folder] | {member: each} for each in OTHERS[member]]

        first, second = at_once(ingrid, f"{PLACE}/{folder.replace('_', '-')}", sent)

        made, refused = (first, second) if first.status_code == 201 else (second, first)
        assert made.status_code == 201, (folder, made.content)
        told(refused, 409, "not-possible")
        own = made.headers["Location"]
        assert signed_in(ingrid).get(own).json() == made.json(), folder
    assert AuditEntry.objects.filter(channel="api", verb="change").count() == 0


def at_once(user: User, place: str, bodies: list[Any]) -> list[Any]:
    """Return the answers to requests that all wait for the same person to be done with the configuration."""

    def post(body: Any) -> Any:
        try:
            return signed_in(user).post(place, json.dumps(body), "application/json")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(bodies)) as several:
        with transaction.atomic():
            lock()
            asked = [several.submit(post, body) for body in bodies]
            until = monotonic() + 60
            while waiting() < len(bodies) and monotonic() < until and not any(each.done() for each in asked):
                sleep(0.02)
        return [each.result() for each in asked]


def waiting() -> int:
    """Return how many wait for a lock that is not of a row."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])


def signed_in(user: User) -> Client:
    """Return a client of the API that acts for a person."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def test_draft_takes_its_row_only_once_nobody_else_is_at_the_configuration(make_world: Callable[..., World]) -> None:
    """Else it has its row and waits for the lock, and a step of the same draft has the lock and waits for the row."""
    make_world()
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    calendar = SOUND["calendars"]
    made = signed_in(ingrid).post(
        f"{PLACE}/changes", json.dumps({"kind": "calendar", "document": calendar}), "application/json"
    )
    body = json.dumps({"document": calendar | {"subdivision": "BY"}})

    def put() -> Any:
        try:
            place = made.headers["Location"]
            return signed_in(ingrid).put(place, body, "application/json", headers={"If-Match": made.headers["ETag"]})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            lock()
            asked = other.submit(put)
            until = monotonic() + 60
            while waiting() < 1 and monotonic() < until and not asked.done():
                sleep(0.02)
            Version.objects.select_for_update(nowait=True).get(pk=made.json()["id"])
        assert asked.result().status_code == 200
