"""Above which a second person approves a bulk run: by count, by amount, and where nobody knows the amount."""

from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, Sum

from canonical.entities import ENTITIES
from exceptions_queue import policies
from exceptions_queue.bulk.choices import BY_SHEET, Choice
from exceptions_queue.models import BulkEdit, BulkRun, Deed, Result, WorkItem
from exceptions_queue.templatetags.shown import money
from exceptions_queue.verbs.asking import corrected_fields, standing
from governance.actor import Actor, ActorKind
from routes.models import Failure

WITH_AMOUNT = sorted(name for name, entity in ENTITIES.items() if "amount" in entity.by_name)


def second_person(run: BulkRun, choice: Choice) -> str:
    """Return in words why another person has to approve a planned run; "" when nobody has to. One query."""
    if not choice.decides:
        return ""
    why = []
    if run.planned > settings.BULK_MEMBERS_ALONE:
        why.append(f"{run.planned:,} are more than the {settings.BULK_MEMBERS_ALONE:,} that one person decides alone")
    sums = (
        run.members.filter(result=Result.WAITING)
        .order_by()
        .values("currency")
        .annotate(sum=Sum("amount"), unknown=Count("pk", filter=Q(amount=None, item__entity__in=WITH_AMOUNT)))
        .order_by("currency")
    )
    rows = list(sums)
    for row in rows:
        if row["sum"] is not None and abs(row["sum"]) > settings.BULK_AMOUNT_ALONE:
            limit = money_limit(row["currency"])
            why.append(f"{money(row['sum'], row['currency'])} are more than the {limit} that one person decides alone")
    if unknown := sum(row["unknown"] for row in rows):
        why.append(f"nobody knows the amount of {unknown:,} of them, and it may be any")
    return "; ".join([*why, *_policies(run, choice)])


def _policies(run: BulkRun, choice: Choice) -> list[str]:
    """Return in words the policies that ask a second person, judged by all that the run does of one kind together.

    Two queries for each company where no policy may ask.
    """
    deed = Deed.CORRECT.value if choice.name == BY_SHEET.name else choice.name
    if deed not in Deed.values:
        return []
    by = Actor(ActorKind(run.actor_kind), run.actor_id, run.actor_name)
    told: dict[str, None] = {}
    for place in sorted(run.places()):
        found = policies.asking(deed, place, by)
        if not found:
            continue
        waiting = run.members.filter(result=Result.WAITING, legal_entity=place)
        for item in WorkItem.objects.filter(pk__in=waiting.values("item")):
            ids = [each for each in waiting.filter(item=item).values_list("failure_id", flat=True) if each]
            members = list(Failure.objects.filter(pk__in=ids))
            corrected = _fields(run, deed, ids)
            if deed == Deed.RESUBMIT and not corrected:
                continue
            asking = policies.hits_on(found, deed, item, members, corrected)
            told |= dict.fromkeys(f"policy “{each}” asks for it" for each in asking)
    return list(told)


def _fields(run: BulkRun, deed: str, failures: list[UUID]) -> list[str]:
    """Return the fields that a run corrects, or has corrected, in members of an item. One query at most."""
    if deed == Deed.RESUBMIT:
        return corrected_fields(standing(failures))
    if run.choice == BY_SHEET.name:
        edits = BulkEdit.objects.filter(member__run=run, member__failure_id__in=failures).order_by()
        return sorted(edits.values_list("field", flat=True).distinct())
    return [run.typed.get("field", "")]


def money_limit(currency: str) -> str:
    """Return the limit of an amount in words."""
    return f"{settings.BULK_AMOUNT_ALONE:,.2f} {currency}".strip()
