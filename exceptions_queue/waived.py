"""What no exception holds, such as what was not to be delivered, and who is asked before it is sent all the same."""

from exceptions_queue import policies
from exceptions_queue.models import ApprovalPolicy, Deed, WorkItem
from exceptions_queue.verbs.asking import asks
from governance.actor import By
from routes.models import Failure, Overlay, Record, Transaction


def asking(row: Transaction, by: By) -> list[ApprovalPolicy]:
    """Return the policies that ask a second person for sending such a transaction, by what it had stopped for.

    What nobody has corrected asks nobody. Two queries where no policy may ask.
    """
    found = policies.asking(Deed.RESUBMIT, row.legal_entity_id, by) if asks(by) else []
    if not found:
        return []
    record = Record.objects.only("route_id", "key").get(pk=row.record_id)
    here = Overlay.objects.filter(route_id=record.route_id, key=record.key, ended_at=None)
    fields = list(here.values_list("field", flat=True))
    last = Failure.objects.filter(transaction_id=row.pk).order_by("-opened_at", "-pk").first()
    item = WorkItem.objects.filter(fingerprint=last.fingerprint).order_by("-number").first() if last else None
    if not fields or last is None or item is None:  # nobody knows for what it had stopped: any policy may be meant
        return [each for each in found if fields and (not each.fields or {*each.fields} & {*fields})]
    return policies.hits_on(found, Deed.RESUBMIT, item, [last], {last.pk: fields})
