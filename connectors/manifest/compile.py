"""Turns a checked manifest document into its typed form. Expects a document without problems (see `check`)."""

from typing import Any

from canonical.failure import Category
from connectors.manifest import model
from connectors.manifest.compile_stream import compile_stream
from connectors.manifest.patterns import compile_pattern
from connectors.paths import compile_path, compile_paths
from connectors.template import Structure, Template, compile_template, compile_templates

# After these the vendor certainly did nothing, unless the row says otherwise; after the others nobody can tell.
_CERTAIN = frozenset(
    {
        Category.THROTTLED, Category.CREDENTIALS, Category.CONFIGURATION, Category.UNMAPPED_VALUE,
        Category.MISSING_REFERENCE, Category.VALIDATION, Category.DUPLICATE, Category.CONFLICT, Category.CLOSED_PERIOD,
        Category.REFUSED, Category.NO_RIGHT, Category.AMOUNT_MISMATCH, Category.APPROVAL_MISSING,
    }
)  # fmt: skip
_AUTH_TEMPLATES = (
    "token_url", "client_id", "client_secret", "refresh_token", "scope", "username", "password",
    "consumer_key", "consumer_secret", "token", "token_secret", "realm",
)  # fmt: skip
_ALWAYS_HIDDEN_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key")
_ALWAYS_HIDDEN_FIELDS = (
    "password", "secret", "client_secret", "access_token", "refresh_token", "id_token", "client_assertion",
    "api_key", "private_key",
)  # fmt: skip


def compile_manifest(document: dict[str, Any], *, file: str = "") -> model.Manifest:
    """Return the typed manifest."""
    return model.Manifest(
        name=document["name"],
        title=document["title"],
        version=document["version"],
        about=document.get("about", ""),
        base_url=compile_template(document["base_url"]),
        questions=tuple(_question(name, item) for name, item in document["questions"].items()),
        auth=tuple(_auth(item) for item in document["auth"]),
        headers=compile_templates(document.get("headers")),
        test=_test(document["test"]),
        budgets=tuple(_budget(item) for item in document.get("budgets", ())),
        throttle=_throttle(document.get("throttle", {})),
        limits=_limits(document.get("limits", {})),
        errors=_errors(document["errors"]),
        streams={name: compile_stream(name, item) for name, item in document["streams"].items()},
        webhooks=_webhooks(document.get("webhooks")),
        redaction=_redaction(document.get("redaction", {})),
        exempt=dict(document.get("exempt", {})),
        documentation=dict(document["documentation"]),
        file=file,
    )


def _question(name: str, item: dict[str, Any]) -> model.Question:
    return model.Question(
        name=name,
        title=item["title"],
        help=item.get("help", ""),
        where=item.get("where", ""),
        example=item.get("example", ""),
        pattern=item.get("pattern", ""),
        choices=tuple(item.get("choices", ())),
        default=item.get("default", ""),
        required=item.get("required", "default" not in item),
        secret=item.get("secret", False),
        account=item.get("account", False),
        multiline=item.get("multiline", False),
        auth=tuple(item.get("auth", ())),
    )


def _auth(item: dict[str, Any]) -> model.Auth:
    default = {"Authorization": "Bearer {token.access_token}"} if item["kind"].startswith("oauth2") else {}
    request = item.get("request")
    return model.Auth(
        name=item["name"],
        title=item["title"],
        kind=item["kind"],
        values={name: compile_template(item[name]) for name in _AUTH_TEMPLATES if name in item},
        headers=compile_templates(item.get("headers", default)),
        query=compile_templates(item.get("query")),
        extra=compile_templates(item.get("extra")),
        client_auth=item.get("client_auth", "body"),
        lifetime=item.get("lifetime_seconds"),
        assertion=_assertion(item["assertion"]) if "assertion" in item else None,
        request=_token_request(request) if request else None,
        fields=tuple((name, compile_path(path)) for name, path in item.get("fields", {}).items()),
        derived=compile_templates(item.get("derived")),
        signature_method=item.get("signature_method", "HMAC-SHA256"),
    )


def _assertion(item: dict[str, Any]) -> model.Assertion:
    return model.Assertion(
        algorithm=item["algorithm"],
        key=compile_template(item["key"]),
        kid=_optional(item, "kid"),
        claims=Structure(item["claims"]),
        lifetime=item.get("lifetime_seconds", 300),
    )


def _token_request(item: dict[str, Any]) -> model.TokenRequest:
    body = Structure(item["body"]) if "body" in item else None
    path = compile_template(item["path"], escape=True)
    return model.TokenRequest(item.get("method", "POST"), path, compile_templates(item.get("headers")), body)


def _optional(item: dict[str, Any], name: str) -> Template | None:
    return compile_template(item[name]) if name in item else None


def _test(item: dict[str, Any]) -> model.Test:
    return model.Test(
        method=item.get("method", "GET"),
        path=compile_template(item["path"], escape=True),
        query=compile_templates(item.get("query")),
        headers=compile_templates(item.get("headers")),
        body=Structure(item["body"]) if "body" in item else None,
        expect=tuple(compile_path(path) for path in item["expect"]),
        shows=compile_path(item.get("shows")),
        help=item.get("help", ""),
    )


def _budget(item: dict[str, Any]) -> model.Budget:
    return model.Budget(item["name"], item.get("requests"), item.get("seconds", 1.0), item.get("concurrency"))


def _throttle(item: dict[str, Any]) -> model.Throttle:
    return model.Throttle(
        header=item.get("retry_after_header", "Retry-After").lower(),
        path=compile_path(item.get("retry_after_path")),
        default=item.get("default_seconds", 5.0),
        maximum=item.get("max_seconds", 900.0),
    )


def _limits(item: dict[str, Any]) -> model.Limits:
    usual = model.Limits()
    return model.Limits(
        response_bytes=item.get("response_bytes", usual.response_bytes),
        timeout=item.get("timeout_seconds"),
        redirects=item.get("redirects", usual.redirects),
    )


def _errors(item: dict[str, Any]) -> model.Errors:
    rows = tuple(_row(number, row) for number, row in enumerate(item["rows"], start=1))
    preamble = compile_pattern(f"^(?:{item['preamble']})", ignore_case=True) if "preamble" in item else None
    return model.Errors(
        compile_paths(item.get("envelope")), compile_paths(item.get("code")), compile_paths(item.get("message")), rows,
        preamble,
    )  # fmt: skip


def _row(number: int, item: dict[str, Any]) -> model.ErrorRow:
    category = Category(item["category"])
    return model.ErrorRow(
        number=number,
        statuses=frozenset(status for written in _listed(item.get("status")) for status in _statuses(written)),
        codes=frozenset(str(code) for code in _listed(item.get("code"))),
        pattern=compile_pattern(item["pattern"], ignore_case=True) if "pattern" in item else None,
        category=category,
        certain=item.get("effect", "none" if category in _CERTAIN else "unknown") == "none",
        retry=item.get("retry"),
        renew=item.get("renew", False),
        hint=item.get("hint", ""),
        example=item["example"],
        message=compile_path(item.get("message")),
        parent=compile_pattern(item["parent"], ignore_case=True) if "parent" in item else None,
    )


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _statuses(written: int | str) -> range:
    start = int(written[0]) * 100 if isinstance(written, str) else written
    return range(start, start + (100 if isinstance(written, str) else 1))


def _webhooks(item: dict[str, Any] | None) -> model.Webhooks | None:
    if item is None:
        return None
    signature, handshake = item["signature"], item.get("handshake", {})
    return model.Webhooks(
        signature=model.Signature(
            kind=signature["kind"],
            header=signature["header"].lower(),
            secret=compile_template(signature["secret"]),
            encoding=signature.get("encoding", "hex"),
            prefix=signature.get("prefix", ""),
            signed=_optional(signature, "signed"),
            timestamp_header=signature.get("timestamp_header", "").lower(),
            tolerance=signature.get("tolerance_seconds", 300.0),
        ),
        handshake=handshake.get("kind", ""),
        handshake_parameter=handshake.get("parameter", ""),
        event_id=compile_path(item.get("event_id")),
        event_header=item.get("event_header", "").lower(),
        records=compile_path(item.get("records")),
    )


def _redaction(item: dict[str, Any]) -> model.Redaction:
    headers = (*_ALWAYS_HIDDEN_HEADERS, *item.get("headers", ()))
    fields = (*_ALWAYS_HIDDEN_FIELDS, *item.get("fields", ()))
    return model.Redaction(frozenset(name.lower() for name in headers), frozenset(name.lower() for name in fields))
