"""Doubts of people about what is posted, written down as failures: the exception queue takes them in like any other."""

from uuid import UUID

from django.db import connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from governance.actor import By
from governance.rights import Right, require
from routes import failures
from routes.models import Failure, Transaction


class NotStanding(ValueError):  # reads as what happened
    """It cannot be questioned; the message says why."""


STANDS = """
SELECT h.live_transaction_id FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
WHERE t.id = %s FOR UPDATE OF h
"""


@transaction.atomic
def write_down(id_: UUID, *, by: By, reason: str) -> Failure:
    """Write down that somebody doubts what a transaction has posted; return the failure. It stays posted.

    Raises NotAllowed, and NotStanding where something else stands there by now or it is questioned already.
    """
    row = Transaction.objects.select_related("destination").get(pk=id_)
    require(by, Right.WORK_QUEUE, row.legal_entity_id)
    with connection.cursor() as cursor:
        cursor.execute(STANDS, [id_])
        found = cursor.fetchone()
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    if found is None or found[0] is None:
        raise NotStanding(f"Nothing of {row.key} stands at the target now, so there is nothing to question.")
    if found[0] != id_:
        raise NotStanding(f"Another version of {row.key} stands there by now. Question that one.")
    if Failure.objects.filter(transaction_id=id_, closed_at=None).exists():
        raise NotStanding(f"{row.key} is an exception already. Go on there.")
    problem = Problem("error", Category.QUESTIONED, "", None, f"Questioned: {reason}")
    trouble = failures.Trouble(
        row.legal_entity_id, row.destination.route_id, "confirm", problem, record=row.record_id, transaction=row.pk,
        connection_id=row.destination.connection_id, amount=row.amount, currency=row.currency, hours=row.hours,
    )  # fmt: skip
    failures.write_down([trouble], at=now)
    return Failure.objects.get(transaction_id=id_, closed_at=None)
