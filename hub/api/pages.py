"""Addresses of the API as a whole: its document as JSON and YAML, the page to browse it, schemas of what it carries."""

import json
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from canonical.entities import ENTITIES
from canonical.schema import json_schema
from exceptions_queue.pages.door import context, page
from governance.api import refusals
from governance.api.refusals import ParameterError
from hub import problems
from hub.api import described

ALLOWED = "GET, HEAD, OPTIONS"
KEPT = {"Cache-Control": "public, max-age=300"}


def only_read(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse whatever is no reading with a problem, as everything below /api/ does; a form's token is not asked for."""

    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": ALLOWED})
        if request.method not in ("GET", "HEAD"):
            return problems.problem(refusals.METHOD, problems.SEE_ALLOW, headers={"Allow": ALLOWED})
        if request.GET:
            wrong = [ParameterError(name[:80], "There is no such parameter here.", "none") for name in request.GET]
            told = "This address takes no parameters."
            return problems.problem(refusals.BAD_PARAMETER, told, errors=[each.as_json() for each in wrong[:20]])
        return view(request, *args, **kwargs)

    return csrf_exempt(read)


@only_read
def document_json(request: HttpRequest) -> HttpResponse:
    """Give the API's document as JSON."""
    return HttpResponse(_json(), content_type="application/json", headers=KEPT)


@only_read
def document_yaml(request: HttpRequest) -> HttpResponse:
    """Give the API's document as YAML (RFC 9512)."""
    return HttpResponse(_yaml(), content_type="application/yaml", headers=KEPT)


@cache
def _json() -> str:
    return json.dumps(described.document())


@cache
def _yaml() -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # in C where it is installed: a fifth of the time
    return str(yaml.dump(json.loads(_json()), Dumper=dumper, sort_keys=False))


@only_read
def schema(request: HttpRequest, entity: str) -> HttpResponse:
    """Give the JSON Schema of one record of a canonical entity."""
    found = ENTITIES.get(entity)
    if found is None:
        known = ", ".join(sorted(ENTITIES))
        return problems.problem(
            refusals.NOT_FOUND, f"There is no canonical entity “{entity[:80]}”. There are: {known}."
        )
    return HttpResponse(json.dumps(json_schema(found)), content_type="application/schema+json", headers=KEPT)


@only_read
@page
def explorer(request: HttpRequest) -> HttpResponse:
    """Show the document for people, to try calls as oneself."""
    return render(request, "api/explorer.html", context("api"))
