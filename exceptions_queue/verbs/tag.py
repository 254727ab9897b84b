"""Giving an item words by which people find it again."""

import re

from django.db import transaction

from exceptions_queue.models import WorkItem, WorkItemTag
from exceptions_queue.models.handling import LONGEST_TAG
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import WrongValue
from governance import audit
from governance.actor import By
from governance.rights import Right, require

MOST = 20
SHAPE = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@transaction.atomic
def tag(item: WorkItem, *, by: By, names: list[str]) -> list[str]:
    """Let an item have exactly these tags, and return them in their kept form, sorted.

    Raises NotAllowed; NotPossible naming every word that is no tag.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    wanted = sorted({name for name in map(kept_form, names) if name})
    wrong = [name for name in wanted if not SHAPE.fullmatch(name) or len(name) > LONGEST_TAG]
    if wrong:
        said = ", ".join(f"“{name[:LONGEST_TAG]}”" for name in wrong)
        raise WrongValue(
            f"{said}: a tag has letters, digits and hyphens, at most {LONGEST_TAG}. Write it so.",
            at="names", accepted=f"letters, digits and hyphens, at most {LONGEST_TAG} of them",
        )  # fmt: skip
    if len(wanted) > MOST:
        raise WrongValue(
            f"These are {len(wanted)} tags; an item has at most {MOST}. Leave some out.",
            at="names", accepted=f"at most {MOST} tags",
        )  # fmt: skip
    row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    before = sorted(row.tags.values_list("name", flat=True))
    if before == wanted:
        return wanted
    row.tags.exclude(name__in=wanted).delete()
    WorkItemTag.objects.bulk_create(WorkItemTag(item=row, name=name) for name in wanted if name not in before)
    note(row, by=by, verb="tagged", reason=", ".join(wanted) or "no tags any more")
    audit.record(
        by=by, verb="tag", thing=row, before={"tags": before}, after={"tags": wanted},
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return wanted


def kept_form(name: str) -> str:
    """Return a tag as it is kept: small letters, and hyphens where blanks were."""
    return "-".join(name.casefold().split())
