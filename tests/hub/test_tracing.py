"""Traces: what belongs together is one trace, no span holds a value, and nothing is loaded where nobody collects."""

from collections.abc import Iterator

import pytest
from celery import shared_task
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from yarl import URL

from connectors import watching
from governance.models import User
from hub import tracing
from hub.celery import app
from hub.correlation import Correlated

CALLER = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{CALLER}-b7ad6b7169203331-01"


@pytest.fixture
def spans(settings) -> Iterator[InMemorySpanExporter]:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:1"
    kept = InMemorySpanExporter()
    tracing.start(SimpleSpanProcessor(kept))
    yield kept
    tracing.stop()


def by_name(spans: InMemorySpanExporter) -> dict[str, object]:
    return {span.name: span for span in spans.get_finished_spans()}


def answer(work, **headers: str) -> HttpResponse:
    def respond(request):
        return work() or HttpResponse()

    return Correlated(tracing.Traced(respond))(RequestFactory().get("/queue/?token=abcdefgh", headers=headers))


@pytest.mark.django_db
def test_request_and_its_statements_are_one_trace_of_the_caller(spans: InMemorySpanExporter) -> None:
    tracing._watch_statements(connection)

    def work() -> None:
        list(User.objects.filter(username="olga-the-operator"))

    answer(work, traceparent=PARENT)
    select, request = spans.get_finished_spans()
    assert (select.name, request.name) == ("SELECT", "GET")
    assert f"{request.context.trace_id:032x}" == CALLER
    assert select.parent.span_id == request.context.span_id
    assert request.attributes["http.response.status_code"] == 200
    assert len(request.attributes["throughline.request"]) == 32


@pytest.mark.django_db
def test_spans_hold_no_value(spans: InMemorySpanExporter) -> None:
    tracing._watch_statements(connection)

    def work() -> None:
        list(User.objects.filter(username="olga-the-operator"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", ["secret-value"])

    answer(work)
    told = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert "FROM" in told
    for value in ("olga-the-operator", "secret-value", "abcdefgh"):
        assert value not in told


@pytest.mark.django_db
def test_failed_statement_is_told_by_its_kind_alone(spans: InMemorySpanExporter) -> None:
    tracing._watch_statements(connection)

    def work() -> None:
        from django.db import DataError, transaction

        with pytest.raises(DataError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", ["secret-value"])

    answer(work)
    failed = [span for span in spans.get_finished_spans() if not span.status.is_ok and span.name == "SELECT"]
    assert [span.status.description for span in failed] == ["DataError"]
    assert "secret-value" not in failed[0].to_json()


def test_call_to_another_system_is_told_without_its_path(spans: InMemorySpanExporter) -> None:
    def work() -> None:
        with watching.request("POST", URL("https://api.example.com:8443/v1/T0KEN?key=abcdefgh")) as say:
            say(503)

    answer(work)
    call = by_name(spans)["POST api.example.com"]
    assert dict(call.attributes) == {
        "http.request.method": "POST", "server.address": "api.example.com", "server.port": 8443,
        "http.response.status_code": 503,
    }  # fmt: skip
    assert not call.status.is_ok


@pytest.mark.django_db
def test_task_goes_on_with_the_trace_that_led_to_it(spans: InMemorySpanExporter) -> None:
    headers: dict[str, str] = {}
    answer(lambda: tracing._carry_on(headers=headers), traceparent=PARENT)

    @shared_task(name="tests.hub.traced")
    def traced(route_id: int) -> None:
        with watching.request("GET", URL("https://api.example.com/")) as say:
            say(200)

    app.finalize()
    traced.apply((7,), headers=headers)
    task = by_name(spans)["tests.hub.traced"]
    assert f"{task.context.trace_id:032x}" == CALLER
    assert task.attributes["throughline.route"] == "7"
    assert by_name(spans)["GET api.example.com"].parent.span_id == task.context.span_id
    assert tracing._task.get() is None


@pytest.mark.django_db
def test_failed_task_is_told(spans: InMemorySpanExporter) -> None:
    @shared_task(name="tests.hub.broken")
    def broken() -> None:
        raise ValueError("secret-value")

    app.finalize()
    broken.apply()
    task = by_name(spans)["tests.hub.broken"]
    assert not task.status.is_ok
    assert "secret-value" not in task.to_json()


def test_statements_outside_of_traced_work_make_no_trace(spans: InMemorySpanExporter) -> None:
    assert tracing._statement(lambda *given: "done", "SELECT 1", None, False, {}) == "done"
    assert spans.get_finished_spans() == ()


def test_nothing_is_loaded_where_nobody_collects(start_process) -> None:
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'hub.settings'; import django; django.setup();"
        "import hub.wsgi; print({'opentelemetry.exporter', 'hub.tracing', 'prometheus_client'} & set(sys.modules))"
    )
    started = start_process(["python", "-c", code], {"OTEL_EXPORTER_OTLP_ENDPOINT": "", "METRICS_TOKEN": ""})
    assert started.wait() == 0
    assert started.output.strip().endswith("set()")
