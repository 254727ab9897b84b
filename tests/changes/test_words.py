"""What a change changes is told in the words of the forms and pages: titles, never names of the code."""

from typing import Any

import pytest
from django.urls import reverse

from connectors.models import Connection
from governance.models import User, Version
from hub.changes import drafting, things
from hub.changes.titles import Titles
from tests.changes.looking import at, browser
from tests.changes.test_other_kinds import typed as typed_connection
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company
from tests.intake.firm import Firm
from tests.intake.test_route_forms import typed

EVERY = {"route": "time-pushed", "every_seconds": 300}
AT = {"route": "time-pushed", "times": "30 6 * * 1,2,3", "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("here", "wanted", "words"),
    [
        ({}, EVERY, "Runs by itself: only when somebody asks for it → every 5 minutes"),
        (EVERY | {"every_seconds": 60}, EVERY, "Runs by itself: every minute → every 5 minutes"),
        (EVERY, AT, "Runs by itself: every 5 minutes → every Monday, Tuesday, Wednesday at 06:30 (Europe/Berlin)"),
        (AT, {}, "Runs by itself: every Monday, Tuesday, Wednesday at 06:30 (Europe/Berlin) → only when somebody asks "
                 "for it"),
        (EVERY, EVERY | {"working_days_only": True},
         "Runs by itself: every 5 minutes → every 5 minutes, only on working days of the company's calendar"),
        (AT, AT | {"times": "6 tea * * *"},
         "Runs by itself: every Monday, Tuesday, Wednesday at 06:30 (Europe/Berlin) → at the times 6 tea * * *"),
        (AT, AT | {"times": "6"},
         "Runs by itself: every Monday, Tuesday, Wednesday at 06:30 (Europe/Berlin) → at the times 6"),
    ],
)  # fmt: skip
def test_schedule_is_told_as_the_page_of_its_route_tells_it(
    here: dict[str, object], wanted: dict[str, object], words: str
) -> None:
    assert things.said("schedule", here, wanted) == [words]


def test_choices_and_streams_are_told_by_their_titles(firm: Firm, ingrid: User) -> None:
    here = things.document("route", "time-pushed")
    end = here["destinations"][0]
    wanted = here | {"order": "in_order", "lane": "master", "canonical_entity": "expense_item",
                     "destinations": [end | {"correction": "reverse", "lane": "analytics"}]}  # fmt: skip

    told = things.said("route", here, wanted)

    assert told == [
        "Becomes, in the hub's words: “Time entry” → “Expense item”",
        "A newer version: “the newest version wins” → “every version counts (usage, drawdown): in order, never "
        "superseded”",
        "Lane: “intake: what is read” → “master: customers, projects and people”",
        "destination Ledger, Lane: “posting: what is posted in other systems” → “analytics: figures; never delays the "
        "others”",
        "destination Ledger, A later version: “change it in place” → “reverse it and post it again”",
    ]
    new = " ".join(things.said("route", {}, here))
    assert "Entries of the ledger" in new
    for name in ("superseding", "time_entries", "in_order", "production"):
        assert name not in new, name


def test_connection_is_told_by_the_titles_of_its_ways_and_worlds(firm: Firm, ingrid: User) -> None:
    here = things.document("connection", "time")
    told = things.said("connection", here, here | {"environment": "production"})
    assert told == ["Environment: “sandbox” → “production”"]


def test_name_of_another_companys_connection_is_not_told(firm: Firm, ingrid: User) -> None:
    Connection.objects.filter(slug="ledger").update(legal_entity=company("HP-US"), name="Hidden ledger")
    here = things.document("route", "time-pushed")
    words = " ".join(things.said("route", {}, here))
    assert "Hidden ledger" not in words
    assert "connection “ledger”" in words


def test_titles_are_asked_for_once(firm: Firm, ingrid: User, django_assert_num_queries: object) -> None:
    here, titles = things.document("route", "time-pushed"), Titles()
    with django_assert_num_queries(2):  # type: ignore[operator]
        for days in range(5):
            things.said("route", here, here | {"compare_days": days + 1}, titles)


def test_change_of_a_schedule_is_titled_with_the_name_of_its_route(
    firm: Firm, ingrid: User, django_assert_num_queries: Any
) -> None:
    version = drafting.draft("schedule", "time-pushed", EVERY, by=ingrid)
    called = f"Schedule {firm.pushed.name}"
    assert things.title(version) == called
    for place in (reverse("changes:changes"), at(version), reverse("changes:states", args=["schedule", "time-pushed"])):
        words = text_of(browser(ingrid).get(place))
        assert called in words
        assert "Schedule time-pushed" not in words
    other = Version(kind="schedule", object_key="time-pushed", legal_entity=company("HP-GB"), content={})
    assert things.title(other) == "Schedule time-pushed", "another company's route is not told"
    with django_assert_num_queries(1):
        names = things.names_of([version, version])
    with django_assert_num_queries(0):
        assert things.title(version, names) == called


def test_short_name_is_refused_in_the_words_of_its_help(firm: Firm, ingrid: User) -> None:
    row = Connection.objects.get(slug="time")
    refused = browser(ingrid).post(
        f"/admin/connectors/connection/{row.pk}/change/", typed_connection(row, slug="Time tool!")
    )
    end = firm.pushed.destinations.get()
    other = browser(ingrid).post(
        f"/admin/routes/route/{firm.pushed.pk}/change/", typed(firm.pushed, end, slug="Time tool!")
    )
    for answer in (refused, other):
        assert answer.context["adminform"].form.errors["slug"] == ["Write it with small letters, digits and hyphens."]
