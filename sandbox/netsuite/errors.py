"""NetSuite's answers when it does nothing. Most business refusals share 400 USER_ERROR; only the text differs."""

from http import HTTPStatus
from typing import Any

from sandbox.web import Refusal

_PREFIX = "Error while accessing a resource. "


def refusal(
    status: int, code: str, detail: str, *, path: str = "", query: str = "", headers: dict[str, str] | None = None
) -> Refusal:
    """Return an error in NetSuite's shape; `path` or `query` names the part of the request that is wrong."""
    details: dict[str, Any] = {"detail": detail, "o:errorCode": code}
    if path:
        details["o:errorPath"] = path
    if query:
        details["o:errorQueryParam"] = query
    title = "Conflict" if code == "IDEMPOTENCY_ERROR" else HTTPStatus(status).phrase
    body = {
        "type": f"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.{'5' if status < 500 else '6'}",
        "title": title,
        "status": status,
        "o:errorDetails": [details],
    }
    return Refusal(status, body, headers)


def user_error(detail: str, *, path: str = "") -> Refusal:
    """Return the business refusal."""
    return refusal(400, "USER_ERROR", _PREFIX + detail, path=path)


def bad_reference(value: str, field: str) -> Refusal:
    """An internal id that no record has."""
    return user_error(f"You have entered an Invalid Field Value {value} for the following field: {field}.", path=field)


def bad_external_reference(value: str, field: str) -> Refusal:
    """An external id, in a reference, that no record has."""
    detail = f"The record instance for external ID '{value}' does not exist. Provide a valid record instance ID."
    return refusal(400, "NONEXISTENT_ID", detail, path=field)


def missing_value(field: str) -> Refusal:
    """A required field that is not there."""
    return user_error(f"You must enter a value for the following field: {field}.", path=field)


def already_exists(label: str) -> Refusal:
    """A second record with the same external id or name."""
    return user_error(f"This {label} already exists.")


def not_found() -> Refusal:
    """An address of a record that does not exist."""
    detail = "The record instance does not exist. Provide a valid record instance ID."
    return refusal(404, "NONEXISTENT_ID", detail)


def bad_query(detail: str) -> Refusal:
    """A SuiteQL text that NetSuite (or this simulator's part of it) does not understand."""
    text = f"Invalid search query. Detailed unprocessed description follows. {detail}"
    return refusal(400, "INVALID_PARAMETER", text, query="q")


def login_refused(scheme: str) -> Refusal:
    """A login that failed; the reason stands in the audit trail only, as in NetSuite."""
    detail = (
        "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
        "Setup > Users/Roles > User Management > View Login Audit Trail."
    )
    challenge = f'{scheme} error="token_rejected", error_description="Invalid login attempt."'
    return refusal(401, "INVALID_LOGIN", detail, headers={"WWW-Authenticate": challenge})


def too_many() -> Refusal:
    """More requests at once than the account may have; NetSuite documents no Retry-After."""
    detail = "The request could not be processed because the concurrency limit of the account was exceeded."
    return refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", detail)


def unexpected() -> Refusal:
    """An error of NetSuite itself."""
    return refusal(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: sandbox")
