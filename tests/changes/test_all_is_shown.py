"""Nobody agrees to what they have not been shown: long texts are folded and never cut, and windows are words."""

import json

import pytest
from django.urls import reverse

from governance.models import LegalEntity, User, Version
from hub.changes import drafting, meanwhile, things
from hub.changes.telling import parted
from hub.configuration import form
from hub.configuration.differences import differences
from tests.api.test_changes import CHANGES, call
from tests.changes.looking import at, browser, go
from tests.changes.test_routes import drafted
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import Firm

LONG = "hours >= 0 OR " + " OR ".join(f"hours = {number * 111111111}" for number in range(1, 6))
NIGHTLY = {"reason": "Nightly close", "weekday": "Monday", "from_time": "02:00", "minutes": 60, "time_zone": "UTC"}
ONCE = {"reason": "Move", "starts_at": "2026-04-01T22:00:00+02:00", "ends_at": "2026-04-02T01:00:00+00:00"}


def _pages(version: Version, user: User, *steps: str) -> list[str]:
    """Return the texts of the pages on which somebody decides about a version."""
    found = [browser(user).get(place) for place in (at(version), *(at(version, step) for step in steps))]
    assert [each.status_code for each in found] == [200] * len(found)
    return [text_of(each).replace("&gt;", ">").replace("&quot;", '"') for each in found]


def test_whole_text_of_a_long_value_stands_on_every_page_on_which_one_agrees(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    version = drafted(ingrid, firm.pushed, **{"destinations-0-condition": LONG})
    assert go(ingrid, version, "submissions") == 302

    for words in _pages(version, iris, "approvals", "publications-after-approval"):
        assert "The whole text" in words
        assert "".join(LONG.split()) in "".join(words.split())
    states = reverse("changes:states", args=["route", "time-pushed"])
    assert "".join(LONG.split()) in "".join(text_of(browser(iris).get(states)).replace("&gt;", ">").split())
    assert any(LONG in each for each in things.said("route", things.here_for(version), version.content))


def test_each_value_of_a_new_destination_is_shown_whole(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    content = things.document("route", "time-pushed")
    end = content["destinations"][0]
    new = {**end, "name": "Second", "condition": LONG, "group": "CONCAT(employee, " + "project, " * 20 + "day)"}
    version = drafting.draft("route", "time-pushed", content | {"destinations": [end, new]}, by=ingrid)

    (words,) = _pages(version, ingrid)

    assert LONG in words
    assert new["group"] in words


@pytest.mark.django_db
def test_both_of_two_changes_in_one_long_text_are_shown_and_marked() -> None:
    other = LONG.replace("111111111", "7", 1).replace("555555555", "8")
    here, wanted = ({"destinations": [{"name": "There", "condition": each}]} for each in (LONG, other))

    (told,) = things.told("route", here, wanted)

    assert told.values == (f"“{LONG}”", f"“{other}”")
    assert [text for text, differs in told.after if differs] == ["7", "8"]
    assert "".join(text for text, _ in told.before) == f"“{LONG}”"
    assert str(told) == f"destination There, Only when: “{LONG}” → “{other}”"


@pytest.mark.parametrize(("here", "wanted", "differs"), [("a b", "a  b", [" "]), ("", "a", ["a"]), ("x", "x", [])])
def test_what_differs_in_a_text_is_told_to_the_blank(here: str, wanted: str, differs: list[str]) -> None:
    assert [text for text, differs in parted(here, wanted)[1] if differs] == differs


def test_texts_that_differ_in_blanks_alone_are_shown_whole() -> None:
    (found,) = differences("routes", {"name": "one\ntwo"}, {"name": "one  two"})
    assert found.values == ("“one\ntwo”", "“one  two”")


def test_texts_too_long_to_compare_are_told_as_others() -> None:
    assert parted("a " * 9000, "b") == ([("a " * 9000, True)], [("b", True)])


def test_api_tells_differences_with_nothing_cut(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    version = drafted(ingrid, firm.pushed, **{"destinations-0-condition": LONG})
    told = call(ingrid, "get", f"{CHANGES}/{version.pk}").json()["differences"]
    assert any(f"→ “{LONG}”" in each for each in told), told


def test_maintenance_windows_are_told_in_words_a_line_each(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    content = things.document("connection", "time")
    version = drafting.draft("connection", "time", content | {"windows": [NIGHTLY, ONCE]}, by=ingrid)
    every = "“Nightly close” every Monday from 02:00 for 60 minutes (UTC)"
    once = "“Move” once from 2026-04-01 20:00 (UTC) to 2026-04-02 01:00 (UTC)"

    told = things.said("connection", content, version.content)

    assert sorted(told) == [f"Maintenance window {each}: new" for each in (once, every)]
    for here in ({}, content):
        assert not any("{" in each or "[" in each for each in things.said("connection", here, version.content))
    gone = things.said("connection", version.content, content | {"windows": [NIGHTLY | {"minutes": 90}, ONCE]})
    assert set(gone) == {
        f"Maintenance window {every.replace('60', '90')}: new", f"Maintenance window {every}: it is taken out",
    }  # fmt: skip
    assert "Maintenance window “Nightly close”" in _pages(version, ingrid)[0]


def test_windows_of_two_people_are_kept_both_and_what_one_takes_out_is_gone() -> None:
    schema = form.schemas()["connections"]["properties"]["windows"]
    base, mine, theirs = [NIGHTLY, ONCE], [NIGHTLY, {**ONCE, "reason": "Mine"}], [{**NIGHTLY, "minutes": 90}, ONCE]
    together = meanwhile._merged(schema, base, theirs, mine)
    assert sorted(map(json.dumps, together)) == sorted(
        map(json.dumps, [{**ONCE, "reason": "Mine"}, {**NIGHTLY, "minutes": 90}])
    )


def test_windows_of_a_folder_are_no_json_either() -> None:
    found = differences("connections", {"windows": []}, {"windows": [NIGHTLY]})
    words = "reason Nightly close, weekday Monday, from time 02:00, minutes 60, time zone UTC"
    assert [str(each) for each in found] == [f"maintenance window {words}: not here yet"]
