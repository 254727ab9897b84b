"""Of two who send one form with one mark at the same moment, exactly one is kept; the other is told."""

import contextlib
import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from governance import seen
from governance.models import BusinessCalendar, LegalEntity, User
from governance.rights import Role
from tests.door import marks
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = {f"{rows}-{name}_FORMS": "0" for rows in ("weekday_hours", "days") for name in ("TOTAL", "INITIAL")} | {
    "weekday_hours-TOTAL_FORMS": "1", "weekday_hours-0-weekday": "0", "weekday_hours-0-opens_at": "09:00",
    "weekday_hours-0-closes_at": "17:00",
}  # fmt: skip


class Together:
    """Keeps whoever has read what stands there until the other one has read it too, or cannot."""

    def __init__(self) -> None:
        self.met = threading.Barrier(2)
        self.taken = seen.fingerprint

    def __call__(self, *args: Any, **more: Any) -> str:
        found = self.taken(*args, **more)
        with contextlib.suppress(threading.BrokenBarrierError):  # the other one is kept from reading until this is done
            self.met.wait(timeout=2)
        return found


def both(monkeypatch: pytest.MonkeyPatch, address: str, one: dict[str, Any], other: dict[str, Any]) -> list[int]:
    """Return how two forms that were opened together and are sent together are answered."""
    people = [person(name, Role.INTEGRATION_ADMIN, is_staff=True) for name in ("Ingrid Solheim", "Farid Amini")]
    answers: list[int] = []

    def send(user: User, typed: dict[str, Any]) -> None:
        try:
            answers.append(clients[user.pk].post(address, typed).status_code)
        finally:
            connections.close_all()

    clients = {user.pk: Client() for user in people}
    for user in people:
        clients[user.pk].force_login(user)
    sent = [marks(clients[user.pk], address) | typed for user, typed in zip(people, (one, other), strict=True)]
    assert sent[0]["_seen"] == sent[1]["_seen"]
    monkeypatch.setattr(seen, "fingerprint", Together())
    threads = [threading.Thread(target=send, args=pair) for pair in zip(people, sent, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_one_of_two_that_are_sent_at_once_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    germany = company("HP-DE")
    form = {"code": "HP-DE", "name": germany.name, "country": "DE", "currency": "EUR"}
    address = f"/admin/governance/legalentity/{germany.pk}/change/"

    assert both(monkeypatch, address, form | {"name": "Halden SE"}, form | {"currency": "CHF"}) == [200, 302]

    row = LegalEntity.objects.get(pk=germany.pk)
    assert (row.name == "Halden SE") != (row.currency == "CHF")


def test_one_of_two_is_kept_where_rows_are_edited_together_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = BusinessCalendar.objects.create(legal_entity=company("HP-DE"), country="DE", time_zone="Europe/Berlin")
    form = ROWS | {"legal_entity": calendar.legal_entity_id, "country": "DE", "time_zone": "Europe/Berlin"}
    address = f"/admin/governance/businesscalendar/{calendar.pk}/change/"

    assert both(monkeypatch, address, form | {"country": "AT"}, form | {"time_zone": "Europe/Vienna"}) == [200, 302]

    row = BusinessCalendar.objects.get(pk=calendar.pk)
    assert (row.country == "AT") != (row.time_zone == "Europe/Vienna")
