"""What keeps a connection from being removed is named as far as the reader may see it, with what to do first."""

from typing import Any

import pytest

from connectors.models import Connection
from governance.models import User
from governance.rights import Role
from hub.changes import drafting, putting
from routes.models import Route
from tests.api.test_changes import call
from tests.changes.looking import at, browser
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company, person
from tests.intake.firm import Firm

CHANGES = "/api/system/v1/configuration/changes"
HIDDEN = "something of another company"


@pytest.fixture
def ursa(firm: Firm) -> User:
    """Return an admin of the company whose connection routes of two companies use, one of which she does not see."""
    states, germany = company("HP-US"), company("HP-DE")
    Connection.objects.filter(slug="time").update(legal_entity=states)
    time = Connection.objects.get(slug="time")
    Route.objects.filter(pk=firm.pushed.pk).update(name="Secret DE plan", legal_entity=germany)
    Route.objects.create(
        slug="own", name="Own plan", legal_entity=states, connection=time, stream="time_entries",
        canonical_entity="time_entry", mapping="ledger-time-in",
    )  # fmt: skip
    return person("Ursa Bell", Role.INTEGRATION_ADMIN, states, is_staff=True)


def told(text: str) -> str:
    """Return a page's words as they are read, after seeing that they name what may be seen and nothing else."""
    words = " ".join(text.split())
    assert "Secret DE plan" not in words
    assert "used by route Own plan and something of another company. Remove these first." in words, words
    assert "keep its file" not in words
    return words


def test_change_that_removes_it_names_only_what_the_reader_sees(firm: Firm, ursa: User) -> None:
    sent: dict[str, Any] = {"kind": "connection", "name": "time", "document": None}
    answer = call(ursa, "post", CHANGES, sent)
    assert answer.status_code == 201, answer.content
    told("\n".join(answer.json()["problems"]))
    version = drafting.draft("connection", "time", {}, by=ursa, note="x")
    told(text_of(browser(ursa).get(at(version))))
    told("\n".join(putting.problems(version, by=ursa)))
    with pytest.raises(putting.NotPossible) as refused:
        drafting.submit(version, by=ursa, note="x")
    told(str(refused.value))
    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN, is_staff=True)
    assert "route Own plan, route Secret DE plan. Remove" in "\n".join(putting.problems(version, by=everywhere))
    assert "plan" not in "\n".join(putting.problems(version)), "for nobody in particular"


def test_api_that_removes_it_names_only_what_the_caller_sees(firm: Firm, ursa: User) -> None:
    place = "/api/system/v1/configuration/connections/time"
    shown = call(ursa, "get", place)

    answer = call(ursa, "delete", place, If_Match=shown["ETag"])

    assert answer.status_code == 409, answer.content
    told(answer.json()["detail"])


@pytest.mark.parametrize("ticked", [True, False])
def test_administration_says_what_uses_it_and_what_to_do(firm: Firm, ursa: User, ticked: bool) -> None:
    row = Connection.objects.get(slug="time")
    page = "/admin/connectors/connection/" + ("" if ticked else f"{row.pk}/delete/")
    sent = {"post": "yes"} | ({"action": "delete_selected", "_selected_action": str(row.pk)} if ticked else {})

    answer = browser(ursa).post(page, sent)

    assert answer.status_code == 200
    assert "It is used by route Own plan" in told(text_of(answer))
    assert Connection.objects.filter(pk=row.pk).exists()


def test_only_what_nobody_sees_is_still_said(firm: Firm, ursa: User) -> None:
    Route.objects.filter(slug="own").delete()
    row = Connection.objects.get(slug="time")
    words = " ".join(text_of(browser(ursa).get(f"/admin/connectors/connection/{row.pk}/delete/")).split())
    assert f"It is used by {HIDDEN}." in words
    assert "Secret DE plan" not in words
