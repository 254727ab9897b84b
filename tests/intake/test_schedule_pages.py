"""A route's page in the admin: when it runs by itself, and a run at once."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from governance.actor import ENGINE
from governance.models import BusinessCalendar, WeekdayHours
from governance.rights import Role
from routes import schedule_admin, schedule_words, schedules, tasks
from routes.models import Run
from tests.door import Browser
from tests.governance.people import company, person
from tests.intake.firm import Firm


def signed_in(role: Role) -> Client:
    client = Browser()
    client.force_login(person("Olga Petrenko", role, company("HP-DE"), is_staff=True))
    return client


def page_of(firm: Firm) -> str:
    return f"/admin/routes/route/{firm.pushed.pk}"


def keep(client: Client, page: str, typed: dict[str, Any], *, follow: bool = False) -> Any:
    """Keep a schedule as somebody who has its page open."""
    return client.post(page, typed | _seen(client.get(page)), follow=follow)


def test_schedule_is_set_shown_and_removed_in_words(firm: Firm) -> None:
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"
    assert "only when somebody asks for it" in admin.get(page).content.decode()

    answer = keep(admin, page, {"how": "every", "number": "15", "unit": "minutes"}, follow=True)
    assert "runs every 15 minutes." in answer.content.decode()
    form = admin.get(page).context["form"]
    assert (form.initial["how"], form.initial["number"], form.initial["unit"]) == ("every", 15, "minutes")

    times = {"how": "times", "times": "30 6 * * 1-5", "zone": "Europe/Berlin"}
    assert (
        "runs every weekday at 06:30 (Europe/Berlin); next: " in keep(admin, page, times, follow=True).content.decode()
    )
    initial = admin.get(page).context["form"].initial
    assert (initial["how"], initial["weekdays"], initial["at"]) == ("days", ["1", "2", "3", "4", "5"], "06:30")

    assert "only when somebody asks" in keep(admin, page, {"how": "never"}, follow=True).content.decode()
    assert schedules.schedule_of(firm.pushed) is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"how": "every"}, "how many minutes"),
        ({"how": "times"}, "at which times"),
        ({"how": "days", "at": "06:00"}, "at least one day"),
        ({"how": "days", "weekdays": ["1"], "at": "25:00"}, "is no time of the day"),
        ({"how": "days", "weekdays": ["1"], "at": "06:00, 07:30"}, "the same minutes"),
        ({"how": "days", "weekdays": ["1"], "at": "06:00:30"}, "is no time of the day. Write hours and minutes"),
        ({"how": "days", "weekdays": ["1"], "at": "06:00+02:00"}, "is no time of the day"),
        ({"how": "days", "weekdays": ["1"], "at": "6"}, "is no time of the day"),
        ({"how": "days", "weekdays": ["1"], "at": "6.60"}, "is no time of the day"),
        ({"how": "times", "times": "0 0 30 2 *"}, "no month 2 has a day 30"),
        ({"how": "monthly", "day_of_month": "31", "at": "06:00"}, "less than or equal to 28"),
        ({"how": "times", "times": "soon"}, "has 1 part and not 5"),
        ({"how": "every", "number": "99", "unit": "days"}, "At most 31 days"),
        ({"how": "every", "number": "999999", "unit": "days"}, "At most 31 days"),
        ({"how": "times", "times": "99 6 * * *"}, "“99” is no minute: write 0 to 59"),
        ({"how": "times", "times": "30 6 * 13 *"}, "“13” is no month: write 1 to 12"),
        ({"how": "times", "times": "30 6 * * x"}, "“x” is no weekday: write 0 to 6"),
    ],
)
def test_schedule_that_cannot_be_followed_is_refused_and_what_was_typed_stays(
    firm: Firm, typed: dict[str, Any], told: str
) -> None:
    answer = keep(signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/", typed)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert answer.context["form"]["how"].value() == typed["how"]
    assert not answer.context["form"].non_field_errors(), "it is said beside the field"
    assert "accepted" not in answer.content.decode()
    assert schedules.schedule_of(firm.pushed) is None


@pytest.mark.parametrize(("typed", "kept"), [("6.30", "06:30"), ("14.30", "14:30"), ("6:05, 18.05", "06:05, 18:05")])
def test_time_of_the_day_is_understood_as_people_write_it(firm: Firm, typed: str, kept: str) -> None:
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"

    answer = keep(admin, page, {"how": "days", "weekdays": ["1"], "at": typed, "zone": "Europe/Berlin"})

    assert answer.status_code == 302
    assert admin.get(page).context["form"].initial["at"] == kept


def test_less_than_a_minute_opens_as_it_is(firm: Firm) -> None:
    schedules.set_schedule(firm.pushed, every=timedelta(seconds=30), by=ENGINE)
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"
    form = admin.get(page).context["form"]
    assert (form.initial["number"], form.initial["unit"]) == (30, "seconds")
    assert '<option value="seconds" selected>' in str(form["unit"])

    answer = keep(admin, page, {"how": "every", "number": "30", "unit": "seconds"}, follow=True)

    assert "runs every 30 seconds" in answer.content.decode()


def test_schedule_that_somebody_else_has_set_meanwhile_is_not_overwritten_unseen(firm: Firm) -> None:
    ingrid, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"
    opened = _seen(ingrid.get(page))
    iris = Browser()
    iris.force_login(person("Iris Berg", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True))
    iris.post(page, {"how": "every", "number": "5", "unit": "hours"} | opened)
    mine = {"how": "every", "number": "2", "unit": "hours"}

    answer = ingrid.post(page, mine | opened)

    body = answer.content.decode()
    assert answer.status_code == 422
    assert "Iris Berg has set the schedule" in body
    assert "every 5 hours" in body
    assert answer.context["form"]["number"].value() == "2", "what was typed stays"
    assert schedule_words.of(schedules.schedule_of(firm.pushed)) == "every 5 hours"
    assert ingrid.post(page, mine | _seen(answer)).status_code == 302
    assert schedule_words.of(schedules.schedule_of(firm.pushed)) == "every 2 hours"

    opened = _seen(ingrid.get(page))
    iris.post(page, {"how": "never"} | opened)
    refused = ingrid.post(page, mine | opened)
    assert (refused.status_code, "Iris Berg has removed" in refused.content.decode()) == (422, True)


@pytest.mark.parametrize("sent", [{}, {"_seen": ""}])
def test_schedule_is_not_kept_by_who_does_not_say_what_they_have_seen(firm: Firm, sent: dict[str, str]) -> None:
    schedules.set_schedule(firm.pushed, every=timedelta(hours=5), by=ENGINE)
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"

    bare = Client()
    bare.cookies = admin.cookies
    answer = bare.post(page, {"how": "every", "number": "2", "unit": "hours"} | sent)

    assert answer.status_code == 422
    assert "did not say what schedule it has shown you" in answer.content.decode()
    assert answer.context["form"]["number"].value() == "2", "what was typed stays"
    assert schedule_words.of(schedules.schedule_of(firm.pushed)) == "every 5 hours"
    assert keep(admin, page, {"how": "never"}).status_code == 302


def _seen(answer: Any) -> dict[str, str]:
    return dict(re.findall(r'name="(_seen)" value="([0-9a-f]+)"', answer.content.decode()))


WORDS = [
    ({"how": "days", "weekdays": ["1", "3"], "at": "06:00, 18:00"}, "every Monday, Wednesday at 06:00, 18:00"),
    ({"how": "days", "weekdays": list("1234560"), "at": "23:59"}, "every day at 23:59"),
    ({"how": "monthly", "day_of_month": "5", "at": "7:00"}, "on day 5 of every month at 07:00"),
    ({"how": "times", "times": "15 * * * *"}, "every day, every hour at 15 minutes past"),
    ({"how": "times", "times": "0 6 1 1 *"}, "at the times 0 6 1 1 *"),
]


@pytest.mark.parametrize(("typed", "told"), WORDS)
def test_schedule_is_told_in_words_and_shown_again_as_it_was_typed(
    firm: Firm, typed: dict[str, Any], told: str
) -> None:
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"

    body = keep(admin, page, typed | {"zone": "Europe/Berlin"}, follow=True).content.decode()

    assert f"runs {told} (Europe/Berlin); next: " in body
    initial = admin.get(page).context["form"].initial
    before = schedules.schedule_of(firm.pushed)
    keep(admin, page, {name: value for name, value in initial.items() if value not in (None, False)})
    assert schedules.schedule_of(firm.pushed) == before
    assert schedules.schedule_of(firm.pushed).crontab == before.crontab


def test_next_time_goes_by_time_zone_and_calendar(firm: Firm) -> None:
    route = firm.pushed
    calendar = BusinessCalendar.objects.create(legal_entity=route.legal_entity, country="DE", time_zone="Europe/Berlin")
    for day in range(5):
        WeekdayHours.objects.create(calendar=calendar, weekday=day, opens_at="09:00", closes_at="17:00")
    task = schedules.set_schedule(
        route, crontab="0 6 * * *", timezone="Europe/Berlin", working_days_only=True, by=ENGINE
    )
    thursday = datetime(2026, 12, 24, 12, tzinfo=UTC)

    moment = schedule_words.next_time(task, thursday, calendar.working_time)

    assert moment is not None
    assert schedule_words.told_time(moment) == "Mon 28 Dec 2026 06:00", "25 December is a holiday, then a weekend"
    assert "only on working days" in schedule_words.of(task, working_days_only=True)


def test_next_time_of_an_interval_leaves_out_closed_days(firm: Firm) -> None:
    route = firm.pushed
    calendar = BusinessCalendar.objects.create(legal_entity=route.legal_entity, country="DE", time_zone="Europe/Berlin")
    for day in range(5):
        WeekdayHours.objects.create(calendar=calendar, weekday=day, opens_at="09:00", closes_at="17:00")
    friday = datetime(2026, 12, 4, 10, tzinfo=UTC)
    task = schedules.set_schedule(route, every=timedelta(days=1), working_days_only=True, by=ENGINE)
    task.last_run_at = friday

    moment = schedule_words.next_time(task, friday, calendar.working_time)
    assert moment is not None
    assert schedule_words.told_time(moment) == "Mon 7 Dec 2026 11:00"

    weekly = schedules.set_schedule(route, every=timedelta(days=7), working_days_only=True, by=ENGINE)
    weekly.last_run_at = datetime(2026, 12, 5, 10, tzinfo=UTC)
    assert schedule_words.next_time(weekly, friday, calendar.working_time) is None, "it always falls on a Saturday"
    PeriodicTask.objects.filter(pk=weekly.pk).update(last_run_at=weekly.last_run_at)
    assert schedule_admin.told(route).endswith("; never, since none of its times falls on a working day")


@pytest.mark.parametrize(
    ("now", "told"),
    [((2026, 12, 4, 12), "Sun 6 Dec 2026 20:00"), ((2026, 12, 7, 12), "Mon 7 Dec 2026 20:00")],
)
def test_next_time_asks_the_day_of_the_calendars_own_time_zone(
    firm: Firm, now: tuple[int, int, int, int], told: str
) -> None:
    route = firm.pushed
    calendar = BusinessCalendar.objects.create(legal_entity=route.legal_entity, country="DE", time_zone="Europe/Berlin")
    for day in range(5):
        WeekdayHours.objects.create(calendar=calendar, weekday=day, opens_at="09:00", closes_at="17:00")
    task = schedules.set_schedule(
        route, crontab="0 20 * * *", timezone="America/New_York", working_days_only=True, by=ENGINE
    )

    moment = schedule_words.next_time(task, datetime(*now, tzinfo=UTC), calendar.working_time)

    assert moment is not None
    assert schedule_words.told_time(moment) == told, "at that time it is the next day in Berlin"


def test_run_on_a_closed_day_is_left_out(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    route = firm.pushed
    calendar = BusinessCalendar.objects.create(legal_entity=route.legal_entity, country="DE", time_zone="Europe/Berlin")
    WeekdayHours.objects.create(calendar=calendar, weekday=0, opens_at="09:00", closes_at="17:00")
    monkeypatch.setattr(schedules, "database_now", lambda: datetime(2026, 11, 29, 12, tzinfo=UTC))  # a Sunday

    tasks.scheduled_run(route.pk, working_days_only=True)
    assert not Run.objects.filter(route=route).exists()
    tasks.scheduled_run(route.pk)
    assert Run.objects.filter(route=route).exists()


def test_working_days_need_a_calendar(firm: Firm) -> None:
    typed = {"how": "every", "number": "1", "unit": "hours", "working_days_only": "on"}

    answer = keep(signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/", typed)

    assert answer.status_code == 422
    assert "has no calendar" in answer.context["form"].errors["working_days_only"][0]


def test_too_short_an_interval_is_said_beside_it(firm: Firm) -> None:
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"
    schedules.set_schedule(firm.pushed, every=timedelta(seconds=30), by=ENGINE)

    answer = keep(admin, page, {"how": "every", "number": "5", "unit": "seconds"})

    assert answer.status_code == 422
    assert "To run every 5 seconds is not accepted" in answer.context["form"].errors["number"][0]


def test_run_is_asked_for_by_those_who_may_send_again(firm: Firm) -> None:
    viewer = signed_in(Role.VIEWER)
    assert "/runs/" not in viewer.get(f"{page_of(firm)}/change/").content.decode().replace('href="/runs/"', "")
    assert viewer.post(f"{page_of(firm)}/runs/").status_code == 403
    assert not Run.objects.filter(route=firm.pushed).exists()

    client = Browser()
    client.force_login(person("Carolin Seidel", Role.FINANCE, company("HP-DE"), is_staff=True))
    answer = client.post(f"{page_of(firm)}/runs/", follow=True)

    run = Run.objects.get(route=firm.pushed)
    assert "A run is asked for." in answer.content.decode()
    assert f'<a href="{reverse("queue:run", args=[run.pk])}">its page</a>' in answer.content.decode()
    assert run.requested_by == "Carolin Seidel"
    assert client.post(f"{page_of(firm)}/schedules/", {"how": "never"}).status_code == 403


def test_schedule_of_whole_days_is_told_in_days(firm: Firm) -> None:
    schedules.set_schedule(firm.pushed, every=timedelta(days=1), by=ENGINE)

    assert "every day" in signed_in(Role.INTEGRATION_ADMIN).get(f"{page_of(firm)}/schedules/").content.decode()


def test_route_that_takes_events_has_neither(firm: Firm) -> None:
    page = f"/admin/routes/route/{firm.events.pk}"
    admin = signed_in(Role.INTEGRATION_ADMIN)

    assert "/schedules/" not in admin.get(f"{page}/change/").content.decode()
    assert admin.post(f"{page}/schedules/", {"how": "never"}).status_code == 403


@pytest.mark.parametrize(
    ("typed", "told", "times"),
    [
        ({"how": "never"}, "it runs only when somebody asks for it", 0),
        ({"how": "every", "number": "15", "unit": "minutes"}, "it runs every 15 minutes.", 0),
        ({"how": "every", "number": "2", "unit": "days"}, "it runs every 2 days.", 3),
        (
            {"how": "days", "weekdays": ["1", "3"], "at": "06:00, 12:00", "zone": "Europe/Berlin"},
            "Monday, Wednesday",
            3,
        ),
        ({"how": "monthly", "day_of_month": "28", "at": "06:00", "zone": "UTC"}, "on day 28 of every month", 3),
        ({"how": "times", "times": "0 6 29 2 *", "zone": "UTC"}, "at the times 0 6 29 2 *", 1),
        ({"how": "days", "at": "06:00"}, "Choose at least one day", 0),
        ({"how": "times", "times": "soon"}, "has 1 part and not 5", 0),
        ({"how": "days", "weekdays": ["1"], "at": "06:00", "working_days_only": "on"}, "has no calendar", 0),
        ({}, "This field is required", 0),
    ],
)
def test_next_times_are_shown_as_they_are_typed_and_nothing_is_kept(
    firm: Firm, typed: dict[str, Any], told: str, times: int
) -> None:
    admin, page = signed_in(Role.INTEGRATION_ADMIN), f"{page_of(firm)}/schedules/"
    assert f'hx-get="{page}?show=times"' in admin.get(page).content.decode()

    answer = admin.get(page, typed | {"show": "times"})

    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert answer.content.decode().count("<li>") == times
    assert schedules.schedule_of(firm.pushed) is None
    stranger = Client()
    stranger.force_login(person("Clara Voss", Role.CONTROLLER, company("HP-GB"), is_staff=True))
    assert stranger.get(page, typed | {"show": "times"}).status_code in (302, 403, 404)


def test_next_times_leave_out_days_that_are_closed(firm: Firm) -> None:
    calendar = BusinessCalendar.objects.create(legal_entity=company("HP-DE"), country="DE", time_zone="Europe/Berlin")
    WeekdayHours.objects.create(calendar=calendar, weekday=2, opens_at="09:00", closes_at="17:00")
    typed = {"how": "days", "weekdays": ["1", "2", "3"], "at": "06:00", "zone": "Europe/Berlin", "show": "times"}
    page = signed_in(Role.INTEGRATION_ADMIN).get(f"{page_of(firm)}/schedules/", typed | {"working_days_only": "on"})
    assert re.findall(r"<li>(...) ", page.content.decode()) == ["Wed"] * 3
