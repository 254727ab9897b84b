"""Trying a subscription because somebody asks: one test event, at once, and in words what came of it."""

import time

from django.conf import settings
from django.db import connection

from governance import audit
from governance.actor import By
from governance.identifiers import new_id
from governance.keys import KeyLost, KeysUnusable
from governance.rights import Right, require
from routes.models import Subscription
from routes.outbound import calling, signing, types
from routes.outbound.calling import Answered, Letter
from routes.outbound.happenings import Happening


def try_out(subscription: Subscription, *, by: By) -> Answered:
    """Send a test event and return what came of it; nothing is kept of it but the audit entry. Raises NotAllowed.

    Its type is one of its own, so that no subscriber takes it for something that happened.
    """
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    answer = _answer(subscription)
    after = {"ok": answer.taken, "message": answer.words}
    audit.record(by=by, verb="try", thing=subscription, after=after, legal_entity=subscription.legal_entity)
    return answer


def _answer(subscription: Subscription) -> Answered:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    try:
        secrets = signing.in_force(subscription.secrets, now)
    except (KeyLost, KeysUnusable) as lost:
        return Answered(None, str(lost))
    told = Happening(
        types.TESTED, "test", subscription.name, 0, 0, None, "", now, f"/subscriptions/{subscription.pk}",
        {"subscription": subscription.name, "message": "A person tries this subscription. Nothing has happened."},
    )  # fmt: skip
    id_ = new_id()
    letter = Letter(str(id_), told.body(id_, 0).encode())
    deadline = time.monotonic() + settings.EVENT_TIMEOUT_SECONDS
    return calling.call_all(subscription.address, [letter], secrets, deadline=deadline)[0]
