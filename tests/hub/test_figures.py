"""Figures for Prometheus: there for the token only, true to the rows, bounded in names and in what they cost."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from connectors import watching
from connectors.models import Connection
from connectors.outcome import Result, WriteOutcome
from exceptions_queue import intake
from hub.figures import counted, page, stored
from hub.supervisor.options import ROOT
from routes.models import KeyHead, Run
from tests.routes.conftest import quick_world  # noqa: F401 - a fixture
from tests.routes.world import World, entry, unknown

TOKEN = "figures-for-tests"
Make = Callable[..., World]


@pytest.fixture
def counting(settings, tmp_path: Path, monkeypatch) -> Path:
    """Count in this process, into a folder of the test's own."""
    from prometheus_client import values

    settings.STATE, settings.METRICS_TOKEN = tmp_path, TOKEN
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(watching, "on_sent", [])
    monkeypatch.setattr(stored, "_kept", {})
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "run" / "metrics"))
    counted._figures.cache_clear()
    counted.start()
    yield tmp_path / "run" / "metrics"
    values.close_all_multiprocess_files()
    counted._figures.cache_clear()


def figures() -> dict[str, float]:
    """Return every figure as it is exposed, by name and labels."""
    lines = page.exposed().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def ask(**headers: str) -> tuple[int, str]:
    answer = Client().get("/metrics", headers=headers, HTTP_HOST="10.4.5.6:8000")
    return answer.status_code, answer.text


@pytest.mark.django_db
def test_figures_need_their_token(counting: Path) -> None:
    assert ask()[0] == 401
    assert ask(Authorization="Bearer figures-for-test")[0] == 401
    assert ask(Authorization=f"Basic {TOKEN}")[0] == 401
    status, text = ask(Authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert TOKEN not in text


@pytest.mark.django_db
def test_without_a_token_there_are_no_figures() -> None:
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
def test_requests_are_counted_by_view_and_never_by_address(counting: Path) -> None:
    client = Client()
    for path in ("/login/", "/login/", "/nothing/1", "/nothing/2", "/queue/4711/", "/static/nothing.css"):
        client.get(path)
    found = figures()
    assert found['throughline_web_requests_total{status="200",view="account_login"}'] == 2
    assert found['throughline_web_requests_total{status="404",view="none"}'] == 2
    assert found['throughline_web_requests_total{status="302",view="queue:item"}'] == 1
    assert found['throughline_web_request_seconds_count{door="page"}'] == 5
    assert not any("4711" in name or "nothing" in name for name in found)


@pytest.mark.django_db
def test_attempts_are_counted_by_outcome_with_their_time(counting: Path) -> None:
    watching.sent("netsuite", [WriteOutcome(Result.CONFIRMED), WriteOutcome(Result.REFUSED)], 0.2)
    watching.sent("netsuite", [WriteOutcome(Result.NOT_SENT)], 9)
    found = figures()
    assert found['throughline_attempts_total{connector="netsuite",outcome="confirmed"}'] == 1
    assert found['throughline_attempts_total{connector="netsuite",outcome="refused"}'] == 1
    assert found['throughline_attempts_total{connector="netsuite",outcome="not_sent"}'] == 1
    assert found['throughline_attempt_seconds_count{connector="netsuite"}'] == 1
    assert found['throughline_attempt_seconds_bucket{connector="netsuite",le="0.25"}'] == 1


def test_stored_figures_are_those_of_the_rows(counting: Path, quick_world: Make) -> None:  # noqa: F811
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, number: unknown() if request.key.endswith("2") else None
    world.take_in(entry(1), entry(2), entry(3, hours="0.00"))
    world.deliver()
    intake.take_in()
    Connection.objects.filter(pk=world.destination.connection_id).update(paused=True)
    slug = Connection.objects.get(pk=world.destination.connection_id).slug
    found = figures()
    states = {name: n for name, n in found.items() if name.startswith("throughline_transactions")}
    assert sum(states.values()) == 3
    assert states['throughline_transactions{lane="posting",state="posted"}'] == 1
    assert states['throughline_transactions{lane="posting",state="failed"}'] >= 1
    assert found['throughline_open_failures{category="validation"}'] == 1
    assert found[f'throughline_unknown_effects{{connection="{slug}"}}'] == 1
    assert found['throughline_open_work_items{category="validation",state="new"}'] == 1
    assert found[f'throughline_connection_paused{{connection="{slug}"}}'] == 1
    assert found[f'throughline_breaker_open{{connection="{slug}"}}'] == 0
    assert not any(n for name, n in found.items() if name.startswith("throughline_figure_missing"))


def test_lag_is_the_age_of_the_oldest_work_of_each_lane(counting: Path, quick_world: Make) -> None:  # noqa: F811
    world = quick_world()
    world.take_in(entry(1))
    KeyHead.objects.exclude(transaction_id=None).update(due_at=timezone.now() - timedelta(seconds=90))
    found = figures()
    assert 89 < found['throughline_queue_oldest_due_seconds{lane="posting"}'] < 120
    assert found['throughline_queue_oldest_due_seconds{lane="analytics"}'] == 0


def test_run_of_a_route_that_is_switched_off_is_no_lag(counting: Path, quick_world: Make) -> None:  # noqa: F811
    route = quick_world().route
    late = timezone.now() - timedelta(seconds=90)
    Run.objects.create(
        route=route, legal_entity=route.legal_entity, trigger="person", requested_by="olga", created_at=late,
        due_at=late,
    )  # fmt: skip
    assert figures()['throughline_queue_oldest_due_seconds{lane="intake"}'] > 89
    type(route).objects.filter(pk=route.pk).update(enabled=False)
    stored._kept.clear()
    assert figures()['throughline_queue_oldest_due_seconds{lane="intake"}'] == 0


def test_runs_of_the_last_day_and_all_open_ones_are_told(counting: Path, quick_world: Make) -> None:  # noqa: F811
    route = quick_world().route
    now = timezone.now()
    for state, days in (("done", 0), ("done", 3), ("running", 3)):
        Run.objects.create(
            route=route, legal_entity=route.legal_entity, trigger="person", requested_by="olga", state=state,
            created_at=now - timedelta(days=days), started_at=now if state == "running" else None,
            ended_at=now if state == "done" else None,
        )  # fmt: skip
    found = figures()
    assert found['throughline_runs{lane="intake",state="done"}'] == 1
    assert found['throughline_runs{lane="intake",state="running"}'] == 1


@pytest.mark.django_db
def test_asking_costs_few_statements_and_none_when_asked_again(counting: Path, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(4 * len(stored.FIGURES)):  # each sets its limit inside a savepoint of the test
        page.exposed()


@pytest.mark.django_db
def test_figure_that_takes_too_long_is_left_out_and_named(counting: Path, monkeypatch) -> None:
    slow = stored.Figure("throughline_slow", "Slow", ("state",), "SELECT 'x', 1 FROM pg_sleep(3)")
    monkeypatch.setattr(stored, "FIGURES", (slow, stored.FIGURES[-1]))
    monkeypatch.setattr(stored, "SECONDS", 0.1)
    found = figures()
    assert found['throughline_figure_missing{figure="throughline_slow"}'] == 1
    assert not any(name.startswith("throughline_slow") for name in found)
    assert figures()['throughline_figure_missing{figure="throughline_slow"}'] == 1


@pytest.mark.django_db
def test_what_took_long_is_kept_for_longer(counting: Path, monkeypatch) -> None:
    slow = stored.Figure(
        "throughline_slow", "Slow", ("state",), "SELECT 'x', extract(epoch FROM clock_timestamp()) FROM pg_sleep(0.05)"
    )
    monkeypatch.setattr(stored, "FIGURES", (slow,))
    first = figures()
    assert figures() == first


def test_figures_of_processes_that_ended_long_ago_are_dropped(counting: Path) -> None:
    old, new = counting / "counter_a-1.db", counting / "counter_a-2.db"
    old.touch()
    new.touch()
    os.utime(old, (1, 1))
    counted.tidy()
    assert (old.exists(), new.exists()) == (False, True)


def test_operators_page_says_what_to_do_about_each_figure() -> None:
    text = (ROOT / "docs" / "operator.md").read_text()
    named = set(re.findall(r"^\| `(throughline_[a-z_]+)`", text, re.MULTILINE))
    counted_ones = {"throughline_web_requests_total", "throughline_web_request_seconds"}
    counted_ones |= {"throughline_attempts_total", "throughline_attempt_seconds", "throughline_figure_missing"}
    counted_ones |= {"throughline_sign_of_life_seconds"}
    assert named == {figure.name for figure in stored.FIGURES} | counted_ones
