"""The address that vendors push to. Parses, calls one verb, answers; 2xx only once what was pushed is committed."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from connectors import webhooks as proofs
from connectors.models import Connection
from connectors.spec import ConnectionSpec
from governance.api import body
from governance.api.refusals import MEDIA_TYPE, METHOD, NOT_FOUND, TOO_LARGE, TYPE, Kind, Refused
from routes import nudges, webhooks
from routes.models.inbound import Refusal
from routes.webhooks import NotBelieved, Push

REASON_OF = {TOO_LARGE: Refusal.TOO_LARGE, MEDIA_TYPE: Refusal.MEDIA_TYPE}
NOT_BELIEVED = Kind("signature-not-accepted", 401, "The signature is not accepted")
NOT_NOW = Kind("not-taken-yet", 503, "What is pushed is not taken just now")
TAKEN = ("GET", "POST")
LATER = {Refusal.NO_ROUTE: "3600", Refusal.KEY_LOST: "300"}  # not acknowledged: the sender keeps it and comes again


@csrf_exempt  # the signature is the proof; no cookie is looked at
def webhook(request: HttpRequest, slug: str, stream: str) -> HttpResponse:
    """Answer a vendor's push or handshake."""
    if request.method not in TAKEN:
        told = f"Push with POST; take the handshake with {TAKEN[0]}."
        return _problem(METHOD, told, headers={"Allow": ", ".join(TAKEN)})
    source = Connection.objects.filter(slug=slug).select_related("legal_entity").first()
    try:
        spec = webhooks.spec_of(source) if source else None
        if source is None or spec is None:
            raise Refused(NOT_FOUND, "No webhooks are taken at this address.")
        return _answer(request, source, spec, stream)
    except NotBelieved as error:
        assert source is not None
        return _not_believed(request, source, stream, error.reason)
    except Refused as error:
        if source is not None and (reason := REASON_OF.get(error.kind)):
            _count(request, source, stream, reason)
        return _problem(error.kind, error.detail)


def _problem(kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    told = {"type": TYPE + kind.name, "title": kind.title, "status": kind.status, "detail": detail}
    return JsonResponse(told, status=kind.status, content_type="application/problem+json", headers=headers)


def _answer(request: HttpRequest, source: Connection, spec: ConnectionSpec, stream: str) -> HttpResponse:
    greeting = _handshake(spec, request.GET.dict(), request.headers, b"")
    if greeting is not None:
        return greeting
    if request.method == "GET":
        raise Refused(NOT_FOUND, "Webhooks are pushed here with POST.")
    content = body.read(request, most=settings.EVENT_BYTES)
    push = Push(stream, dict(request.headers), content)
    greeting = None if webhooks.is_event(spec, push) else _handshake(spec, {}, {}, content)
    if greeting is not None:
        return greeting
    kept = webhooks.take(source, spec, push)
    for event in kept:
        nudges.events(event.route_id)
    return JsonResponse({"status": "received"})


def _handshake(
    spec: ConnectionSpec, query: Mapping[str, str], headers: Mapping[str, str], content: bytes
) -> HttpResponse | None:
    """Return the answer to a vendor's handshake, None when this is none. It stores nothing and proves nothing."""
    known = spec.connector.manifest.webhooks
    assert known is not None
    found = proofs.handshake(known, query, headers, content)
    return None if found is None else HttpResponse(found[1], headers=found[0])


def _not_believed(request: HttpRequest, source: Connection, stream: str, reason: Refusal) -> HttpResponse:
    _count(request, source, stream, reason)
    if reason in LATER:
        return _problem(NOT_NOW, "Push it again later.", headers={"Retry-After": LATER[reason]})
    # Which check failed is told to the operator and not to the caller, who may be guessing.
    return _problem(NOT_BELIEVED, "Sign what is pushed as agreed, with a clock that is right.")


def _count(request: HttpRequest, source: Connection, stream: str, reason: Refusal) -> None:
    size = int(length) if (length := request.META.get("CONTENT_LENGTH") or "0").isdecimal() else 0
    webhooks.count_refusal(source, reason, stream=stream, size=size, address=request.META.get("REMOTE_ADDR", ""))
