"""An example of each kind of error, as a real answer says it: cause and remedy, and never the title again."""

from typing import Any

from governance.api import body, refusals
from governance.middleware import NUL
from hub import no_database, problems

HOURS = {"pointer": "/records/0/hours", "detail": "It is no plain number.", "accepted": "a number such as 7.5"}
REASON = {"pointer": "/reason", "detail": "This field is required.", "accepted": "a text of at most 500 characters"}
SIZE = {"parameter": "size", "detail": "“500” is no size of a page.", "accepted": "a whole number from 1 to 200"}
TOLD: dict[refusals.Kind, dict[str, Any]] = {  # `detail`, and what a kind tells beside it
    refusals.UNREADABLE: {
        "detail": "The body cannot be read as JSON: Expecting value: line 1 column 14 (char 13). Correct it and "
        "send it again."
    },
    refusals.BAD_HEADER: {
        "detail": "Idempotency-Key must be 1 to 200 visible ASCII characters without spaces."
    },
    refusals.METHOD: {"detail": problems.SEE_ALLOW},
    refusals.NOT_ALLOWED: {
        "detail": "You need the right to edit connections, mappings and routes for all companies, which your roles do "
        "not include. Ask an operator to give you the role Integration admin for all companies."
    },
    refusals.NOT_FOUND: {"detail": refusals.not_there("work item", 4711).detail},
    refusals.STALLED: {"detail": "The rest of the body did not come in time. Nothing was stored; send it again."},
    refusals.NO_LENGTH: {"detail": "Send the header Content-Length with the number of bytes of the body."},
    refusals.TOO_LARGE: {
        "detail": "The body has 2,097,152 bytes; up to 1,048,576 are taken at once. Send it in several parts.",
        "limit": 1_048_576,
    },
    refusals.MEDIA_TYPE: {
        "detail": "The media type is “text/plain”. Send the header Content-Type: application/json.", **body.TAKEN,
    },
    refusals.INVALID: {
        "detail": "One thing is not as agreed; nothing was stored. Correct it and send it again.", "errors": [HOURS],
    },
    refusals.KEY_REUSED: {
        "detail": "The Idempotency-Key was used for another body. Use a new key for a new request."
    },
    refusals.BAD_PARAMETER: {
        "detail": f"size: {SIZE['detail']} Accepted: {SIZE['accepted']}.", "errors": [SIZE],
    },
    refusals.SCOPE_MISSING: {
        "detail": "This needs a token with the scope process:write. Ask for one, or have it added to the client's "
        "scopes.",
        "scope": "process:write",
    },
    refusals.NOT_POSSIBLE: {
        "detail": "This cannot be done here, or no longer: see `remedies` of the item for what can."
    },
    refusals.STALE: {
        "detail": "It was changed since you have read it. The present state is in `current`: look at it, then decide.",
        "current": {"name": "Approved time to NetSuite", "enabled": True},
    },
    refusals.INVALID_BODY: {"detail": "/reason: This field is required. Nothing was done.", "errors": [REASON]},
    refusals.IF_MATCH_NEEDED: {"detail": "Send the header If-Match with the ETag of what you have read."},
    problems.SIGN_IN: {
        "detail": "Send a token (Authorization: Bearer …) or a user name and password, or sign in to the hub first."
    },
    problems.NOT_ACCEPTABLE: {"detail": "Ask for application/json."},
    problems.TOO_MANY: {"detail": "Wait as long as the header Retry-After says."},
    problems.BAD_REQUEST: {"detail": NUL},
    problems.LONG_ADDRESS: {
        "detail": "Address and parameters together take at most 8,190 bytes as they are sent. Ask for less at once."
    },
    problems.LONG_HEADERS: {"detail": "A header takes at most 8,190 bytes. Send fewer and shorter ones."},
    problems.INTERNAL: {
        "detail": "Nothing was stored. Send it again later; when it lasts, show the operator this time."
    },
    problems.UNAVAILABLE: {"detail": f"{no_database.AWAY} Nothing was stored. Send it again later."},
}  # fmt: skip


def of(kind: refusals.Kind) -> dict[str, Any]:
    """Return how an answer of a kind may look."""
    told = {"type": refusals.TYPE + kind.name, "title": kind.title, "status": kind.status}
    return told | TOLD[kind]
