"""A secret typed in a form that is refused: it is never shown again, and never given up for the old one unsaid."""

import re
from typing import Any

from django.urls import reverse

from connectors.models import Connection
from governance.models import LegalEntity, User
from hub.changes import drafting, putting
from tests.changes.looking import browser, newest
from tests.changes.test_meanwhile import opened
from tests.changes.test_other_kinds import NEW, form, typed
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import SECRET, Firm

KEPT = "One is kept"
AGAIN = "enter it again"


def marks(answer: Any) -> dict[str, str]:
    """Return what the form carries of secrets that were typed."""
    body = answer.content.decode()
    assert NEW not in body
    return dict(re.findall(r'name="(typed_before_\w+)" value="(\w+)"', body))


def test_secret_typed_in_a_form_that_was_refused_is_not_given_up_for_the_one_that_is_kept(
    firm: Firm, ingrid: User
) -> None:
    row = Connection.objects.get(slug="time")
    me = browser(ingrid)
    assert KEPT in text_of(me.get(form(row)))

    refused = me.post(form(row), typed(row, concurrency="0", answer_signing=NEW))

    assert (refused.status_code, KEPT in text_of(refused), AGAIN in text_of(refused)) == (200, False, True)
    carried = marks(refused)
    assert carried == {"typed_before_signing": "yes"}
    empty = me.post(form(row), typed(row, **carried))
    assert empty.status_code == 200
    assert "answer_signing" in empty.context["adminform"].form.errors
    assert marks(empty) == carried
    row.refresh_from_db()
    assert row.secrets["signing"] == SECRET

    assert me.post(form(row), typed(row, answer_signing=NEW, **carried)).status_code == 302
    row.refresh_from_db()
    assert row.secrets["signing"] == NEW


def test_old_secret_stays_where_that_is_chosen(firm: Firm, ingrid: User) -> None:
    row = Connection.objects.get(slug="time")
    sent = typed(row, typed_before_signing="yes", as_before_signing="on")
    still = browser(ingrid).post(form(row), sent | {"concurrency": "0"})
    assert re.search(r'name="as_before_signing"[^>]* checked', still.content.decode()), "the choice stays"
    assert browser(ingrid).post(form(row), sent).status_code == 302
    row.refresh_from_db()
    assert row.secrets["signing"] == SECRET


def test_secret_of_a_new_connection_is_asked_for_again(firm: Firm, ingrid: User) -> None:
    row = Connection.objects.get(slug="time")
    place = reverse("admin:connectors_connection_add") + f"?connector={row.connector}"
    new, me = typed(row, name="New", slug="new"), browser(ingrid)

    refused = me.post(place, new | {"slug": "not a name", "answer_signing": NEW})

    assert AGAIN in text_of(refused)
    assert me.post(place, new | marks(refused)).status_code == 200
    assert not Connection.objects.filter(slug="new").exists()


def test_secret_typed_for_a_draft_is_asked_for_again(firm: Firm, asking: LegalEntity, ingrid: User, iris: User) -> None:
    row = Connection.objects.get(slug="time")
    me = browser(ingrid)
    refused = me.post(form(row), typed(row, concurrency="0", answer_signing=NEW) | {"_draft": "1"})
    assert AGAIN in text_of(refused)
    assert me.post(form(row), typed(row, concurrency="4") | {"_draft": "1"} | marks(refused)).status_code == 200
    assert me.post(form(row), typed(row, concurrency="4", answer_signing=NEW) | {"_draft": "1"}).status_code == 302
    version = newest("connection", "time")

    opening = opened(ingrid, version)
    place = opening.pop("place")
    drafting.revise(version, version.content | {"concurrency": 2}, by=iris)
    met = me.post(place, typed(row, name="Tool", answer_signing=NEW, concurrency="4") | opening)

    assert met.status_code == 409
    carried = marks(met) | dict(re.findall(r'name="(_draft_seen)" value="([^"]+)"', met.content.decode()))
    empty = me.post(place, typed(row, name="Tool", concurrency="4") | carried)
    assert (empty.status_code, AGAIN in text_of(empty)) == (200, True)
    assert version == newest("connection", "time")
    assert (
        me.post(place, typed(row, name="Tool", answer_signing=NEW + "2", concurrency="4") | carried).status_code == 302
    )
    assert putting.secrets_of(newest("connection", "time")) == {"signing": NEW + "2"}
