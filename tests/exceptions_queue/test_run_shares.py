"""A run that has read for several companies is told to each of their people by their own part, which adds up."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exceptions_queue import totals
from exceptions_queue.codes import code_of
from governance.models import LegalEntity
from governance.rights import Role
from hub.state_totals import Narrowed
from hub.state_totals import totals as state_totals
from routes import accounting, day_totals, drafts, receive
from routes.models import RuleWarning, Run, Transaction
from tests.api.signing import get, token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.invariants.test_accounted import begin, take_in
from tests.routes.world import World, entry

Make = Callable[..., World]
POUNDS = {"legal_entity": "HP-GB", "currency": "GBP"}


def of_germany(world: World) -> None:
    """Let the route, and with it its runs, belong to the German company."""
    world.route.legal_entity = LegalEntity.objects.get(code="HP-DE")
    world.route.save()


def mixed(world: World) -> Run:
    """Return a run of the German company with 2 records of its own and 3 of the British one, posted, and one parked."""
    of_germany(world)
    run = begin(world)
    british = [entry(n, **POUNDS, hours="7.00") for n in (11, 12)]
    take_in(world, run, entry(1), entry(2, status="submitted"), *british)
    take_in(world, run, entry(13, **POUNDS, status="submitted", hours="7.00"), entry(14, **POUNDS, hours="0.00"))
    take_in(world, run, entry(1))
    world.deliver()
    Run.objects.filter(pk=run.pk).update(state="done")
    run.refresh_from_db()
    return run


def told_of(run: Run, user: Any) -> str:
    return text_of(signed_in(user).get(reverse("queue:run", args=[run.pk])))


def test_page_of_a_run_tells_of_the_companies_that_one_sees(make_world: Make, staff: Staff) -> None:
    run = mixed(make_world())

    for user in (staff.farid, staff.viktor):
        page = told_of(run, user)
        assert "GBP" not in page
        assert "Posted 800.00 EUR 8 h 1" in page
        assert "New and changed, as read 1,600.00 EUR 16 h 2" in page
        assert "adds up" in page
        assert "not accounted for" not in page
        assert "has read more, for companies that you do not see" in page
        assert "Read, apart from what was unchanged 2" in page
        assert "Unchanged" not in page
    whole = told_of(run, staff.clara)
    assert "1,400.00 GBP" in whole
    assert "Read in" in whole
    assert "companies that you do not see" not in whole


def test_api_tells_the_same(make_world: Make, staff: Staff) -> None:
    run = mixed(make_world())
    for address in (f"/api/process/v1/runs/{run.pk}", "/api/process/v1/runs"):
        body = get(address, token_of(staff.farid)).json()
        assert "GBP" not in str(body)
        shown = body["items"][0] if "items" in body else body
        assert (shown["holds_more"], shown["read"], shown["new"], shown["unchanged"]) == (True, None, None, None)
        whole = get(address, token_of(staff.clara)).json()
        shown = whole["items"][0] if "items" in whole else whole
        assert (shown["holds_more"], shown["read"], shown["new"], shown["unchanged"]) == (False, 7, 6, 1)
    [book] = get(f"/api/process/v1/runs/{run.pk}", token_of(staff.farid)).json()["books"]
    assert (book["due"], book["difference"], book["due_worth"]["hours"]) == (2, 0, "16.0000")


def test_lists_and_sums_tell_no_figures_of_a_run_that_holds_more(make_world: Make, staff: Staff) -> None:
    world = make_world()
    run = mixed(world)
    own = begin(world)
    take_in(world, own, entry(21), entry(22))
    day_totals.bring_up_to_date()

    listed = text_of(signed_in(staff.farid).get(reverse("queue:runs")))
    assert "Also for companies that you do not see" in listed
    assert "engine running 2 2 0 0 0" in listed
    assert "engine done 7" not in listed
    assert "engine done 7 6 0 1 0" in text_of(signed_in(staff.clara).get(reverse("queue:runs")))
    home = text_of(signed_in(staff.viktor).get("/"))
    assert "read 2 = 2 new" in home
    assert "GBP" not in home
    assert "1 run for your companies only read 2 records" in text_of(signed_in(staff.farid).get("/"))
    assert run.read == 7


def test_commands_tell_of_the_companies_that_one_sees(make_world: Make, staff: Staff, capsys: Any) -> None:
    run = mixed(make_world())

    call_command("transactions", "--by", "farid")
    assert "GBP" not in capsys.readouterr().out
    [posted] = state_totals(staff.farid, Narrowed(run=run, state="posted"))
    assert posted.money == {"EUR": Decimal(800)}


def test_what_travels_is_told_by_company(make_world: Make, staff: Staff) -> None:
    world = make_world("ledger_idempotent")
    of_germany(world)
    run = begin(world)
    raws = [entry(1), entry(2), *(entry(n, **POUNDS) for n in (11, 12, 13))]
    with transaction.atomic():
        receive.take_in(world.plan, raws, run=run.pk, onward=drafts.open_for(world.plan))
    Run.objects.filter(pk=run.pk).update(read=5, new=5)
    assert world.travelling()

    books = accounting.books(run, by=staff.farid)
    [(book, [line], account)] = totals.lines(run, books)
    assert (books.balanced, book.states, line.sums) == (True, {"ready": 2}, {"EUR": Decimal(1600)})
    assert not account.difference
    for narrowed in (Narrowed(run=run), Narrowed(entity=company("HP-DE")), Narrowed()):
        [ready] = state_totals(staff.farid, narrowed)
        assert (ready.count, ready.money) == (2, {"EUR": Decimal(1600)})
    [british] = state_totals(staff.stranger, Narrowed())
    assert (british.count, british.money) == (3, {"GBP": Decimal(2400)})


def test_parts_make_up_the_whole(make_world: Make, staff: Staff) -> None:
    run = mixed(make_world())
    grace = person("Gwen Hale", Role.CONTROLLER, company("HP-GB"))
    whole, german, british = (accounting.books(run, by=who) for who in (staff.clara, staff.farid, grace))

    assert german.balanced
    assert british.balanced
    assert german.new + british.new == whole.new
    assert _summed([german, british]) == _summed([whole])


def _summed(books: Iterable[accounting.Books]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in books:
        [book] = each.destinations
        for what, number in [*book.states.items(), *book.not_chosen.items(), ("stopped", book.stopped)]:
            found[what] = found.get(what, 0) + number
    return {what: number for what, number in found.items() if number}


def test_warnings_are_counted_of_the_companies_that_one_sees(make_world: Make, staff: Staff) -> None:
    run = mixed(make_world())
    for row in Transaction.objects.filter(run=run):
        RuleWarning.objects.create(
            transaction_id=row.pk, legal_entity_id=row.legal_entity_id, stage="validate", rule="late", field="hours",
            message="Late.", at=timezone.now(),
        )  # fmt: skip
    assert "1 transaction went on though a rule warns of it" in told_of(run, staff.farid)
    assert f"?run={code_of(run.pk)}" in signed_in(staff.farid).get(reverse("queue:run", args=[run.pk])).content.decode()


def test_parts_take_the_same_queries_for_few_and_many(make_world: Make, staff: Staff) -> None:
    world = make_world()
    of_germany(world)
    counts = []
    for first, last in ((1, 3), (10, 40)):
        run = begin(world)
        more: list[dict[str, Any]] = [entry(500 + n, **POUNDS) for n in range(first, last)]
        take_in(world, run, *(entry(n) for n in range(first, last)), *more)
        with CaptureQueriesContext(connection) as page:
            told_of(run, staff.farid)
        with CaptureQueriesContext(connection) as runs:
            signed_in(staff.farid).get(reverse("queue:runs"))
        counts.append((len(page), len(runs)))
    assert counts[0] == counts[1]


def test_run_follows_by_itself_until_all_is_sent(make_world: Make, staff: Staff) -> None:
    world = make_world()
    run = begin(world)
    take_in(world, run, entry(1), entry(2))
    Run.objects.filter(pk=run.pk).update(state="done")

    page = signed_in(staff.clara).get(reverse("queue:run", args=[run.pk])).content.decode()
    assert 'hx-trigger="every 5s"' in page
    assert "What it has read is on its way" in page
    world.deliver()
    page = signed_in(staff.clara).get(reverse("queue:run", args=[run.pk])).content.decode()
    assert "hx-trigger" not in page.partition('id="live"')[2]
