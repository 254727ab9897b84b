"""Giving a subscription a new secret, while the one before still signs too for some time."""

from datetime import timedelta

from django.db import connection, transaction

from governance import audit
from governance.actor import By
from governance.encrypted import LostSecrets
from governance.rights import Right, require
from governance.still_there import held
from routes.models import Subscription
from routes.outbound import signing

OVERLAP = timedelta(hours=24)  # usual time that both secrets sign
LONGEST = timedelta(days=30)


@transaction.atomic
def rotate(subscription: Subscription, *, by: By, overlap: timedelta = OVERLAP, secret: str = "") -> str:
    """Return a new secret, shown this once; the one before signs too until `overlap` is over (0: it ends at once).

    `secret`: one that its subscriber knows already; "": a new one is made.
    Of several rotations within the overlap only the newest two secrets sign. Raises NotAllowed, Gone, and ValueError.
    """
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    if not timedelta(0) <= overlap <= LONGEST:
        raise ValueError(f"Both secrets can sign for at most {LONGEST.days} days. Choose fewer.")
    row = held(Subscription.objects.all(), subscription)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        until = cursor.fetchone()[0] + overlap if overlap else None
    secret = secret or signing.new_secret()
    before = None if isinstance(row.secrets, LostSecrets) else row.secrets  # a lost one signs nothing any more
    row.secrets = signing.kept(secret, before, until=until)
    row.save(update_fields=["secrets"])
    told = {"the secret before signs until": until if before else None}
    audit.record(by=by, verb="rotate_secret", thing=row, after=told, legal_entity=row.legal_entity)
    return secret
