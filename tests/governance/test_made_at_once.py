"""Of two who make the same for the first time at the same moment, one makes it and the other is told in words."""

import contextlib
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connections, models
from django.test import Client

from exceptions_queue.models import FallbackTeam, Yardstick
from governance.made_twice import looked_again
from governance.models import BusinessCalendar, User
from governance.rights import Role
from mappings.models import LookupTable
from tests.door import marks
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = {f"{rows}-{name}_FORMS": "0" for rows in ("weekday_hours", "days") for name in ("TOTAL", "INITIAL")} | {
    "weekday_hours-TOTAL_FORMS": "1", "weekday_hours-0-weekday": "0", "weekday_hours-0-opens_at": "09:00",
    "weekday_hours-0-closes_at": "17:00",
}  # fmt: skip


def both(monkeypatch: pytest.MonkeyPatch, model: type[models.Model], address: str, typed: dict[str, Any]) -> list[Any]:
    """Return how one form is answered that two people send so that both have been judged before either is saved."""
    people = [person(name, Role.INTEGRATION_ADMIN, is_staff=True) for name in ("Ingrid Solheim", "Farid Amini")]
    answers: list[Any] = []
    met, saved = threading.Barrier(2), model.save_base

    def together(self: models.Model, *args: Any, **more: Any) -> None:
        if type(self) is model:
            with contextlib.suppress(threading.BrokenBarrierError):  # the other one is kept from coming so far
                met.wait(timeout=2)
        saved(self, *args, **more)

    def send(user: User) -> None:
        try:
            answers.append(clients[user.pk].post(address, sent))
        finally:
            connections.close_all()

    clients = {user.pk: Client(raise_request_exception=False) for user in people}
    for user in people:
        clients[user.pk].force_login(user)
    sent = marks(clients[people[0].pk], address) | typed
    monkeypatch.setattr(model, "save_base", together)
    threads = [threading.Thread(target=send, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers, key=lambda answer: answer.status_code)


def test_first_order_of_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    company("HP-DE")
    weights = {"money": "30", "deadline": "30", "share": "10", "again": "10"}
    typed = {"currency": "EUR", "rate_table": "exchange_rates", "rate_column": "rate", "reason": "so", "keep": "1"}
    typed |= weights | {"nothing_below": "100", "all_above": "100000", "days": "10"}

    one, other = both(monkeypatch, Yardstick, "/queue/order/", typed)

    assert (one.status_code, other.status_code) == (302, 409), other.content.decode()[-2000:]
    assert Yardstick.objects.count() == 1


def test_calendar_of_a_company(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ROWS | {"legal_entity": company("HP-DE").pk, "country": "DE", "time_zone": "Europe/Berlin"}

    one, other = both(monkeypatch, BusinessCalendar, "/admin/governance/businesscalendar/add/", typed)

    assert (one.status_code, other.status_code) == (200, 302)
    assert one.context["adminform"].form.errors.keys() == {"legal_entity"}
    assert BusinessCalendar.objects.count() == 1


def test_team_of_a_category(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"legal_entity": company("HP-DE").pk, "category": "any", "team": "billing"}

    one, other = both(monkeypatch, FallbackTeam, "/admin/exceptions_queue/fallbackteam/add/", typed)

    assert (one.status_code, other.status_code) == (200, 302)
    assert FallbackTeam.objects.count() == 1


def test_table_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {
        "title": "Rates", "name": "rates", "company": company("HP-DE").code, "approval": "at_once",
        "column-TOTAL_FORMS": "2", "column-INITIAL_FORMS": "0", "column-0-name": "k", "column-0-kind": "key",
        "column-1-name": "v", "column-1-kind": "text",
    }  # fmt: skip

    one, other = both(monkeypatch, LookupTable, "/tables/new/", typed)

    assert (one.status_code, other.status_code) == (302, 422)
    assert "There is a table with this name" in other.content.decode()
    assert LookupTable.objects.count() == 1


def test_other_refusals_of_the_database_stay_errors() -> None:
    tried = []

    def act() -> None:
        tried.append(1)
        raise IntegrityError("a check was broken")

    with pytest.raises(IntegrityError):
        looked_again(act)
    assert tried == [1]
