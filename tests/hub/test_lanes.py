"""Lanes: every one is served, posting by every worker, and analytics leaves one worker free."""

from pathlib import Path

import pytest
from celery.exceptions import QueueNotFound
from django.conf import settings
from redis import RedisError

from governance.rights import Role
from hub.celery import app
from hub.supervisor import parts
from hub.supervisor.options import ROOT, Options
from hub.supervisor.places import Places
from hub.supervisor.problems import CannotStart
from tests.exceptions_queue.test_pages import signed_in
from tests.governance.people import person


def lanes_of_workers(environment: dict[str, str]) -> list[set[str]]:
    children = parts.workers(Options.of(environment), Places(Path("/state"), Path("/state/sockets")), {})
    return [set(child.command[child.command.index("-Q") + 1].split(",")) for child in children]


def test_every_lane_is_served() -> None:
    assert set().union(*lanes_of_workers({})) == set(settings.LANES)


def test_analytics_leaves_a_worker_for_posting() -> None:
    served = lanes_of_workers({})
    assert all("posting" in lanes for lanes in served)
    assert any("analytics" not in lanes for lanes in served)


def test_operator_chooses_workers_and_their_lanes() -> None:
    assert lanes_of_workers({"WORKERS": "posting;posting;master,analytics,intake"}) == [
        {"posting"},
        {"posting"},
        {"master", "analytics", "intake"},
    ]


def test_web_can_be_started_alone() -> None:
    assert lanes_of_workers({"WORKERS": "none"}) == []
    with pytest.raises(CannotStart, match="“;” between workers, or none for the pages alone"):
        Options.of({"WORKERS": ";"})


def test_task_for_a_lane_that_does_not_exist_is_refused() -> None:
    with pytest.raises(QueueNotFound):
        app.amqp.router.route({"queue": "postings"}, "some.task")


def test_task_without_a_lane_goes_to_master() -> None:
    assert app.amqp.router.route({}, "some.task")["queue"].name == "master"


def test_lost_message_is_harmless_because_nothing_waits_for_an_answer() -> None:
    assert app.conf.task_ignore_result
    assert app.conf.result_backend is None


def test_workers_and_clock_write_nothing_into_their_logs_but_what_they_log() -> None:
    places = Places(Path("/state"), Path("/state/sockets"))
    children = [*parts.workers(Options.of({}), places, {}), parts.beat(places, {})]
    assert children
    for each in children:
        assert "--quiet" in each.command[: each.command.index("hub.celery:app")], each.name
    guide = (ROOT / "docs" / "operator.md").read_text()
    assert "celery -A" not in guide
    assert guide.count("celery --quiet -A hub.celery:app") > 3


@pytest.mark.django_db
def test_page_says_that_the_workers_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: object) -> None:
        raise RedisError("LOADING Redis is loading the dataset in memory")

    monkeypatch.setattr("celery.app.control.Inspect.active_queues", away)
    answer = signed_in(person("Olga Petrenko", Role.OPERATOR)).get("/lanes/workers/")
    assert (answer.status_code, answer.context["unreachable"]) == (200, True)
