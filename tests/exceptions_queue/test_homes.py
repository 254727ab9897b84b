"""The overview shows each role what it looks after, several roles every part, and asks few queries for it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import verbs
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from governance.models import RoleGrant
from governance.rights import Role
from routes import day_totals, schedules
from routes.models import DayTotal, Failure, Run
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_record_list import staff_of
from tests.governance.people import company, person
from tests.routes.world import World, entry

Make = Callable[..., World]
PARTS = ("deadlines", "routes", "lanes", "systems", "totals")
LIMITS = {"farid": 28, "clara": 34, "viktor": 19, "ingrid": 24, "olga": 21}


@pytest.fixture
def staff(db: None) -> Staff:
    return staff_of()


def parts(user: Any) -> list[bool]:
    page = signed_in(user).get("/").content.decode()
    return [page.count(f' id="{part}-title"') == 1 for part in PARTS]


def test_each_role_sees_what_it_looks_after(quick_world: Make, staff: Staff) -> None:
    missing_rate(quick_world())
    #                                stuck  routes workers systems totals
    assert parts(staff.farid) == [True, False, False, False, False]
    assert parts(staff.clara) == [True, False, False, False, True]
    assert parts(staff.ingrid) == [False, True, False, True, False]
    assert parts(staff.olga) == [False, False, True, True, False]
    assert parts(staff.viktor) == [False, False, False, False, True]


def test_several_roles_see_the_parts_of_each(quick_world: Make, staff: Staff) -> None:
    missing_rate(quick_world())
    for role in Role:
        RoleGrant.objects.get_or_create(
            user=staff.farid, role=role, legal_entity=company("HP-DE"), defaults={"granted_by": "engine:engine"}
        )
    assert parts(staff.farid) == [True] * 5


def test_who_has_no_role_is_told_what_to_do(quick_world: Make, staff: Staff) -> None:
    missing_rate(quick_world())
    words = text_of(signed_in(person("Nina Neu")).get("/"))
    assert "You have no role yet" in words
    assert "Ask an operator to give you one" in words
    assert "EUR" not in words


def test_a_remark_is_found_on_the_overview_of_whom_it_names(quick_world: Make, staff: Staff) -> None:
    missing_rate(quick_world())
    item = WorkItem.objects.get()
    verbs.comment(item, by=staff.farid, text="Who knows this rate, @Clara Voss?")
    verbs.comment(item, by=staff.farid, text="I ask @Clara Voss once more.")
    assert "1 exception with a remark for you" in text_of(signed_in(staff.clara).get("/"))
    assert "with a remark for you" not in text_of(signed_in(staff.farid).get("/"))
    found = signed_in(staff.clara).get("/queue/", {"view": "mentioned"})
    assert item.title in text_of(found)
    assert "With a remark for me" in text_of(found)


def test_few_queries_for_few_and_many(quick_world: Make, staff: Staff) -> None:
    world = quick_world(posting_date="worked_on")
    missing_rate(world)
    day_totals.bring_up_to_date()
    found: dict[str, list[int]] = {name: [] for name in LIMITS}
    for last in (0, 40):
        world.take_in(*(entry(n, hours="0.00", role=f"Role {n}") for n in range(10, 10 + last)))
        Run.objects.bulk_create(
            Run(route=world.route, legal_entity=company("HP-DE"), trigger="schedule", requested_by="Throughline",
                created_at=timezone.now(), read=1, new=1, state="done") for _ in range(1 + last)
        )  # fmt: skip
        for name, counts in found.items():
            client = signed_in(getattr(staff, name))
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/").status_code == 200
            counts.append(len(queries))
    assert {name: counts for name, counts in found.items() if len(set(counts)) > 1 or counts[0] > LIMITS[name]} == {}


def test_admin_sees_how_each_route_is(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    client = signed_in(staff.ingrid)
    assert "Time to ledger HP-GB has not run yet – 0 not by itself" in text_of(client.get("/"))

    schedules.set_schedule(world.route, by=ENGINE, crontab="0 6 * * *")
    run = Run.objects.create(
        route=world.route, legal_entity=company("HP-DE"), trigger="schedule", requested_by="Throughline",
        created_at=timezone.now(), state="stopped", message="Time refuses the token.", read=7, new=7,
    )  # fmt: skip
    missing_rate(world, 3)
    words = text_of(client.get("/"))
    assert "stopped Time refuses the token." in words
    assert f"{run.created_at:%Y-%m-%d %H:%M} stopped by a failure, read 7 3 " in words, "three failures today"
    assert "every day at 06:00 (UTC)" in words
    Failure.objects.all().delete()
    type(world.route).objects.update(enabled=False)
    assert "switched off It reads nothing and takes nothing in." in text_of(client.get("/"))


def test_viewers_totals_add_up_and_are_of_the_span(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    missing_rate(world, 3)
    world.take_in(entry(9, role="Partner"))
    world.deliver()
    day_totals.bring_up_to_date()
    client = signed_in(staff.viktor)
    assert "adds up" not in text_of(client.get("/?span=today")), "there is no run whose books could"
    Run.objects.create(
        route=world.route, legal_entity=company("HP-DE"), trigger="schedule", requested_by="Throughline",
        created_at=timezone.now(), state="done", read=6, new=4, unchanged=2,
    )  # fmt: skip
    answer = client.get("/?span=today")
    [line] = answer.context["totals"].lines
    assert (line.company, line.currency, line.received.count) == ("HP-DE", "EUR", 4)
    assert [(title, cell.count) for title, cell in line.cells] == [
        ("Posted", 1), ("On its way", 0), ("Waiting", 0), ("With people", 3), ("Set aside", 0),
    ]  # fmt: skip
    assert line.received.amount == sum(cell.amount or 0 for _, cell in line.cells) == 3200
    assert line.difference == 0
    assert "read 6 = 4 new + 0 changed + 2 unchanged + 0 unreadable adds up" in text_of(answer)

    DayTotal.objects.update(day=timezone.now().date() - dt.timedelta(days=20))
    for span, lines in (("today", 0), ("week", 0), ("month", 1), ("nonsense", 0)):
        assert len(client.get(f"/?span={span}").context["totals"].lines) == lines, span


def test_viewer_sees_no_totals_of_other_companies(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    world.take_in(entry(1))
    day_totals.bring_up_to_date()
    RoleGrant.objects.filter(user=staff.viktor).update(legal_entity=company("HP-GB"))
    assert signed_in(staff.viktor).get("/").context["totals"].lines == []
    assert "Nothing that you may see has come" in text_of(signed_in(staff.viktor).get("/"))


def test_operator_sees_every_lane_though_nothing_waits(quick_world: Make, staff: Staff, settings: Any) -> None:
    quick_world().take_in(entry(1))
    answer = signed_in(staff.olga).get("/")
    assert {lane.name for lane in answer.context["lanes"]} >= set(settings.LANES)
    assert next(lane.due for lane in answer.context["lanes"] if lane.name == "posting") == 1
    assert 'hx-get="/lanes/workers/?by=lane"' in answer.content.decode()
