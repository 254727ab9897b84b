"""Two people in one draft: what the later one typed comes back in the form beside the other's, and nothing is lost."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connectors.models import Connection
from governance.models import LegalEntity, State, User, Version
from governance.rights import Role
from governance.versions import ChangedMeanwhile
from hub.changes import drafting, meanwhile, pages, putting, things
from routes.models import Destination
from tests.changes.looking import browser, go, newest
from tests.changes.test_other_kinds import NEW
from tests.changes.test_other_kinds import typed as typed_connection
from tests.changes.test_routes import drafted
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company, person
from tests.intake.firm import Firm
from tests.intake.test_route_forms import typed

SECOND = {
    "name": "Second", "connection": "ledger", "stream": "entries", "mapping": "ledger-time-out", "correction": "update",
}  # fmt: skip


def opened(user: User, version: Version) -> dict[str, str]:
    """Open a draft's form; return its address, and what it carries of what was seen."""
    place = reverse("changes:edit", args=[version.pk]) + f"?seen={version.content_hash}"
    page = browser(user).get(place).content.decode()
    return {"place": place, **_seen(page)}


def _seen(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(_draft_seen)" value="([^"]+)"', page))


def test_what_was_typed_comes_back_beside_what_the_other_changed_and_a_second_keep_puts_it_on_top(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    form = opened(ingrid, version)
    content = version.content
    ends = [{**content["destinations"][0], "condition": "hours > 1"}, SECOND]
    changed = {**content, "compare_days": 90, "shrink_limit_percent": 25, "destinations": ends}
    drafting.revise(version, changed, by=iris)
    theirs = Version.objects.get(pk=version.pk).content
    place = form.pop("place")
    mine = typed(firm.pushed, firm.pushed.destinations.get(), name="Mine", compare_days="60") | form

    answer = browser(ingrid).post(place, mine)

    assert answer.status_code == 409
    words = text_of(answer)
    assert "While you had this draft open: Iris Berg changed the draft" in words
    assert "Look for deleted records, days back 30 → 90 30 → 60" in words, "both changed it"
    assert "Ask before taking back more than, percent 10 → 25 as you had it" in words
    body = answer.content.decode()
    assert 'value="Mine"' in body
    assert 'name="compare_days" value="60"' in body
    assert 'name="shrink_limit_percent" value="25"' in body
    assert "hours &gt; 1" in body
    assert 'value="Second"' in body
    assert "was changed successfully" not in body
    version.refresh_from_db()
    assert version.content == theirs, "nothing is overwritten"
    assert Destination.objects.filter(route=firm.pushed).count() == 1

    formset = answer.context["inline_admin_formsets"][0].formset
    again = mine | _seen(body) | {"shrink_limit_percent": "25", "destinations-TOTAL_FORMS": "2"}
    again |= {"destinations-INITIAL_FORMS": "2"}
    for number, each in enumerate(formset.initial_forms):
        for name in each.fields:
            value = each[name].value()
            again[f"destinations-{number}-{name}"] = "" if value in (None, False) else "on" if value is True else value
    done = browser(ingrid).post(place, again)

    assert done.status_code == 302, text_of(done)
    version.refresh_from_db()
    assert (version.content["name"], version.content["compare_days"]) == ("Mine", 60)
    assert version.content["shrink_limit_percent"] == 25
    assert [(each["name"], each.get("condition", "")) for each in
            version.content["destinations"]] == [("Ledger", "hours > 1"), ("Second", "")]  # fmt: skip
    assert version.contributors == [f"person:{ingrid.pk}", f"person:{iris.pk}"]


@pytest.mark.parametrize("state", [State.SUBMITTED, State.APPROVED, State.PUBLISHED])
def test_draft_that_was_sent_in_meanwhile_is_taken_back_by_a_second_keep_and_not_by_the_first(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, clara: User, state: State
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    form = opened(ingrid, version)
    steps = [(iris, "submissions"), (clara, "approvals"), (iris, "publications")]
    for user, step in steps[: [State.SUBMITTED, State.APPROVED, State.PUBLISHED].index(state) + 1]:
        assert go(user, version, step) == 302
    place = form.pop("place")
    mine = typed(firm.pushed, firm.pushed.destinations.get(), compare_days="60") | form

    answer = browser(ingrid).post(place, mine)

    assert answer.status_code == 409
    words = text_of(answer)
    assert "Iris Berg sent it for approval" in words
    assert 'name="compare_days" value="60"' in answer.content.decode()
    version.refresh_from_db()
    assert (version.state, version.content["compare_days"]) == (state, 30)
    assert meanwhile.NEXT[state] in words
    done = browser(ingrid).post(place, mine | _seen(answer.content.decode()))
    assert done.status_code == 302
    last = newest()
    assert (last.state, last.content["compare_days"]) == (State.DRAFT, 60)
    assert (last == version) == (state != State.PUBLISHED)


def test_secret_that_was_typed_is_asked_for_again_and_never_shown(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    row = Connection.objects.get(slug="time")
    content = things.document("connection", "time") | {"concurrency": 4}
    version = drafting.draft("connection", "time", content, by=ingrid)
    form = opened(ingrid, version)
    drafting.revise(version, content | {"concurrency": 2}, by=iris)

    mine = typed_connection(row, name="Tool", answer_signing=NEW, concurrency="4")
    answer = browser(ingrid).post(form.pop("place"), mine | form)

    assert answer.status_code == 409
    assert "enter once more: Signing secret" in text_of(answer)
    assert NEW not in answer.content.decode()
    assert putting.secrets_of(Version.objects.get(pk=version.pk)) == {}
    assert 'name="concurrency" value="2"' in answer.content.decode()


def test_reason_typed_with_a_schedule_stands_there_again(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    version = drafting.draft("schedule", "time-pushed", {"route": "time-pushed", "every_seconds": 3600}, by=ingrid)
    form = opened(ingrid, version)
    assert "_draft_seen" in form
    drafting.revise(version, {"route": "time-pushed", "every_seconds": 7200}, by=iris)
    mine = {"how": "every", "number": "3", "unit": "hours", "reason": "they asked for it"}
    place = form.pop("place")

    answer = browser(ingrid).post(place, mine | form)

    assert answer.status_code == 409
    words = text_of(answer)
    assert "Runs by itself every hour → every 2 hours every hour → every 3 hours" in words
    assert "they asked for it" in words
    assert 'name="number" value="3"' in answer.content.decode()
    assert browser(ingrid).post(place, mine | _seen(answer.content.decode())).status_code == 302
    version = Version.objects.get(pk=version.pk)
    assert (version.content["every_seconds"], version.note) == (10800, "they asked for it")


def test_who_changes_it_between_the_two_keeps_is_not_overwritten_either(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    seen = version.shown
    drafting.revise(version, {**version.content, "compare_days": 90}, by=iris)
    with pytest.raises(ChangedMeanwhile):
        drafting.put_on_top(version, {**version.content, "compare_days": 60}, by=ingrid, seen=seen)


@pytest.mark.parametrize(
    ("theirs", "mine", "both"),
    [
        ({"a": 2, "b": 1}, {"a": 1, "b": 3}, {"a": 2, "b": 3}),
        ({"b": 1}, {"a": 1, "b": 3}, {"b": 3}),
        ({"a": 5, "b": 1}, {"b": 1}, {"b": 1}),
        ({"a": 5, "b": 1}, {"a": 6, "b": 1}, {"a": 6, "b": 1}),
        ({"a": 1, "b": 1, "c": [1]}, {"a": 1, "b": 1, "c": [2]}, {"a": 1, "b": 1, "c": [2]}),
    ],
)
def test_what_only_one_changed_stays_and_of_what_both_changed_the_later(theirs: Any, mine: Any, both: Any) -> None:
    assert meanwhile._merged({}, {"a": 1, "b": 1}, theirs, mine) == both


def test_what_was_typed_in_a_draft_that_was_thrown_away_comes_back_and_a_second_keep_makes_a_new_draft_of_it(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    form = opened(ingrid, version)
    assert go(iris, version, "discards") == 302
    place = form.pop("place")
    mine = typed(firm.pushed, firm.pushed.destinations.get(), compare_days="60") | form

    answer = browser(ingrid).post(place, mine)

    assert answer.status_code == 409
    words, body = text_of(answer), answer.content.decode()
    assert re.search(r"Iris Berg threw the draft away on 20\d\d-\d\d-\d\d at \d\d:\d\d \(UTC\)", words)
    assert meanwhile.THROWN_AWAY in words
    assert 'name="compare_days" value="60"' in body
    assert "Back to the draft" not in words, "there is none"
    assert not Version.objects.filter(pk=version.pk).exists()

    done = browser(ingrid).post(place, mine | _seen(body))

    last = newest()
    assert (done.status_code, done["Location"]) == (302, reverse("changes:change", args=[last.pk]))
    assert (last.state, last.content["compare_days"]) == (State.DRAFT, 60)
    assert last.pk != version.pk


def test_secrets_entered_with_a_draft_that_was_thrown_away_are_said_to_be_gone(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    row = Connection.objects.get(slug="time")
    content = things.document("connection", "time") | {"concurrency": 4}
    version = drafting.draft("connection", "time", content, by=ingrid, secrets={"signing": NEW})
    form = opened(ingrid, version)
    assert go(iris, version, "discards") == 302

    answer = browser(ingrid).post(form.pop("place"), typed_connection(row, concurrency="2") | form)

    assert answer.status_code == 409
    assert meanwhile.SECRETS_GONE in text_of(answer)
    assert NEW not in answer.content.decode()


def test_draft_that_was_thrown_away_is_told_to_nobody_who_does_not_see_its_company(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    form = opened(ingrid, version)
    assert go(iris, version, "discards") == 302
    stranger = person("Gwen Hughes", Role.INTEGRATION_ADMIN, company("HP-GB"), is_staff=True)
    mine = typed(firm.pushed, firm.pushed.destinations.get()) | form
    assert browser(stranger).post(mine.pop("place"), mine).status_code == 404
    assert browser(ingrid).get(reverse("changes:edit", args=[version.pk])).status_code == 404


def test_draft_that_two_throw_away_at_once_is_said_to_be_gone(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    real = pages._take

    def late(*given: Any) -> Any:
        Version.objects.filter(pk=version.pk).delete()  # another one was quicker
        return real(*given)

    monkeypatch.setattr(pages, "_take", late)
    assert go(iris, version, "discards") == 409


def test_draft_is_not_thrown_away_from_a_page_that_shows_an_older_state(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    shown = version.shown
    drafting.revise(version, {**version.content, "compare_days": 90}, by=ingrid)

    assert go(iris, version, "discards", _seen=shown) == 409
    assert go(iris, version, "discards", _seen="") == 409
    assert Version.objects.filter(pk=version.pk).exists()
    assert go(iris, version, "discards") == 302


@pytest.mark.parametrize("mark", [{}, {"_draft_seen": ""}, {"_seen": "by the draft"}, {"_draft_seen": "of yesterday"}])
def test_draft_is_not_overwritten_by_what_does_not_say_what_it_was_made_of(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, mark: dict[str, str]
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    drafting.revise(version, {**version.content, "compare_days": 90}, by=iris)
    version.refresh_from_db()
    theirs = version.content
    bare = Client()
    bare.force_login(ingrid)
    mine = typed(firm.pushed, firm.pushed.destinations.get(), name="Mine", compare_days="60") | mark
    place = reverse("changes:edit", args=[version.pk]) + f"?seen={version.content_hash}"

    answer = bare.post(place, mine)

    assert answer.status_code == 409
    words, body = text_of(answer), answer.content.decode()
    if "_draft_seen" not in mark or not mark["_draft_seen"]:
        assert "does not say which state of the draft it was made of" in words
        assert "Look for deleted records, days back as the draft has it 90 → 60" in words
    assert 'value="Mine"' in body
    assert 'name="compare_days" value="60"' in body
    version.refresh_from_db()
    assert version.content == theirs, "nothing is overwritten"

    assert bare.post(place, mine | _seen(body)).status_code == 302, "told of it, one may insist"

    version.refresh_from_db()
    assert (version.content["name"], version.content["compare_days"]) == ("Mine", 60)
