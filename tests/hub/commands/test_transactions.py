"""`transactions`: totals by state, with money by currency, of what somebody may see."""

import json

from governance.rights import Role
from tests.governance.people import company, person
from tests.routes.world import entry


def test_transactions_tells_states_with_their_money(quick_world, give) -> None:
    world = quick_world()
    world.take_in(entry(1), entry(2, currency="USD"), entry(3, hours="0.00"))
    world.deliver()
    done = give("transactions", "--json")
    assert (done.code, done.err) == (0, "")
    found = {each["state"]: each for each in json.loads(done.out)["states"]}
    assert found["posted"]["count"] == 2
    assert found["posted"]["money"] == {"EUR": "800.0000", "USD": "800.0000"}
    assert found["posted"]["hours"] == "16.0000"
    assert found["failed"]["count"] == 1


def test_transactions_counts_what_travels_as_one_row(quick_world, give) -> None:
    world = quick_world("ledger_idempotent")
    world.travels = True
    world.take_in(*(entry(each) for each in range(1, 4)))
    assert world.travelling() == 1
    (found,) = json.loads(give("transactions", "--json", "--route", world.route.slug).out)["states"]
    assert (found["state"], found["count"], found["money"]) == ("ready", 3, {"EUR": "2400.00"})


def test_transactions_counts_a_record_that_stopped_before_a_destination_once(quick_world, give) -> None:
    world = quick_world()
    world.take_in(entry(1) | {"hours": "many"})
    (found,) = json.loads(give("transactions", "--json").out)["states"]
    assert (found["state"], found["count"]) == ("stopped", 1)


def test_transactions_shows_a_table_to_people(quick_world, give) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    said = give("transactions", "--entity", "HP-DE", "--state", "posted").out
    assert "EUR 800.00" in said
    assert give("transactions", "--state", "parked").out == "There are none.\n"


def test_transactions_keeps_to_what_somebody_may_see(quick_world, give) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    person("Grace Field", Role.FINANCE, company("HP-GB"))
    assert json.loads(give("transactions", "--json", "--by", "grace").out) == {"states": []}
    refused = give("transactions", "--entity", "HP-DE", "--by", "grace")
    assert refused.code == 1
    assert "There is no legal entity HP-DE. Use one of: HP-GB." in refused.err


def test_transactions_of_an_unknown_state_is_wrong_usage(db, give) -> None:
    done = give("transactions", "--state", "lost")
    assert done.code == 2
    assert "invalid choice: 'lost'" in done.err


def test_transactions_wraps_nothing_without_a_terminal(quick_world, give, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    world = quick_world()
    world.take_in(entry(1), entry(2, currency="USD"), entry(3, currency="GBP"))
    world.deliver()
    head, *rows = give("transactions").out.splitlines()
    assert head.split() == ["State", "Number", "Money", "Hours", "Without", "an", "amount"]
    assert len(rows) == 1


def test_words_that_are_no_text_are_refused(db, give) -> None:
    done = give("transactions", "--entity", "HP\udcff")
    assert done.code == 1
    assert "“HP\\xff” is no text in UTF-8. Type it again." in done.err
