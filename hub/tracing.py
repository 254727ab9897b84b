"""Traces (OpenTelemetry): requests, tasks, calls to other systems and statements, where somebody collects them.

Off, and not even loaded, unless OTEL_EXPORTER_OTLP_ENDPOINT is set. A span never holds a value of a statement, nor a
path, parameter, header or body of a call: only what our code and configuration name.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from opentelemetry.context import attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from yarl import URL

from connectors import watching
from hub import correlation

LONGEST = 2000  # characters of a statement
SECONDS = 5.0  # that a span's way to the collector may take
_propagator = TraceContextTextMapPropagator()
_provider: TracerProvider | None = None
_task: ContextVar[ExitStack | None] = ContextVar("task", default=None)


def start(processor: SpanProcessor | None = None) -> None:
    """Begin to trace in this process and those that it forks; `processor` takes the spans in place of the collector."""
    global _provider
    _provider = TracerProvider(resource=Resource.create({"service.name": settings.OTEL_SERVICE_NAME}))
    _provider.add_span_processor(processor or _to_the_collector())
    watching.on_request[:] = [_outbound]
    connection_created.connect(_watch_statements, dispatch_uid="hub.tracing")
    from celery import signals

    signals.before_task_publish.connect(_carry_on, dispatch_uid="hub.tracing")
    signals.task_prerun.connect(_begin_task, dispatch_uid="hub.tracing")
    signals.task_failure.connect(_fail_task, dispatch_uid="hub.tracing")
    signals.task_postrun.connect(_end_task, dispatch_uid="hub.tracing")


def stop() -> None:
    """Trace no more; what was traced goes out."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
    _provider = None
    watching.on_request.clear()


def _to_the_collector() -> SpanProcessor:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    given = [pair.strip() for pair in settings.OTEL_EXPORTER_OTLP_HEADERS.split(",")]
    headers = dict(pair.split("=", 1) for pair in given if pair)
    place = f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=place, headers=headers or None, timeout=SECONDS))


def _tracer() -> Tracer | None:
    return _provider.get_tracer("throughline") if _provider is not None else None


class Traced:
    """Traces each request, as a part of its caller's trace when it names one (traceparent)."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            raise MiddlewareNotUsed
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        tracer = _tracer()
        if tracer is None:
            return self.respond(request)
        method = request.method or ""
        caller = _propagator.extract({name.lower(): value for name, value in request.headers.items()})
        with tracer.start_as_current_span(method, caller, SpanKind.SERVER, record_exception=False) as span:
            _note(span)
            answer = self.respond(request)
            route = request.resolver_match.route if request.resolver_match else ""
            span.update_name(f"{method} /{route}" if request.resolver_match else method)
            span.set_attributes({
                "http.request.method": method, "http.route": f"/{route}",
                "http.response.status_code": answer.status_code,
                "throughline.request": str(correlation.facts().get("request", "")),
            })  # fmt: skip
            if answer.status_code >= 500:
                span.set_status(Status(StatusCode.ERROR))
            return answer


def _note(span: Any) -> None:
    correlation.note(trace_id=f"{span.get_span_context().trace_id:032x}")


def _carry_on(headers: dict[str, Any] | None = None, **_: object) -> None:
    if headers is not None:
        _propagator.inject(headers)


def _begin_task(task: Any = None, **_: object) -> None:
    tracer = _tracer()
    if tracer is None:
        return
    given = {"traceparent": getattr(task.request, "traceparent", None), **(task.request.headers or {})}
    caller = _propagator.extract({name: value for name, value in given.items() if isinstance(value, str)})
    work = ExitStack()
    work.callback(detach, attach(caller))
    span = work.enter_context(
        tracer.start_as_current_span(task.name, caller, SpanKind.CONSUMER, record_exception=False)
    )
    _note(span)
    facts = correlation.facts()
    span.set_attributes({f"throughline.{name}": str(facts[name]) for name in facts if name not in ("task", "trace_id")})
    _task.set(work)


def _fail_task(exception: BaseException | None = None, **_: object) -> None:
    get_current_span().set_status(Status(StatusCode.ERROR, type(exception).__name__))  # its words may quote a value


def _end_task(**_: object) -> None:
    work = _task.get()
    if work is not None:
        _task.set(None)
        work.close()


@contextmanager
def _outbound(method: str, origin: URL) -> Iterator[watching.Say]:
    tracer = _tracer()
    if tracer is None or not get_current_span().get_span_context().is_valid:
        yield lambda status: None
        return
    told: dict[str, str | int] = {
        "http.request.method": method, "server.address": origin.host or "", "server.port": origin.port or 0,
    }  # fmt: skip
    with _plainly(tracer, f"{method} {origin.host}", told) as span:

        def say(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= 400:
                span.set_status(Status(StatusCode.ERROR))

        yield say


def _watch_statements(connection: Any, **_: object) -> None:
    if not any(isinstance(each, partial) and each.func is _statement for each in connection.execute_wrappers):
        connection.execute_wrappers.append(partial(_statement))


def _statement(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    tracer = _tracer()
    if tracer is None or not get_current_span().get_span_context().is_valid:
        return execute(sql, params, many, context)
    text = sql if isinstance(sql, str) else type(sql).__name__  # composed by psycopg: values may be part of it
    verb = text.split(None, 1)[0].upper() if text.strip() else "?"
    with _plainly(tracer, verb, {"db.system.name": "postgresql", "db.query.text": " ".join(text.split())[:LONGEST]}):
        return execute(sql, params, many, context)


@contextmanager
def _plainly(tracer: Tracer, name: str, told: dict[str, str | int]) -> Iterator[Any]:
    """Trace one step below the work at hand; an error is told by its kind, as its words may quote a value."""
    with tracer.start_as_current_span(
        name, kind=SpanKind.CLIENT, attributes=told, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
