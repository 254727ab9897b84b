"""Narrowing the lists of runs and transactions: by what, with which words when it is wrong, page after page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from routes.models import Route, Run, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]
TODAY, TOMORROW = f"{timezone.now():%Y-%m-%d}", f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"


def keys(staff: Staff, query: str, name: str = "clara") -> list[str]:
    answer = signed_in(getattr(staff, name)).get(f"/transactions/{query}")
    assert answer.status_code == 200
    return [row.key for row in answer.context["transactions"]]


def filled(make_world: Make) -> World:
    world = make_world()
    world.take_in(entry(1), entry(2, hours="0.00"), entry(3))
    world.deliver()
    return world


def test_list_shows_the_newest_first_and_narrows_by_state(make_world: Make, staff: Staff) -> None:
    filled(make_world)
    assert len(keys(staff, "")) == 3
    assert keys(staff, "?state=failed") == ["TE-0000002"]
    assert set(keys(staff, "?state=posted")) == {"TE-0000001", "TE-0000003"}


def test_list_narrows_by_route_company_and_days(make_world: Make, staff: Staff) -> None:
    filled(make_world)
    Route.objects.update(legal_entity=company("HP-DE"))
    assert len(keys(staff, f"?route=time-to-ledger&entity=HP-DE&since={TODAY}&until={TODAY}")) == 3
    assert keys(staff, "?entity=HP-GB") == []
    assert keys(staff, f"?since={TOMORROW}") == []
    assert keys(staff, "?state=posted&key=TE-0000003") == ["TE-0000003"]


@pytest.mark.parametrize("page", ["transactions", "runs"])
@pytest.mark.parametrize("query", ["?since=0001-01-01", "?until=9999-12-31", "?since=9999-12-31&until=9999-12-31"])
def test_first_and_last_days_there_are_can_be_asked(make_world: Make, staff: Staff, page: str, query: str) -> None:
    filled(make_world)
    answer = signed_in(staff.clara).get(f"/{page}/{query}")
    assert answer.status_code == 200
    if page == "transactions":
        assert len(answer.context["transactions"]) == (0 if query.startswith("?since=9") else 3)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?state=nonsense", "nonsense is not one of the available choices"),
        ("?route=unknown", "unknown is not one of the available choices"),
        ("?since=31.02.2026", "Enter a valid date."),
        (f"?since={TOMORROW}&until={TODAY}", "The last day is before the first. Exchange them."),
    ],
)
@pytest.mark.parametrize("page", ["transactions", "runs"])
def test_what_cannot_be_asked_is_said_beside_the_field(staff: Staff, page: str, query: str, says: str) -> None:
    answer = signed_in(staff.clara).get(f"/{page}/{query}")
    assert answer.status_code == 200
    assert says in text_of(answer)
    assert not answer.context[page]


def test_company_that_is_not_ones_own_cannot_be_chosen(make_world: Make, staff: Staff) -> None:
    filled(make_world)
    assert keys(staff, "", "stranger") == []
    assert "HP-DE is not one of the available choices" in text_of(
        signed_in(staff.stranger).get("/transactions/?entity=HP-DE")
    )


def test_next_page_keeps_what_was_chosen_and_shows_each_once(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exceptions_queue.pages.runs.SIZE", 2)
    world = make_world()
    world.take_in(*(entry(n) for n in range(1, 8)), entry(9, hours="0.00"))
    client, seen, address = signed_in(staff.clara), [], "/transactions/?state=ready"
    while address:
        answer = client.get(address)
        seen += [row.key for row in answer.context["transactions"]]
        after = answer.content.decode().partition('href="?')[2].partition('">Next page')[0]
        address = f"/transactions/?{after.replace('&amp;', '&')}" if "Next page" in text_of(answer) else ""
    assert sorted(seen) == [f"TE-{n:07d}" for n in range(1, 8)]


def test_runs_are_narrowed_by_route_and_state(make_world: Make, staff: Staff) -> None:
    world = make_world()
    Route.objects.update(legal_entity=company("HP-DE"))
    for state in ("done", "stopped"):
        Run.objects.create(
            route=world.route, legal_entity=company("HP-DE"), trigger="schedule", requested_by="Throughline",
            created_at=timezone.now(), read=1, new=1, state=state,
        )  # fmt: skip
    client = signed_in(staff.farid)
    assert [r.state for r in client.get("/runs/?state=stopped").context["runs"]] == ["stopped"]
    assert len(client.get("/runs/?route=time-to-ledger").context["runs"]) == 2


def test_rare_states_are_found_by_their_own_index(make_world: Make, staff: Staff) -> None:
    world = filled(make_world)
    world.take_in(*(entry(number) for number in range(4, 204)))  # of three, any index is as good
    world.deliver()
    rows = Transaction.objects.filter(state="failed").order_by("-pk")[:51]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE routes_transaction")
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_bitmapscan = off")
        told = rows.explain()
        cursor.execute("RESET ALL")
    assert "transaction_unposted" in told
    assert "Sort" not in told
