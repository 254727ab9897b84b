"""Standing formulas that name another company's connection say to others only that one stands there."""

from typing import Any

import pytest

from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE
from governance.models import User
from governance.rights import Role
from mappings import MappingErrors, tables
from mappings.covering import NOT_NAMED, covered_one, taken_back
from mappings.drafting import draft, revise
from mappings.models import Mapping
from tests.api.signing import get, token_of
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.mappings.test_reaching import content

pytestmark = pytest.mark.django_db
XREF = 'XREF("worker", worker_id, "us-ledger")'
LOOKUP = "LOOKUP('us_rates.rate', role)"
HIDDEN = ("us-ledger", "American rates")


def two(**more: Any) -> dict[str, Any]:
    made = content(XREF, **more)
    made["fields"] += [
        {"to": "rate", "formula": LOOKUP},
        {"to": "own", "formula": 'XREF("worker", worker_id, "ledger")'},
    ]
    return made


@pytest.fixture
def both(db: None) -> User:
    """Return who edits for all companies; a mapping of Germany names what only America has."""
    germany, america = company("HP-DE"), company("HP-US")
    for slug, place in (("ledger", germany), ("us-ledger", america)):
        Connection.objects.create(slug=slug, name=slug, connector="odoo", legal_entity=place)
    tables.create_table(
        name="us_rates", title="American rates", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE,
        legal_entity=america,
    )  # fmt: skip
    root = person("Root Solheim", is_superuser=True)
    for number, name in enumerate(("Time out", "Time out again")):
        row = draft(key="shared.out", content=two(name=name), by=root, legal_entity=germany, newest_seen=number)
        row = versions.approve(versions.submit(row, by=root), by=person(f"Agreeing{number} One", is_superuser=True))
        versions.publish(row, by=root)
    return root


@pytest.fixture
def ingrid(both: User) -> User:
    """Return who sees Germany only."""
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True)


@pytest.mark.parametrize("at", ["", "versions/", "versions/1/rollbacks/", "technical/"])
def test_pages_name_nothing_of_another_company(both: User, ingrid: User, at: str) -> None:
    page = f"/mappings/{Mapping.objects.get(key='shared.out').pk}/{at}"
    shown = text_of(signed_in(both).get(page))
    hidden = signed_in(ingrid).get(page)

    assert hidden.status_code == 200
    assert [each for each in HIDDEN if each in hidden.content.decode()] == []
    if at in ("", "technical/"):
        assert "us-ledger" in shown, "the question can be answered with yes"
        assert NOT_NAMED in text_of(hidden)
        assert "ledger" in text_of(hidden), "their own is named"


def test_differences_name_nothing_of_another_company(both: User, ingrid: User) -> None:
    changed = two(name="Time out again")
    changed["fields"][1]["formula"] = 'XREF("worker", worker_id)'
    changed["fields"][2]["formula"] = "LOOKUP('us_rates.rate', currency)"
    draft(key="shared.out", content=changed, by=both, legal_entity=company("HP-DE"), newest_seen=2)
    page = f"/mappings/{Mapping.objects.get(key='shared.out').pk}/versions/"

    assert "at ‘us-ledger’" in text_of(signed_in(both).get(page))
    words = text_of(signed_in(ingrid).get(page))
    assert f"at ‘{NOT_NAMED}" in words
    assert [each for each in HIDDEN if each in words] == []


def test_api_names_nothing_and_takes_back_what_it_has_told(both: User, ingrid: User) -> None:
    place = "/api/process/v1/mappings/shared.out/versions"
    token = token_of(ingrid, "process:read")
    for at in (f"{place}/2", place):
        body = get(at, token).content.decode()
        assert NOT_NAMED in body
        assert [each for each in HIDDEN if each in body] == []
    assert "us-ledger" in get(f"{place}/2", token_of(both, "process:read")).content.decode()


def test_what_is_covered_is_taken_back_as_it_stands(both: User, ingrid: User) -> None:
    stands = two(name="Time out again")
    told = covered_one(stands, by=ingrid)
    assert told["fields"][1]["formula"] != stands["fields"][1]["formula"]
    assert told["fields"][1]["formula"].startswith(f'XREF("worker", worker_id, "{NOT_NAMED} (')
    assert told["fields"][2:] == stands["fields"][2:], "their own, and a name that each company may give a table"
    assert covered_one(stands, by=both) == stands
    assert taken_back(told, by=ingrid, key="shared.out") == stands
    assert taken_back(told, by=ingrid, key="another.one") == told, "it stands in no version of that"

    told["fields"][0]["formula"] = "hours * 2"
    made = draft(key="shared.out", content=told, by=ingrid, legal_entity=company("HP-DE"), newest_seen=2)
    assert made.content["fields"][1:] == stands["fields"][1:], "the rest stays"
    assert made.content["fields"][0]["formula"] == "hours * 2"
    told["fields"][1]["formula"] = told["fields"][1]["formula"].replace("worker_id", "entry_id")
    with pytest.raises(MappingErrors, match="no connection one of another company"):
        revise(made, content=told, by=ingrid)


def test_text_that_is_no_formula_stays(both: User, ingrid: User) -> None:
    rule = {"name": "r", "check": "hours > 0", "message": 'XREF( "us-ledger" is no formula', "meaning": "LOOKUP((("}
    made = two(rules=[rule])
    assert covered_one(made, by=ingrid)["rules"] == [rule]
