"""Requests that come again: the same Idempotency-Key with the same bytes gets the first answer and does nothing more.

Key and deed are one commit. A request that is refused keeps no key, so that it can be put right and sent again; two
that come at once wait for each other at the key.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import callers
from governance.api.exact import ExactJSON
from governance.api.refusals import BAD_HEADER, KEY_REUSED, Refused
from governance.models import ApiAnswer

KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
KEPT_HEADERS = ("Location", "ETag")
KEPT_DAYS = 7


def key_of(request: Request) -> str:
    """Return the Idempotency-Key, "" where there is none. Raises Refused (400)."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise Refused(BAD_HEADER, "Idempotency-Key must be 1 to 200 visible ASCII characters without spaces.")
    return key or ""


def once(request: Request, body: bytes, act: Callable[[], Response]) -> HttpResponse | Response:
    """Do what a request asks in one commit and return its answer; for one that came before, the answer of then."""
    key = key_of(request)
    if not key:
        with transaction.atomic():
            return act()
    digest = hashlib.blake2b(body, digest_size=16).digest()
    place = f"{request.method} {request.path}"[:400]
    with transaction.atomic():
        row = ApiAnswer(caller=callers.reference(request), place=place, key=key, body_hash=digest)
        ApiAnswer.objects.bulk_create([row], ignore_conflicts=True)
        found = ApiAnswer.objects.select_for_update().get(caller=row.caller, place=place, key=key)
        if bytes(found.body_hash) != digest:
            raise Refused(KEY_REUSED, "The Idempotency-Key was used for another body. Use a new key for a new request.")
        if found.status:
            return _again(found)
        answer = act()
        found.status, found.headers = answer.status_code, {n: answer[n] for n in KEPT_HEADERS if n in answer}
        found.content = ExactJSON().render(answer.data).decode()
        found.save()
        return answer


def _again(found: ApiAnswer) -> HttpResponse:
    headers = found.headers | {"Idempotency-Replayed": "true"}
    return HttpResponse(found.content, status=found.status, content_type="application/json", headers=headers)


def forget(before: datetime) -> None:
    """Forget answers that were given before a moment."""
    ApiAnswer.objects.filter(answered_at__lt=before).delete()
