"""The pages: who sees what, in which words, with how many queries."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from canonical.failure import CATEGORIES, Category
from canonical.problem import Problem
from exceptions_queue import intake
from exceptions_queue.codes import code_of, id_of
from exceptions_queue.models import WorkItem
from governance.identifiers import new_id
from governance.models import RoleGrant
from governance.roles import Role
from routes.models import Run, Transaction
from routes.states import State
from tests.door import Browser
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, refused_sign_in, trouble, zero_hours
from tests.exceptions_queue.test_intake import troubles, write_down
from tests.routes.world import World, entry

Make = Callable[..., World]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def signed_in(user: Any) -> Client:
    client = Browser()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    """Return a page's words, without its markup and with single blanks; what opens only when it is asked for aside."""
    page = re.sub(r"<dialog\b.*?</dialog>", " ", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def url_of(item: WorkItem) -> str:
    return reverse("queue:item", args=[item.number])


def test_pages_send_strangers_to_the_sign_in(client: Client, transactional_db: None) -> None:
    for name in ("home", "items", "runs", "transactions"):
        answer = client.get(reverse(f"queue:{name}"))
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/login/")
    assert "Sign in" in text_of(client.get("/login/"))


def test_finance_signs_in_without_being_staff_of_the_admin(client: Client, staff: Staff) -> None:
    staff.farid.set_password("a long walk by the sea")
    staff.farid.save()
    answer = client.post("/login/", {"username": "farid", "password": "a long walk by the sea"})
    assert (answer.status_code, answer.url) == (302, "/")
    assert "Farid Amini" in text_of(client.get("/"))


def test_sign_in_that_is_refused_says_what_to_do_and_keeps_the_name(client: Client, staff: Staff) -> None:
    answer = client.post("/login/", {"username": "farid", "password": "wrong"})
    assert "ask an operator for a new password" in text_of(answer)
    page = answer.content.decode()
    assert re.search(r'<input type="text" name="username" value="farid"', page)
    assert '<div role="alert"' in page


def test_list_orders_by_money_with_unknown_amounts_first(make_world: Make, staff: Staff) -> None:
    world = make_world()
    write_down(
        [
            *troubles(world, 1, key="Small", amount=Decimal(5)),
            *troubles(world, 1, key="Large", amount=Decimal(5000)),
            *troubles(world, 1, key="Unknown", amount=None),
        ]
    )
    intake.take_in()
    words = text_of(signed_in(staff.clara).get(reverse("queue:items"))).partition("Choose all on this page")[2]
    assert words.index("Unknown / EUR") < words.index("Large / EUR") < words.index("Small / EUR")
    assert "5,000.00 EUR" in words


def test_list_goes_on_by_key_and_shows_each_item_once(make_world: Make, staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.pages.items.SIZE", 3)
    world = make_world()
    amounts = [None, None, Decimal(7), Decimal(7), Decimal(7), Decimal(9), None, Decimal(1)]
    write_down([t for n, a in enumerate(amounts) for t in troubles(world, 1, key=f"Role {n}", amount=a)])
    intake.take_in()
    client, seen, address = signed_in(staff.clara), [], reverse("queue:items")
    while address:
        answer = client.get(address)
        seen += [row.item.number for row in answer.context["rows"]]
        after = answer.context["after"]
        address = f"{reverse('queue:items')}?after={after}" if after else ""
    assert seen == list(WorkItem.objects.by_money().values_list("number", flat=True))
    assert client.get(f"{reverse('queue:items')}?after=nonsense").status_code == 404
    assert client.get(f"{reverse('queue:items')}?show=nonsense").status_code == 404


def test_list_asks_the_same_queries_for_few_and_many(make_world: Make, staff: Staff) -> None:
    world = make_world()
    counts = []
    for number in (2, 40):
        write_down([t for each in range(number) for t in troubles(world, 2, key=f"{number} {each}")])
        intake.take_in()
        client = signed_in(staff.clara)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("queue:items")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


def test_item_asks_the_same_queries_for_few_and_many_members(make_world: Make, staff: Staff) -> None:
    world = make_world()
    counts = []
    for last in (2, 40):
        world.take_in(*(entry(each, hours="0.00") for each in range(1, last + 1)))
        intake.take_in()
        client = signed_in(staff.clara)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url_of(WorkItem.objects.get())).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 25


def test_home_shows_totals_by_state(make_world: Make, staff: Staff) -> None:
    zero_hours(make_world(), 3)
    client = signed_in(staff.farid)
    with CaptureQueriesContext(connection) as queries:
        words = text_of(client.get("/"))
    assert "New 1 3 records" in words
    assert len(queries) <= 23


def test_item_says_why_and_what_would_be_accepted(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world(), 3)
    words = text_of(signed_in(staff.clara).get(url_of(item)))
    assert "Bill rates: no row for Consultant / EUR" in words
    assert "Releases 3 time entries, 2,400.00 EUR" in words
    assert CATEGORIES[Category.UNMAPPED_VALUE].meaning in words
    assert "TE-0000001" in words


def test_item_whose_members_all_went_on_has_nothing_at_stake(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world())
    WorkItem.objects.filter(pk=item.pk).update(members=0, amount=None)
    shown = text_of(signed_in(staff.farid).get(url_of(item)))
    assert "At stake nothing" in shown
    listed = text_of(signed_in(staff.farid).get("/queue/?q=is:open"))
    assert "nothing" in listed.partition("Choose all on this page")[2]
    assert "unknown" not in listed.partition("Choose all on this page")[2]


def test_item_shows_three_values_of_the_failing_field(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1, hours="6.00"))
    world.deliver()
    world.take_in(entry(1, hours="0.00", version=2))
    intake.take_in()
    [member] = signed_in(staff.farid).get(url_of(WorkItem.objects.get())).context["members"].members
    assert (member.source, member.working, str(member.target)) == (Decimal("0.00"), Decimal("0.00"), "6.00")


def test_more_members_come_by_key(make_world: Make, staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.member_rows.page.__kwdefaults__", {"after": None, "size": 2})
    item = zero_hours(make_world(), 3)
    client = signed_in(staff.farid)
    first = client.get(url_of(item)).context["members"]
    more = client.get(f"{url_of(item)}?after={code_of(first.after)}", headers={"HX-Request": "true"})
    assert [m.key for m in first.members] + [m.key for m in more.context["members"].members] == [
        "TE-0000001", "TE-0000002", "TE-0000003",
    ]  # fmt: skip
    assert "<html" not in more.content.decode()
    assert client.get(f"{url_of(item)}?after=nonsense").status_code == 404


def test_item_of_another_company_is_not_there(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    client = signed_in(staff.stranger)
    assert client.get(url_of(item)).status_code == 404
    assert client.post(f"{url_of(item)}waivers/", {"reason": "x"}).status_code == 404
    assert item.title not in text_of(client.get(reverse("queue:items")))
    assert "New 0" in text_of(client.get("/"))
    transaction = Transaction.objects.get()
    assert client.get(reverse("queue:transaction", args=[transaction.pk])).status_code == 404


def test_viewer_is_told_which_role_a_remedy_needs(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    client = signed_in(staff.viktor)
    assert "You need the role Finance operations or Controller in HP-DE" in text_of(client.get(url_of(item)))
    answer = client.post(f"{url_of(item)}waivers/", {"reason": "x"})
    assert (answer.status_code, "Ask an operator" in text_of(answer)) == (403, True)
    assert client.post(f"{url_of(item)}taking/").status_code == 403
    assert client.get(f"{url_of(item)}waivers/").status_code == 405
    assert client.post(f"{url_of(item)}nonsense/").status_code == 404


def test_hidden_field_is_told_by_its_kind_only(make_world: Make, staff: Staff) -> None:
    world = make_world()
    problem = Problem("error", Category.VALIDATION, "cost_rate", None, "A cost of 95.00 is above the rate.", "95.00")
    item = trouble(world, problem)
    for somebody, sees in ((staff.viktor, False), (staff.farid, False), (staff.clara, True)):
        client = signed_in(somebody)
        for address in (url_of(item), reverse("queue:items"), "/"):
            assert ("95.00" in client.get(address).content.decode()) is sees, (somebody, address)


def test_person_names_are_hidden_from_viewers(make_world: Make, staff: Staff) -> None:
    world = make_world()
    zero_hours(world)
    WorkItem.objects.update(about={"worker_name": "Ana Ruiz", "period": "2026-10"})
    assert "Ana Ruiz" in text_of(signed_in(staff.farid).get(reverse("queue:items")))
    words = text_of(signed_in(staff.viktor).get(reverse("queue:items")))
    assert "Ana Ruiz" not in words
    assert "period 2026-10" in words


def visits(world: World) -> list[str]:
    run, transaction = Run.objects.get(), Transaction.objects.order_by("pk")[0]
    return [
        "/", *(f"{reverse('queue:items')}?show={tab}" for tab in ("work", "waiting", "sent", "resolved")),
        *(url_of(item) for item in WorkItem.objects.all()), reverse("queue:runs"), reverse("queue:run", args=[run.pk]),
        f"{reverse('queue:transactions')}?key=TE-", f"{reverse('queue:transactions')}?run={code_of(run.pk)}",
        reverse("queue:transaction", args=[transaction.pk]),
    ]  # fmt: skip


def run_of(world: World) -> Run:
    item = WorkItem.objects.order_by("pk")[0]
    run = Run.objects.create(
        route=world.route, legal_entity=item.legal_entity, trigger="schedule", requested_by="Throughline",
        created_at=item.first_seen, read=4, new=4, state="done",
    )  # fmt: skip
    Transaction.objects.update(run=run)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_record SET run_id = %s WHERE route_id = %s", [run.pk, world.route.pk])
    return run


def test_no_page_shows_ids_json_or_internal_names(make_world: Make, staff: Staff) -> None:
    world = make_world()
    missing_rate(world, 3)
    world.take_in(entry(9, role="Partner"))
    world.deliver()
    refused_sign_in(world)
    run_of(world)
    client = signed_in(staff.clara)  # she may see everything but the technical side
    names = {s.value for s in Category if "_" in s.value} | {"Traceback", "fingerprint", "{&quot;"}
    for address in visits(world):
        answer = client.get(address)
        assert answer.status_code == 200, address
        words = text_of(answer)
        assert UUID.findall(answer.content.decode()) == [], address
        assert [name for name in names if name in words] == [], address


def test_technical_details_are_for_those_who_have_the_right(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    address = reverse("queue:technical", args=[item.number])
    assert signed_in(staff.farid).get(address).status_code == 403
    assert item.fingerprint in text_of(signed_in(staff.ingrid).get(address))
    assert "Technical details" not in text_of(signed_in(staff.farid).get(url_of(item)))


def test_run_page_adds_up(make_world: Make, staff: Staff) -> None:
    world = make_world()
    missing_rate(world, 2)
    world.take_in(entry(8, status="submitted"), entry(9, role="Partner"))
    world.deliver()
    run = run_of(world)
    client = signed_in(staff.clara)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(reverse("queue:run", args=[run.pk]))
    [(book, lines, _)] = answer.context["destinations"]
    assert {line.state: line.count for line in lines} == {State.POSTED: 1, State.FAILED: 2}
    assert {line.state: line.sums for line in lines}[State.FAILED] == {"EUR": Decimal(1600)}
    assert book.not_chosen == {'approval_status = "approved"': 1}
    assert "adds up" in text_of(answer)
    assert len(queries) <= 12
    Run.objects.update(read=5, new=5)
    assert "1 of 5 not accounted for" in text_of(client.get(reverse("queue:run", args=[run.pk])))


def test_transaction_page_tells_its_story(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1, hours="6.00"))
    world.deliver()
    row = Transaction.objects.get()
    client = signed_in(staff.farid)
    with CaptureQueriesContext(connection) as queries:
        words = text_of(client.get(reverse("queue:transaction", args=[row.pk])))
    assert "Hours 6.00 6.00 6.00 –" in words
    assert "LR-1" in words
    assert "taken in from the source" in words
    assert "Number 1: create" in words
    assert len(queries) <= 18


def test_transaction_bodies_hide_what_the_person_may_not_see(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1, cost="95.00", secret_pay="4321"))
    row = Transaction.objects.get()
    address = reverse("queue:transaction", args=[row.pk])
    RoleGrant.objects.create(
        user=staff.clara, role=Role.INTEGRATION_ADMIN, legal_entity=None, granted_by="engine:engine"
    )
    assert "4321" in text_of(signed_in(staff.clara).get(address))
    words = text_of(signed_in(staff.ingrid).get(address))
    assert "4321" not in words
    assert "project_code" in words


def test_short_forms_of_ids_come_back(transactional_db: None) -> None:
    one = new_id()
    assert id_of(code_of(one)) == one
    assert len(code_of(one)) == 22
    for wrong in ("", "x", "!" * 22, "ä" * 22):
        with pytest.raises(ValueError, match="no address of ours"):
            id_of(wrong)


def test_addresses_of_people_are_hidden_from_viewers(make_world: Make, staff: Staff) -> None:
    address = "brooke.tanner@halden-partner.example"
    item = trouble(
        make_world(),
        Problem(
            "error", Category.UNMAPPED_VALUE, "cost_center", None, f"No row for {address}.", address, "a row",
            "cost_centers", (address,),
        ),
    )  # fmt: skip
    for somebody, sees in ((staff.viktor, False), (staff.farid, True)):
        client = signed_in(somebody)
        for page in (url_of(item), reverse("queue:items"), "/"):
            assert (address in client.get(page).content.decode()) is sees, (somebody, page)


def test_runs_that_found_nothing_are_left_out_unless_asked_for(make_world: Make, staff: Staff) -> None:
    world = make_world()
    zero_hours(world)
    run_of(world)
    Run.objects.update(read=0, new=0)
    client = signed_in(staff.clara)
    assert "No route has found anything yet" in text_of(client.get(reverse("queue:runs")))
    assert "Time to ledger" in text_of(client.get(f"{reverse('queue:runs')}?all=1"))
