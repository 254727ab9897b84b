"""Errors of the API as problem+json (RFC 9457): stable types, words for people, and the places in the body.

Every answer below /api/ that is an error passes here, whoever raised it, so that no caller meets an undocumented one.
"""

import logging
import sys
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.views import defaults
from rest_framework import exceptions
from rest_framework.views import set_rollback

from connectors.sign_in_again import NotRenewed
from exceptions_queue.verbs import NotPossible
from exceptions_queue.verbs.members import WrongValue
from governance.api import refusals
from governance.api.refusals import METHOD, TYPE, Kind, Refused
from governance.rights import NotAllowed
from governance.still_there import Gone
from governance.versions import WrongState
from hub import no_database
from mappings.cross_references import ReferenceConflict, ReferenceGone
from mappings.deleting import CannotDelete
from mappings.locking import TableGone
from mappings.tables import RowErrors, RowsCollide, RowsGone
from routes.plan import NotReadyToRun
from routes.runs import NothingToRead

MEDIA_TYPE = "application/problem+json"
SIGN_IN = Kind("sign-in-needed", 401, "Sign in to use the API")
NOT_ACCEPTABLE = Kind("not-acceptable", 406, "The answer is not available in that form")
TOO_MANY = Kind("too-many-requests", 429, "Too many requests")
BAD_REQUEST = Kind("bad-request", 400, "The request cannot be understood")
LONG_ADDRESS = Kind("address-too-long", 414, "The address is longer than what is taken")
LONG_HEADERS = Kind("headers-too-large", 431, "The headers are larger than what is taken")
INTERNAL = Kind("internal", 500, "The hub met something unforeseen")
UNAVAILABLE = Kind("unavailable", 503, "The hub can do nothing just now")
KINDS = (*refusals.KINDS, SIGN_IN, NOT_ACCEPTABLE, TOO_MANY, BAD_REQUEST, LONG_ADDRESS, LONG_HEADERS, INTERNAL,
         UNAVAILABLE)  # fmt: skip
OAUTH = ("/oauth/token/", "/oauth/revoke_token/")  # where programs ask, in the form of RFC 6749 (section 5.2)
SEE_ALLOW = "See the header Allow for those it takes."
AGAIN = {"Retry-After": str(no_database.SECONDS)}
_OF_FRAMEWORK: tuple[tuple[type[Exception], Kind, str], ...] = (
    (
        exceptions.NotAuthenticated,
        SIGN_IN,
        "Send a token (Authorization: Bearer …) or a user name and password, or sign in to the hub first.",
    ),
    (
        exceptions.AuthenticationFailed,
        SIGN_IN,
        "Token, user name or password are not right or count no more, or the account is closed.",
    ),
    (exceptions.MethodNotAllowed, METHOD, SEE_ALLOW),
    (exceptions.NotAcceptable, NOT_ACCEPTABLE, "Ask for application/json."),
    (exceptions.UnsupportedMediaType, refusals.MEDIA_TYPE, "Send application/json."),
    (exceptions.Throttled, TOO_MANY, "Wait as long as the header Retry-After says."),
    (exceptions.NotFound, refusals.NOT_FOUND, "Check the address."),
    (Http404, refusals.NOT_FOUND, "Check the address."),
    (NotAllowed, refusals.NOT_ALLOWED, ""),
    (exceptions.PermissionDenied, refusals.NOT_ALLOWED, ""),
    (Gone, refusals.NOT_FOUND, ""),
    (WrongState, refusals.NOT_POSSIBLE, ""),
    (NotPossible, refusals.NOT_POSSIBLE, ""),
    (NotReadyToRun, refusals.NOT_POSSIBLE, ""),
    (NothingToRead, refusals.NOT_POSSIBLE, ""),
    (RowErrors, refusals.INVALID_BODY, ""),
    (RowsCollide, refusals.NOT_POSSIBLE, ""),
    (RowsGone, refusals.NOT_POSSIBLE, ""),
    (CannotDelete, refusals.NOT_POSSIBLE, ""),
    (TableGone, refusals.NOT_POSSIBLE, ""),
    (ReferenceConflict, refusals.NOT_POSSIBLE, ""),
    (ReferenceGone, refusals.NOT_POSSIBLE, ""),
    (NotRenewed, refusals.NOT_POSSIBLE, ""),
    (PermissionDenied, refusals.NOT_ALLOWED, "Ask an operator for the right."),
    (exceptions.APIException, BAD_REQUEST, ""),
    (SuspiciousOperation, BAD_REQUEST, "Check the request's size and headers."),
)
log = logging.getLogger(__name__)


def problem(kind: Kind, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> HttpResponse:
    """Return an answer of one kind; `more` are members beside those of the RFC."""
    told = {"type": TYPE + kind.name, "title": kind.title, "status": kind.status, "detail": detail} | more
    return JsonResponse(told, status=kind.status, content_type=MEDIA_TYPE, headers=headers)


def answer(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Turn whatever an API view raised into its problem: Django REST framework's exception handler."""
    set_rollback()
    if isinstance(error, Refused):
        more = dict(error.more)
        if error.errors:
            more["errors"] = [each.as_json() for each in error.errors]
        return problem(error.kind, error.detail, headers=error.headers, **more)
    if isinstance(error, WrongValue):
        wrong = refusals.FieldError(f"/{error.at}", str(error), error.accepted)
        return problem(refusals.INVALID_BODY, f"/{error.at}: {error} Nothing was done.", errors=[wrong.as_json()])
    for wanted, kind, remedy in _OF_FRAMEWORK:
        if isinstance(error, wanted):
            return problem(kind, remedy or str(error), headers=_headers(error))
    log.error("an API view failed: %s", type(error).__name__, exc_info=error)
    return _internal(error)


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(error.auth_header)  # type: ignore[attr-defined]  # set by the framework
    if getattr(error, "wait", None):
        headers["Retry-After"] = f"{error.wait:.0f}"  # type: ignore[attr-defined]  # of Throttled
    return headers


def _internal(error: BaseException | None) -> HttpResponse:
    if why := no_database.why(error):
        return problem(UNAVAILABLE, f"{why} Nothing was stored. Send it again later.", headers=AGAIN)
    return problem(INTERNAL, "Nothing was stored. Send it again later; when it lasts, show the operator this time.")


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/hooks/"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer addresses that do not exist."""
    if _is_api(request):
        return problem(refusals.NOT_FOUND, "Check the address.")
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer requests that the framework refuses before a view sees them."""
    if _is_api(request):
        detail = str(exception) if isinstance(exception, BadRequest) else "Check the request."
        return problem(BAD_REQUEST, detail)
    if request.path.startswith(OAUTH) and isinstance(exception, BadRequest):
        told = {"error": "invalid_request", "error_description": str(exception)}
        return JsonResponse(told, status=400, headers={"Cache-Control": "no-store"})
    if isinstance(exception, BadRequest):  # of ours, with words
        return render(request, "bad_request.html", {"message": str(exception)}, status=400)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody foresaw, and what a database does that is full or away."""
    error = sys.exc_info()[1]
    if not _is_api(request):
        if why := no_database.why(error):  # no context: who is signed in stands in the database
            return HttpResponse(get_template("503.html").render({"why": why}), status=503, headers=AGAIN)
        return defaults.server_error(request)
    if transaction.get_connection().in_atomic_block:
        transaction.set_rollback(True)
    return _internal(error)
