"""Requests that come again: the same Idempotency-Key with the same bytes gets the first answer and does nothing more.

A key belongs to its caller (`callers.by_whom`), and an answer is told again only while all rights that were asked for
it reach as far as they did then: it was made for them.

Key and deed are one commit. A request that is refused keeps no key, so that it can be put right and sent again; two
that come at once wait for each other at the key.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from governance import asked
from governance.actor import By
from governance.api import callers
from governance.api.exact import ExactJSON
from governance.api.refusals import BAD_HEADER, KEY_REUSED, Refused
from governance.models import ApiAnswer
from governance.rights import NotAllowed, Right, require
from governance.roles import MASK_RIGHTS
from governance.scoping import ALL, entity_ids, grants_read_once

KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
KEPT_HEADERS = ("Location", "ETag")
KEPT_DAYS = 7
LONGEST = 400  # characters of a place, as the column
REPLAYED = {"Idempotency-Replayed": "true"}
SHOWING = (Right.VIEW, Right.SEE_TECHNICAL, *MASK_RIGHTS.values())


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
    place = _place(request)
    with transaction.atomic():
        row = ApiAnswer(caller=callers.by_whom(request), place=place, key=key, body_hash=digest)
        ApiAnswer.objects.bulk_create([row], ignore_conflicts=True)
        found = ApiAnswer.objects.select_for_update().get(caller=row.caller, place=place, key=key)
        if bytes(found.body_hash) != digest:
            raise Refused(KEY_REUSED, "The Idempotency-Key was used for another body. Use a new key for a new request.")
        if found.status:
            _require_what_was_asked(found, request.user)
            return _again(found)
        with asked.noted(request.user.pk or 0) as found.asked:
            answer = act()
            with grants_read_once():  # what decides how much an answer shows is not asked by verbs alone
                for right in SHOWING:
                    entity_ids(request.user, right)
        found.status, found.headers = answer.status_code, {n: answer[n] for n in KEPT_HEADERS if n in answer}
        found.content = ExactJSON().render(answer.data).decode()
        found.save()
        return answer


def _place(request: Request) -> str:
    """Return what a key counts at: the address with its parameters, which say what is meant, in any order."""
    told = urlencode(sorted((name, value) for name, values in request.query_params.lists() for value in values))
    whole = f"{request.method} {request.path}{f'?{told}' if told else ''}"
    if len(whole) <= LONGEST:
        return whole
    return f"{whole[: LONGEST - 33]} {hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()}"


def _require_what_was_asked(found: ApiAnswer, by: By) -> None:
    """Raise NotAllowed, in the words for a new request, where the caller's rights reach less far than then."""
    if found.asked is None:
        raise NotAllowed("This was answered by an older release, and is not told again. Read how things stand now.")
    for name, then in found.asked.items():
        right, now = Right(name), entity_ids(by, Right(name))
        if now is ALL:
            continue
        lost = [None] if then is None else sorted(set(then) - now)
        for legal_entity in lost:
            require(by, right, legal_entity)


def _again(found: ApiAnswer) -> HttpResponse:
    headers = found.headers | REPLAYED
    return HttpResponse(found.content, status=found.status, content_type="application/json", headers=headers)


def forget(before: datetime) -> None:
    """Forget answers that were given before a moment."""
    ApiAnswer.objects.filter(answered_at__lt=before).delete()
