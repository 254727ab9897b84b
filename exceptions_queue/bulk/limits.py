"""Above which a second person approves a bulk run: by count, by amount, and where nobody knows the amount."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import Abs

from canonical.entities import ENTITIES
from exceptions_queue import policies
from exceptions_queue.bulk.choices import BY_SHEET, Choice
from exceptions_queue.models import ApprovalPolicy, BulkEdit, BulkRun, Deed, Result, WorkItem
from exceptions_queue.templatetags.shown import money
from exceptions_queue.verbs.asking import corrected_by_member
from governance.actor import Actor, ActorKind
from routes.models import Failure

MARK = """
UPDATE exceptions_queue_bulkmember m SET second_person = w.words
FROM unnest(%s::bigint[], %s::text[]) AS w(id, words) WHERE m.id = w.id
"""
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
        .annotate(sum=Sum(Abs("amount")), unknown=Count("pk", filter=Q(amount=None, item__entity__in=WITH_AMOUNT)))
        .order_by("currency")
    )
    rows = list(sums)
    for row in rows:
        if row["sum"] is not None and row["sum"] > settings.BULK_AMOUNT_ALONE:
            limit = money_limit(row["currency"])
            why.append(f"{money(row['sum'], row['currency'])} are more than the {limit} that one person decides alone")
    if unknown := sum(row["unknown"] for row in rows):
        why.append(f"nobody knows the amount of {unknown:,} of them, and it may be any")
    return "; ".join([*why, *_policies(run, choice)])


def _policies(run: BulkRun, choice: Choice) -> list[str]:
    """Return in words the policies that ask a second person, judged by all that the run does of one kind together.

    Writes down with each member which of them ask because of it. Two queries for each company where no policy may ask.
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
            rows = waiting.filter(item=item).values_list("failure_id", "pk")
            of_failures = {failure: member for failure, member in rows if failure}
            members = list(Failure.objects.filter(pk__in=of_failures))
            after = _after(run, of_failures.values()) if deed == Deed.CORRECT else None
            asked = policies.hits_each(found, deed, item, members, _fields(run, deed, list(of_failures)), after)
            marks = {of_failures[failure]: _in_words(hits) for failure, hits in asked.items() if hits}
            _mark(marks)
            told |= dict.fromkeys(words for several in asked.values() for words in _each(several))
    return list(told)


def _after(run: BulkRun, members: Iterable[int]) -> policies.Amounts:
    """Return what members come to as the plan has worked them out, by failure. One query."""
    rows = run.members.filter(pk__in=list(members)).values_list("failure_id", "amount", "currency")
    return {failure: (amount, currency) for failure, amount, currency in rows if failure}


def _each(found: Iterable[ApprovalPolicy]) -> list[str]:
    return [f"policy “{each}” asks for it" for each in found]


def _in_words(found: Iterable[ApprovalPolicy]) -> str:
    return " and ".join(f"policy “{each}”" for each in found)


def _mark(marks: Mapping[int, str]) -> None:
    """Write down with members which policies ask a second person because of them. One query."""
    if marks:
        with connection.cursor() as cursor:
            cursor.execute(MARK, [list(marks), list(marks.values())])


def _fields(run: BulkRun, deed: str, failures: list[UUID]) -> dict[UUID, list[str]]:
    """Return the fields that a run corrects, or has corrected, in each member of an item. One query at most."""
    if deed == Deed.RESUBMIT:
        return corrected_by_member(failures)
    if run.choice == BY_SHEET.name:
        found: dict[UUID, list[str]] = {}
        edits = BulkEdit.objects.filter(member__run=run, member__failure_id__in=failures).order_by("field")
        for failure, name in edits.values_list("member__failure_id", "field"):
            if failure:
                found.setdefault(failure, []).append(name)
        return found
    return {failure: [run.typed.get("field", "")] for failure in failures}


def money_limit(currency: str) -> str:
    """Return the limit of an amount in words."""
    return f"{settings.BULK_AMOUNT_ALONE:,.2f} {currency}".strip()
