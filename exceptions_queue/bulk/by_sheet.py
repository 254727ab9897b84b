"""A plan of what a sheet says: the same run as for all that is done with many, each member with values of its own.

The file itself is not kept, nor is anything of one in which something is wrong.
"""

import json
from collections.abc import Sequence
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from exceptions_queue.bulk import planning
from exceptions_queue.bulk.choices import BY_SHEET
from exceptions_queue.models import BulkEdit, BulkMember, BulkRun
from exceptions_queue.sheets import edits as said
from exceptions_queue.sheets.edits import Edit, Problem
from exceptions_queue.sheets.reading import read
from exceptions_queue.sheets.workbook import UnreadableSheet
from exceptions_queue.verbs.members import NotPossible, need_reason
from exceptions_queue.words import counted
from governance import audit
from governance.actor import as_actor
from governance.models import User
from governance.rights import Right, allowed_anywhere, require

TOLD = 20


class WrongSheet(NotPossible):
    """A sheet in which something is wrong: nothing of it was kept. `problems` are all of them, by row and column."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        rows = len({problem.row for problem in problems})
        several = f"{rows:,} lines are wrong" if rows != 1 else "One line is wrong"
        super().__init__(f"{several}, so nothing was done. Correct what is told, and send the sheet once more.")


@transaction.atomic
def plan(content: bytes, *, by: User, reason: str, pace: int | None = None) -> BulkRun:
    """Write down what a sheet would correct, and return the plan; nothing is corrected before it is started.

    Raises NotAllowed, WrongSheet with every problem, and NotPossible where there is nothing to do.
    """
    if not allowed_anywhere(by, Right.EDIT_OVERLAY):
        require(by, Right.EDIT_OVERLAY, None)
    reason = need_reason(reason, "A correction")
    try:
        found = said.read(read(content), by)
    except (UnreadableSheet, ValueError) as error:
        raise NotPossible(str(error)) from error
    if found.problems:
        raise WrongSheet(found.problems)
    if not found.edits:
        raise NotPossible(
            f"Nothing is changed in this sheet: its {found.lines:,} lines say what they said. Change cells, and send "
            "it once more; an empty cell changes nothing."
        )
    return _kept(found, by, reason, pace)


def _kept(found: said.Read, by: User, reason: str, pace: int | None) -> BulkRun:
    actor = as_actor(by)
    lines = {edit.failure for edit in found.edits}
    told = [[str(e.failure), e.field, e.value] for e in found.edits]
    typed = {"edits": sha256(json.dumps(sorted(told)).encode()).hexdigest(), "reason": reason}
    say = "says what it" if found.unchanged == 1 else "say what they"
    unchanged = f"{counted(found.unchanged, 'further line')} {say} said." if found.unchanged else ""
    run = BulkRun(
        choice=BY_SHEET.name, title=BY_SHEET.title, typed=typed, reason=reason,
        selected_words=f"{counted(len(lines), 'line')} of a sheet, {counted(len(found.edits), 'field')} in all",
        left_out=unchanged,
        actor_kind=actor.kind.value, actor_id=actor.id, actor_name=actor.name[:200],
        pace=min(pace or settings.BULK_PACE, settings.BULK_PACE), made_at=planning._now(), due_at=planning._now(),
    )  # fmt: skip
    run.save()
    items = list(dict.fromkeys(edit.item for edit in found.edits))
    run.chosen = planning.write_members(run, items, sorted(lines), len(lines) + 1)
    if run.chosen != len(lines):
        raise NotPossible("Somebody has just seen to some of these. Take the sheet anew.")
    run.save(update_fields=["chosen"])
    _keep_edits(run, found.edits)
    places = BulkMember.objects.filter(run=run).order_by().values_list("legal_entity", flat=True).distinct()
    run.legal_entities.set(places)
    audit.record(
        by=by, verb="plan", thing=run, reason=reason, legal_entity=planning.only(places),
        after={"choice": BY_SHEET.name, "members": run.chosen, "selected": run.selected_words},
    )  # fmt: skip
    return run


def _keep_edits(run: BulkRun, edits: Sequence[Edit]) -> None:
    members = dict(run.members.values_list("failure_id", "pk"))
    BulkEdit.objects.bulk_create(
        [
            BulkEdit(member_id=members[each.failure], field=each.field, value=each.value, seen_until=each.seen_until)
            for each in edits
        ],
        batch_size=2000,
    )
