"""Saying what an item was about: why it came to it, where it was put right, and what the next one should know."""

from typing import Literal

from django.db import transaction

from exceptions_queue.models import CauseCode, RootCause, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, WrongValue
from governance import audit
from governance.actor import By
from governance.rights import Right, require

LONGEST = 4_000  # characters of a finding


@transaction.atomic
def classify(
    item: WorkItem,
    *,
    by: By,
    cause_code: CauseCode | Literal[""] = "",
    root_cause: RootCause | Literal[""] = "",
    finding: str = "",
    rule_candidate: bool = False,
) -> WorkItem:
    """Say of an item, open or resolved, also by itself, what it was; how it ended is not changed by it.

    Raises NotAllowed, and NotPossible where nothing is said.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    finding = finding.strip()
    if not (cause_code or root_cause or finding or rule_candidate):
        raise NotPossible("Say at least one of it: why it came to it, where it was put right, or what you found.")
    if len(finding) > LONGEST:
        raise WrongValue(
            f"A finding has at most {LONGEST:,} characters. Shorten it.",
            at="finding", accepted=f"at most {LONGEST:,} characters",
        )  # fmt: skip
    row = WorkItem.objects.select_for_update(of=("self",)).select_related("legal_entity").get(pk=item.pk)
    before = {"cause_code": row.cause_code, "root_cause": row.root_cause, "rule_candidate": row.rule_candidate}
    row.cause_code, row.root_cause = cause_code, root_cause
    row.finding, row.rule_candidate = finding, rule_candidate
    row.save(update_fields=["cause_code", "root_cause", "finding", "rule_candidate"])
    after = {"cause_code": row.cause_code, "root_cause": row.root_cause, "rule_candidate": row.rule_candidate}
    said = "; ".join(filter(None, [row.get_cause_code_display(), row.put_right, finding, _rule(row)]))
    row = note(row, by=by, verb="cause named", reason=said)
    audit.record(
        by=by, verb="classify", thing=row, before=before, after=after, reason=finding, legal_entity=row.legal_entity_id
    )
    return row


def _rule(row: WorkItem) -> str:
    return "a rule could do it" if row.rule_candidate else ""
