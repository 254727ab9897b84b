"""The API's document (OpenAPI 3.0), made from the code that answers: every status, header and way to sign in."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from governance.api import refusals
from governance.api.scopes import LAYERS
from hub import problems
from hub.api import problem_samples

LAYER_TITLES = {
    "system": "System: connections, streams, records and configuration",
    "process": "Process: routes, runs, transactions, tables, mappings and events out",
    "experience": "Experience: work items and totals",
    "schemas": "Schemas of canonical entities",
}
PROBLEM = {
    "type": "object",
    "description": "What is wrong, and what would help (RFC 9457). `type` never changes.",
    "properties": {
        "type": {"type": "string", "enum": [refusals.TYPE + kind.name for kind in problems.KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "cause and remedy, for people"},
        "errors": {
            "type": "array",
            "description": "every place that is wrong",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "place in the body (RFC 6901)"},
                    "parameter": {"type": "string", "description": "parameter of the address"},
                    "detail": {"type": "string"},
                    "accepted": {"type": "string"},
                },
                "required": ["detail", "accepted"],
            },
        },
        "current": {"type": "object", "description": "with 412: the present state", "additionalProperties": True},
        "scope": {"type": "string", "description": "with 403: the scope that the token lacks"},
    },
    "required": ["type", "title", "status", "detail"],
}
ALWAYS = (400, 401, 403, 404, 406, 414, 429, 431, 500, 503)
WITH_BODY = (408, 411, 413, 415, 422)
LIMITS = {
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": 'how often a caller may ask: "caller";q=600;w=60',
    },
    "RateLimit": {"schema": {"type": "string"}, "description": "how much of it is left, and for how many seconds"},
}
RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds until there is room again"}}
SCHEMES = {
    "token": {
        "type": "oauth2",
        "description": "Scopes narrow what the roles behind a token allow; `entity:HP-DE` to one legal entity.",
        "flows": {
            "clientCredentials": {"tokenUrl": "/oauth/token/", "scopes": LAYERS},
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize/", "tokenUrl": "/oauth/token/", "scopes": LAYERS,
            },
        },
    },
    "password": {"type": "http", "scheme": "basic"},
    "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
}  # fmt: skip


class Described(AutoSchema):
    """Describes one operation."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Return the ways to sign in, with the scope that a token needs."""
        layer = getattr(self.view, "layer", "")
        if not self.view.authentication_classes:
            return [{}]
        wanted = [f"{layer}:{'read' if self.method == 'GET' else 'write'}"] if layer else []
        return [{"token": wanted}, {"password": []}, {"session": []}]

    def map_parsers(self) -> list[str]:
        """Return the media type of bodies; the framework's parsers are not used."""
        return ["application/json"]

    def get_tags(self) -> list[str]:
        """Return the layer."""
        return [LAYER_TITLES[self.path.split("/")[2]]]

    def get_summary(self) -> str:
        """Return the first line of the method's docstring."""
        return str(getattr(self.view, self.method.lower()).__doc__ or "").strip().partition("\n")[0]

    def get_operation_id(self) -> str:
        """Return a name such as process_runs_get."""
        parts = [part for part in self.path.split("/")[2:] if part != "v1"]
        return "_".join(
            [*(part.strip("{}").replace("-", "_").replace(".", "_") for part in parts), self.method.lower()]
        )


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what every operation answers when something is wrong, and the headers of every answer."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    result["components"]["securitySchemes"] = SCHEMES
    for methods in result["paths"].values():
        for method, operation in methods.items():
            _complete(operation, takes_body=method in ("post", "put"))
    return result


def _complete(operation: dict[str, Any], *, takes_body: bool) -> None:
    answers = operation["responses"]
    tagged = operation.pop("x-tagged", False)
    limited = operation.get("security") != [{}]
    for answer in answers.values():
        headers = answer.setdefault("headers", {})
        if limited:
            headers.update(LIMITS)
        if tagged:
            headers["ETag"] = {"schema": {"type": "string"}, "description": "for If-Match"}
        if operation.get("deprecated"):
            headers.update(_leaving())
    statuses = set(ALWAYS if limited else (400, 404, 406, 414, 431, 500, 503))
    conflicts, edits = operation.pop("x-conflicts", False), operation.pop("x-edits", False)
    if takes_body:
        statuses |= set(WITH_BODY)
    if conflicts:
        statuses |= {409, 422}
    if edits:
        statuses |= {409, 412, 428}
    for each in operation.get("parameters", ()):
        if each["name"] == "If-Match":
            statuses |= {412, 428} if each.get("required") else {412}
    for status in sorted(statuses):
        kinds = [kind for kind in problems.KINDS if kind.status == status]
        answers[str(status)] = {
            "description": " · ".join(kind.title for kind in kinds),
            "content": {
                problems.MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {kind.name: {"value": problem_samples.of(kind)} for kind in kinds},
                }
            },
            "headers": (RETRY if status in (429, 503) else {}) | (_leaving() if operation.get("deprecated") else {}),
        }


def _leaving() -> dict[str, Any]:
    return {
        "Deprecation": {"schema": {"type": "string"}, "description": "since when it is on its way out (RFC 9745)"},
        "Sunset": {"schema": {"type": "string"}, "description": "when it ends (RFC 8594)"},
        "Link": {"schema": {"type": "string"}, "description": "what to use instead, and the guide"},
    }


@cache
def document() -> dict[str, Any]:
    """Return the document. It depends on the code alone, so that once for each process is enough."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made
