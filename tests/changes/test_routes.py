"""A route is changed as a draft, by two people, in the browser; nothing counts before, and there is a way back."""

import re
from typing import Any

import pytest
from django.urls import reverse

from governance.models import AuditEntry, LegalEntity, State, User, Version
from hub.changes import drafting, things
from routes.models import Destination, Route
from tests.changes.looking import at, browser, go, newest, seen
from tests.door import marks
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import Firm
from tests.intake.test_route_forms import typed

Capture = Any


def form(route: Route) -> str:
    return f"/admin/routes/route/{route.pk}/change/"


def drafted(user: User, route: Route, **changes: str) -> Version:
    answer = browser(user).post(form(route), typed(route, route.destinations.get(), _draft="1", **changes))
    assert answer.status_code == 302, text_of(answer)
    return newest()


def test_route_is_changed_by_two_people_and_nothing_counts_before(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    admin, other = browser(ingrid), browser(iris)
    page = admin.get(form(firm.pushed))
    assert 'name="_draft"' in page.content.decode()
    assert 'name="_save"' not in page.content.decode()
    assert "Changes at HP-DE Halden &amp; Partner GmbH need a second person." in page.content.decode()

    version = drafted(ingrid, firm.pushed, **{"compare_days": "30", "destinations-0-condition": "hours > 0"})

    route = Route.objects.get(pk=firm.pushed.pk)
    assert (route.compare_days, version.state, version.author) == (0, State.DRAFT, f"person:{ingrid.pk}")
    words = text_of(admin.get(at(version)))
    assert "Look for deleted records, days back: 0 → 30" in words
    assert "destination Ledger, Only when: “approval_status = &quot;approved&quot;” → “hours &gt; 0”" in words
    assert "Send for approval" in words
    assert "Put in force" not in words

    assert admin.post(at(version, "submissions"), {"reason": "deletions matter"}).status_code == 302
    assert admin.post(at(version, "approvals"), seen(version, reason="")).status_code == 403
    assert admin.post(at(version, "publications"), seen(version, reason="")).status_code == 409
    words = text_of(other.get(at(version)))
    assert "Approve and put in force" in words
    assert "deletions matter" in words
    assert other.post(at(version, "publications-after-approval"), seen(version, reason="fine")).status_code == 302

    route.refresh_from_db()
    assert (route.compare_days, route.destinations.get().condition) == (30, "hours > 0")
    version.refresh_from_db()
    assert (version.state, version.approved_by) == (State.PUBLISHED, f"person:{iris.pk}")
    entry = AuditEntry.objects.filter(thing_kind="routes.route", verb="change").latest("at")
    assert (entry.actor_name, entry.before, entry.after) == ("Iris Berg", {"compare_days": None}, {"compare_days": 30})


def test_controller_approves_and_the_author_puts_it_in_force(
    firm: Firm, asking: LegalEntity, ingrid: User, clara: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    browser(ingrid).post(at(version, "submissions"), {"reason": "x"})
    words = text_of(browser(clara).get(at(version)))
    assert "Approve" in words
    assert "Approve and put in force" not in words
    assert browser(clara).post(at(version, "publications-after-approval"), seen(version)).status_code == 403
    assert browser(clara).post(at(version, "approvals"), seen(version)).status_code == 302
    assert browser(ingrid).post(at(version, "publications"), seen(version)).status_code == 302
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 30


def test_saving_where_a_second_person_is_asked_for_keeps_a_draft(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    answer = browser(ingrid).post(form(firm.pushed), typed(firm.pushed, firm.pushed.destinations.get(), name="Other"))

    assert answer.url == at(newest())
    assert Route.objects.get(pk=firm.pushed.pk).name == "Pushed time"
    assert newest().content["name"] == "Other"


def test_what_the_form_refuses_is_no_draft(firm: Firm, ingrid: User) -> None:
    wrong = typed(firm.pushed, firm.pushed.destinations.get(), _draft="1", **{"destinations-0-condition": "hours >"})

    answer = browser(ingrid).post(form(firm.pushed), wrong)

    assert answer.status_code == 200
    assert "hours &gt;" in answer.content.decode()
    assert not Version.objects.of("route", "time-pushed").exists()


def test_other_short_name_in_a_draft_is_refused_beside_its_field_and_nothing_typed_is_lost(
    firm: Firm, asking: LegalEntity, ingrid: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    other = typed(firm.pushed, firm.pushed.destinations.get(), slug="time-moved", name="Moved time")

    for place in (form(firm.pushed), reverse("changes:edit", args=[version.pk])):
        answer = browser(ingrid).post(place, other)

        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors.keys() == {"slug"}
        body = answer.content.decode()
        assert "A draft keeps the short name" in body
        assert 'value="Moved time"' in body
        assert "changed successfully" not in body
        assert "changed successfully" not in text_of(browser(ingrid).get("/"))
    assert newest() == version


@pytest.mark.parametrize("step", ["publications-after-approval", "approvals"])
def test_nobody_agrees_to_what_was_changed_after_they_opened_it(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, step: str
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    go(ingrid, version, "submissions")
    opened = browser(iris).get(at(version, step))
    (shown,) = re.findall(r'name="_seen" value="([^"]+)"', opened.content.decode())
    go(ingrid, version, "withdrawals")
    drafting.revise(version, {**version.content, "compare_days": 90}, by=ingrid)
    go(ingrid, version, "submissions")

    answer = browser(iris).post(at(version, step), {"reason": "fine", "_seen": shown})

    assert answer.status_code == 409
    assert "Ingrid Solheim has changed this" in text_of(answer)
    assert "after you opened it" in text_of(answer)
    assert "90" in text_of(answer), "what stands there now is shown"
    version.refresh_from_db()
    assert (version.state, Route.objects.get(pk=firm.pushed.pk).compare_days) == (State.SUBMITTED, 0)
    (again,) = re.findall(r'name="_seen" value="([^"]+)"', answer.content.decode())
    assert browser(iris).post(at(version, step), {"reason": "fine", "_seen": again}).status_code == 302


def test_where_none_is_asked_for_one_person_puts_a_draft_in_force(firm: Firm, ingrid: User) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    assert browser(ingrid).post(at(version, "publications-at-once"), seen(version, reason="")).status_code == 302
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 30


def test_nobody_puts_a_draft_in_force_alone_where_one_is_asked_for(
    firm: Firm, asking: LegalEntity, ingrid: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    answer = browser(ingrid).post(at(version, "publications-at-once"), seen(version, reason=""))
    assert answer.status_code == 409
    assert "need a second person" in text_of(answer)
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 0
    assert newest().state == State.DRAFT


def test_draft_is_edited_in_the_same_form(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    second = {
        "route": str(firm.pushed.pk), "name": "Second", "stream": "entries", "mapping": "ledger-time-out",
        "connection": str(firm.pushed.destinations.get().connection_id), "condition": "", "group": "",
        "correction": "update", "lane": "posting", "enabled": "on",
    }  # fmt: skip
    added = {"destinations-TOTAL_FORMS": "2"} | {f"destinations-1-{name}": value for name, value in second.items()}
    version = drafted(ingrid, firm.pushed, compare_days="30", **added)
    client = browser(ingrid)
    place = reverse("changes:edit", args=[version.pk]) + f"?seen={version.content_hash}"

    page = client.get(place)

    body = page.content.decode()
    assert 'value="Second"' in body
    assert 'name="compare_days" value="30"' in body
    formset = page.context["inline_admin_formsets"][0].formset
    ids = {f"destinations-{n}-id": str(each.instance.pk) for n, each in enumerate(formset.initial_forms)}
    assert Destination.objects.filter(route=firm.pushed).count() == 1, "what is shown was undone"
    sent = typed(firm.pushed, firm.pushed.destinations.get(), compare_days="60", **added) | ids
    sent |= {
        "destinations-INITIAL_FORMS": "2",
        "destinations-1-name": "Third",
    } | marks(client, place)
    assert client.post(place, sent).status_code == 302
    version.refresh_from_db()
    assert version.content["compare_days"] == 60
    assert [each["name"] for each in version.content["destinations"]] == ["Ledger", "Third"]
    assert client.post(place, sent).status_code == 409, "the draft was changed after it was opened"


def test_draft_on_what_was_changed_meanwhile_is_not_put_in_force(
    firm: Firm, ingrid: User, iris: User, clara: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    browser(ingrid).post(at(version, "submissions"), {"reason": "x"})
    browser(iris).post(form(firm.pushed), typed(firm.pushed, firm.pushed.destinations.get(), name="Renamed"))

    words = text_of(browser(clara).get(at(version)))

    assert "What is in force was changed after this draft was written: Name: “Pushed time” → “Renamed”" in words
    answer = browser(clara).post(at(version, "approvals"), seen(version))
    assert answer.status_code == 409
    assert "was changed since this draft was written" in text_of(answer)
    assert browser(ingrid).post(at(version, "withdrawals"), {}).status_code == 302
    assert browser(ingrid).post(at(version, "take-ups"), {}).status_code == 302
    words = text_of(browser(ingrid).get(at(version)))
    assert "Name: “Renamed” → “Pushed time”" in words, "that it would undo the other's change is said"
    assert "was changed after" not in words


def test_every_state_is_kept_and_comes_back_the_way_of_a_draft(
    firm: Firm, ingrid: User, iris: User, django_capture_on_commit_callbacks: Capture
) -> None:
    for days in ("10", "20"):
        route = Route.objects.get(pk=firm.pushed.pk)
        with django_capture_on_commit_callbacks(execute=True):
            browser(ingrid).post(form(route), typed(route, route.destinations.get(), compare_days=days))
    states = reverse("changes:states", args=["route", "time-pushed"])
    assert "Make this a draft again" in text_of(browser(ingrid).get(states))
    first = Version.objects.of("route", "time-pushed").get(content__compare_days=10)
    assert (first.author, first.state) == (f"person:{ingrid.pk}", State.RETIRED)
    LegalEntity.objects.update(second_person=True)

    assert browser(ingrid).post(at(first, "rollbacks"), {"reason": ""}).status_code == 422, "needs a reason"
    assert browser(ingrid).post(at(first, "rollbacks"), {"reason": "too far"}).status_code == 302

    back = newest()
    assert (back.state, back.rolls_back_to, back.content) == (State.DRAFT, first, first.content)
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 20
    browser(ingrid).post(at(back, "submissions"), {"reason": "x"})
    assert browser(iris).post(at(back, "publications-after-approval"), seen(back)).status_code == 302
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 10


def test_route_is_made_and_taken_out_by_drafts(firm: Firm, asking: LegalEntity, ingrid: User, iris: User) -> None:
    sent = {
        "name": "New route", "slug": "new-route", "legal_entity": str(asking.pk), "canonical_entity": "time_entry",
        "order": "superseding", "compare_days": "0", "lane": "intake", "shrink_limit_percent": "10", "enabled": "on",
        "destinations-TOTAL_FORMS": "0", "destinations-INITIAL_FORMS": "0", "stream": "", "mapping": "",
    }  # fmt: skip
    assert browser(ingrid).post("/admin/routes/route/add/", sent).status_code == 302
    version = newest(name="new-route")
    assert not Route.objects.filter(slug="new-route").exists()
    assert browser(ingrid).get(reverse("changes:edit", args=[version.pk])).status_code == 200
    for user, step in ((ingrid, "submissions"), (iris, "publications-after-approval")):
        assert browser(user).post(at(version, step), seen(version, reason="x")).status_code == 302
    route = Route.objects.get(slug="new-route")

    answer = browser(ingrid).post(f"/admin/routes/route/{route.pk}/delete/", {"post": "yes"})
    gone = newest(name="new-route")
    assert answer.url == at(gone)
    assert "It is taken out." in text_of(browser(ingrid).get(at(gone)))
    for user, step in ((ingrid, "submissions"), (iris, "publications-after-approval")):
        assert browser(user).post(at(gone, step), seen(gone, reason="x")).status_code == 302
    assert not Route.objects.filter(slug="new-route").exists()
    assert things.in_force("route", "new-route") is None


def test_change_of_another_company_is_not_there(firm: Firm, ingrid: User) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    version = drafted(ingrid, firm.pushed, compare_days="30")
    other = browser(person("Gus Grant", Role.INTEGRATION_ADMIN, company("HP-GB"), is_staff=True))
    for place in (at(version), at(version, "submissions"), reverse("changes:edit", args=[version.pk]),
                  reverse("changes:states", args=["route", "time-pushed"])):  # fmt: skip
        assert other.get(place).status_code == 404
    assert "Pushed time" not in text_of(other.get("/changes/"))


def test_list_of_states_names_all_who_wrote_it_and_who_put_it_in_force(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, clara: User
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    drafting.revise(version, {**version.content, "compare_days": 60}, by=iris)
    assert "Ingrid Solheim and Iris Berg" in text_of(browser(clara).get("/changes/"))
    go(ingrid, version, "submissions")
    go(clara, version, "approvals")
    go(iris, version, "publications")
    words = text_of(browser(clara).get(reverse("changes:states", args=["route", "time-pushed"])))
    assert "Ingrid Solheim and Iris Berg; approved by Clara Voss; put in force by Iris Berg." in words
    page = text_of(browser(clara).get(at(version)))
    assert "Written" in page
    assert page.count("Ingrid Solheim and Iris Berg") == 1
    assert re.search(r"In force from \S+ \S+, Iris Berg", page)


def test_short_name_says_beside_it_that_it_stays_in_a_draft(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    words = "It stays as it is in a draft, since it says which thing the draft is of."
    assert words in text_of(browser(ingrid).get(form(firm.pushed)))
    version = drafted(ingrid, firm.pushed, compare_days="30")
    assert words in text_of(browser(ingrid).get(reverse("changes:edit", args=[version.pk])))
    LegalEntity.objects.update(second_person=False)
    assert words not in text_of(browser(ingrid).get(form(firm.pushed))), "Save lets it change"


def test_what_always_refuses_is_not_offered_and_the_page_says_what_does_it(
    firm: Firm, asking: LegalEntity, ingrid: User
) -> None:
    need, off = "need a second person. Save yours as a draft", "tick Switched on below and save that as a draft"
    switch_on = f"/admin/routes/route/{firm.pushed.pk}/switchings-on/"
    page = browser(firm.viktor).get(form(firm.pushed))
    assert need not in text_of(page), "who only reads it saves nothing"
    assert off not in text_of(browser(ingrid).get(form(firm.pushed)))
    Route.objects.filter(pk=firm.pushed.pk).update(enabled=False)
    page = browser(ingrid).get(form(firm.pushed))
    assert need in text_of(page)
    assert off in " ".join(text_of(page).split())
    assert switch_on not in page.content.decode()
    LegalEntity.objects.update(second_person=False)
    assert switch_on in browser(ingrid).get(form(firm.pushed)).content.decode()
