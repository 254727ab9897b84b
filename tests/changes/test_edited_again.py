"""A draft of a new thing with rows beside it is edited as often as anybody likes, by whoever may."""

from typing import Any

import pytest
from django.urls import reverse

from connectors.models import Connection
from governance.models import LegalEntity, State, User, Version
from tests.changes.looking import browser, newest, sent_by
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company
from tests.intake.firm import Firm

HARVEST = {
    "name": "New one", "slug": "harvest-new", "environment": "sandbox", "auth": "token", "answer_account": "1463201",
    "answer_contact": "a@b.example", "answer_token": "S3", "windows-TOTAL_FORMS": "1", "windows-0-reason": "Nightly",
    "windows-0-weekday": "0", "windows-0-from_time": "02:00", "windows-0-minutes": "60", "windows-0-time_zone": "UTC",
}  # fmt: skip


def _route() -> tuple[str, dict[str, str]]:
    to = {
        "name": "There", "connection": str(Connection.objects.get(slug="ledger").pk), "stream": "entries",
        "mapping": "ledger-time-out", "correction": "update", "lane": "posting", "enabled": "on",
    }  # fmt: skip
    own = {"name": "New one", "slug": "new-one", "canonical_entity": "time_entry", "destinations-TOTAL_FORMS": "1"}
    return "/admin/routes/route/add/", own | {f"destinations-0-{name}": each for name, each in to.items()}


def _new(kind: str) -> tuple[str, dict[str, str]]:
    """Return where a new thing is made, and what is typed there."""
    if kind == "route":
        return _route()
    if kind == "connection":
        return "/admin/connectors/connection/add/?connector=harvest", HARVEST
    return "/admin/governance/businesscalendar/add/", {"country": "DE", "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("kind", "changed", "rows"),
    [
        ("route", "name", "destinations"), ("connection", "name", "windows"), ("calendar", "time_zone", "hours"),
    ],
)  # fmt: skip
def test_draft_of_a_new_thing_with_rows_beside_it_is_edited_twice_and_by_a_second_person(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, kind: str, changed: str, rows: str
) -> None:
    place, typed = _new(kind)
    page = browser(ingrid).get(place)
    of_company = {"legal_entity": str(company("HP-DE").pk)}
    made = browser(ingrid).post(place, sent_by(page) | of_company | typed | {"_draft": "1"})
    assert made.status_code == 302, text_of(made)
    version: Version = newest(kind, {"route": "new-one", "connection": "harvest-new"}.get(kind, "HP-DE"))
    before: Any = version.content[rows]
    assert len(before) == (5 if kind == "calendar" else 1)

    for who, words in ((ingrid, "Europe/Paris"), (ingrid, "Europe/Rome"), (iris, "Europe/Vienna")):
        opened = browser(who).get(reverse("changes:edit", args=[version.pk]) + f"?seen={version.content_hash}")
        answer = browser(who).post(opened.request["PATH_INFO"], sent_by(opened) | {changed: words, "_draft": "1"})

        assert answer.status_code == 302, text_of(answer)
        version = Version.objects.get(pk=version.pk)
        assert (version.state, version.content[changed], version.content[rows]) == (State.DRAFT, words, before)
