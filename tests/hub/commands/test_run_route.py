"""`run_route`: the verb of the page, with progress, and an end that says the outcome."""

import pytest

from governance.models import AuditEntry
from governance.rights import Role
from routes import cursors, runs
from routes.models import Run, StreamCursor
from tests.governance.people import person
from tests.routes.world import entry


@pytest.fixture
def world(quick_world, monkeypatch):
    made = quick_world()

    def read(run, *args, **kwargs):
        """Let the source have two entries, one of them against a rule."""
        from connectors.outcome import Page

        yield Page([entry(1), entry(2, hours=made.hours)], raw_bytes=100, cursor={"at": 2}, last=True)

    made.hours = "8.00"
    monkeypatch.setattr(runs, "_pages", read)
    return made


def test_run_route_asks_for_a_run_in_the_persons_name(world, give) -> None:
    person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    done = give("run_route", world.route.slug, "--by", "ingrid")
    assert (done.code, done.err) == (0, "")
    assert Run.objects.get().requested_by == "Ingrid Solheim"
    assert "a run is waiting for a worker, asked for by Ingrid Solheim" in done.out


def test_run_route_reads_from_the_start_where_it_is_told_so(world, give) -> None:
    cursors.move(world.route.pk, {"since": "2031-01-01T00:00:00Z"}, "")
    assert give("run_route", world.route.slug, "--from-start").code == 0
    assert not StreamCursor.objects.exists()
    assert AuditEntry.objects.get(verb="read_from_start").channel == "command"


def test_run_route_waits_until_everything_is_posted(world, give) -> None:
    done = give("run_route", world.route.slug, "--wait", "--inline", "--seconds", 20)
    assert done.code == 0, done.err
    assert "Read 2: 2 new" in done.out
    assert "2  posted  EUR 1,600.00" in done.out
    assert "done: 2 read, 0 on their way" in done.err  # progress stands apart from what is told


def test_run_route_ends_with_3_when_something_waits_for_a_person(world, give) -> None:
    world.hours = "0.00"
    done = give("run_route", world.route.slug, "--wait", "--inline", "--seconds", 20)
    assert done.code == 3
    assert "1  needs a person" in done.out


def test_run_route_ends_with_4_when_the_time_is_up(world, give) -> None:
    done = give("run_route", world.route.slug, "--wait", "--seconds", 0)
    assert done.code == 4
    assert "still goes on" in done.out


def test_run_route_ends_with_1_when_the_run_stops(world, give, monkeypatch) -> None:
    from canonical.failure import Category
    from connectors.outcome import ConnectorFailure

    def refused(run, *args, **kwargs):
        raise ConnectorFailure(Category.CONFIGURATION, "There is no such stream.")

    monkeypatch.setattr(runs, "_pages", refused)
    done = give("run_route", world.route.slug, "--wait", "--inline", "--seconds", 20)
    assert done.code == 1
    assert "stopped by a failure: There is no such stream." in done.err
    assert "Traceback" not in done.err


def test_run_route_refuses_whom_the_verb_refuses(world, give) -> None:
    person("Viktor Lang", Role.VIEWER)
    done = give("run_route", world.route.slug, "--by", "viktor")
    assert done.code == 1
    assert "You need the right to resubmit" in done.err
    assert not Run.objects.exists()
    assert not AuditEntry.objects.filter(verb="run").exists()


def test_run_route_does_not_know_a_route_of_another_company(world, give) -> None:
    from tests.governance.people import company

    person("Grace Field", Role.FINANCE, company("HP-US"))
    done = give("run_route", world.route.slug, "--by", "grace")
    assert done.code == 1
    lacks = "grace sees no route at all, and needs a role in the company that it belongs to."
    assert f"There is no route {world.route.slug} that grace may see. {lacks}" in done.err
    assert "Use one of" not in done.err


def test_run_route_refuses_a_route_that_is_switched_off(world, give) -> None:
    type(world.route).objects.update(enabled=False)
    done = give("run_route", world.route.slug)
    assert done.code == 1
    assert "is switched off" in done.err


@pytest.mark.django_db
def test_run_route_names_whom_it_does_not_know(give) -> None:
    done = give("run_route", "time", "--by", "nobody")
    assert done.code == 1
    assert "The account nobody does not exist" in done.err


@pytest.mark.django_db
def test_run_route_without_a_name_is_wrong_usage(give) -> None:
    done = give("run_route")
    assert done.code == 2
    assert "NAME" in done.err


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_wait_that_is_no_time_is_wrong_usage(db, give, seconds: str) -> None:
    done = give("run_route", "time", "--wait", f"--seconds={seconds}")
    assert done.code == 2
    assert "give a number of seconds" in done.err
