"""Giving a subscription a new secret, while those before still sign too for some time."""

from datetime import timedelta

from django.db import connection, transaction

from governance import audit
from governance.actor import By
from governance.encrypted import LostSecrets
from governance.rights import Right, require
from governance.still_there import held
from governance.versions import WrongState
from routes.models import Subscription
from routes.outbound import signing

OVERLAP = timedelta(hours=24)  # usual time that both secrets sign
LONGEST = timedelta(days=30)
MOST = 5  # secrets that sign at once: each is a signature in one header of every event


@transaction.atomic
def rotate(subscription: Subscription, *, by: By, overlap: timedelta = OVERLAP, secret: str = "") -> str:
    """Return a new secret, shown this once; the one before signs too until `overlap` is over (0: all end at once).

    `secret`: one that its subscriber knows already; "": a new one is made.
    Those before the one before sign for as long as was said when they were followed: the subscriber may have taken over
    none of what came since. Raises NotAllowed, Gone, ValueError, and WrongState where too many sign already.
    """
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    if not timedelta(0) <= overlap <= LONGEST:
        raise ValueError(f"Both secrets can sign for at most {LONGEST.days} days. Choose fewer.")
    row = held(Subscription.objects.all(), subscription)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    until = now + overlap if overlap else None
    secret = secret or signing.new_secret()
    before = None if isinstance(row.secrets, LostSecrets) else row.secrets  # a lost one signs nothing any more
    row.secrets = signing.kept(secret, before, now=now, until=until)
    if len(row.secrets["signing"]) > MOST:
        raise WrongState(
            f"{MOST} secrets sign already. Wait until one of them has ended, or end them all at once with 0 hours."
        )
    row.save(update_fields=["secrets"])
    told = {"the secret before signs until": until if before else None}
    audit.record(by=by, verb="rotate_secret", thing=row, after=told, legal_entity=row.legal_entity)
    return secret
