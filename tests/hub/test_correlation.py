"""A request's id: taken when it is well formed, else made; in the answer, on every line, and on with the tasks."""

import json
import logging
from types import SimpleNamespace

import pytest
from celery import shared_task
from celery.app.task import Context
from django.test import Client

from hub import correlation
from hub.celery import app
from hub.log_lines import JsonLine

HEADER = correlation.HEADER


def test_well_formed_id_comes_back() -> None:
    assert Client().get("/live-or-not", headers={HEADER: "caller-4711.a"})[HEADER] == "caller-4711.a"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "line\nbreak1", "blank in it", "-leading-dash", "ümlaut-12345"]
)
def test_other_ids_are_replaced(given: str) -> None:
    answered = Client().get("/login/", headers={HEADER: given})[HEADER]
    assert answered != given
    assert correlation.WELL_FORMED.fullmatch(answered)


def test_line_of_a_bad_answer_has_the_id(caplog) -> None:
    """Django writes it when the request is over and its facts are gone."""
    with caplog.at_level(logging.WARNING, logger="django.request"):
        answer = Client().get("/nothing-is-here", headers={HEADER: "caller-4711.a"})
    assert answer.status_code == 404
    [line] = [json.loads(JsonLine().format(each)) for each in caplog.records if each.name == "django.request"]
    assert (line["request"], line["level"]) == ("caller-4711.a", "WARNING")


def test_facts_of_a_request_end_with_it() -> None:
    seen = {}

    def respond(request):
        seen.update(correlation.facts())
        from django.http import HttpResponse

        return HttpResponse()

    from django.test import RequestFactory

    answer = correlation.Correlated(respond)(RequestFactory().get("/"))
    assert seen == {"request": answer[HEADER]}
    assert correlation.facts() == {}


def test_message_carries_the_id_of_the_request_that_led_to_it() -> None:
    token = correlation._facts.set({"request": "caller-4711"})
    try:
        headers: dict = {}
        correlation.carry_on(headers=headers)
    finally:
        correlation._facts.reset(token)
    assert headers == {correlation.CARRIED: "caller-4711"}
    correlation.carry_on(headers=(without := {}))
    assert without == {}


@pytest.mark.django_db
def test_task_tells_what_it_is_about(caplog) -> None:
    told: list[dict] = []

    @shared_task(name="tests.hub.about")
    def about(route_id: int, note: str = "") -> None:
        told.append(dict(correlation.facts()))
        logging.getLogger("tests").info("at work")

    app.finalize()
    about.apply((7,), task_id="t-1", headers={correlation.CARRIED: "caller-4711"})
    assert told == [{"task": "tests.hub.about", "task_id": "t-1", "request": "caller-4711", "route": 7}]
    assert correlation.facts() == {}


def test_task_goes_on_with_the_id_as_a_worker_receives_it() -> None:
    """A worker makes a task's request of the message's headers; what `apply` does differs."""
    task = SimpleNamespace(name="routes.tasks.pull", request=Context({correlation.CARRIED: "caller-4711"}), run=print)
    correlation.begin(task=task, task_id="t-2")
    try:
        assert correlation.facts()["request"] == "caller-4711"
    finally:
        correlation.end()
