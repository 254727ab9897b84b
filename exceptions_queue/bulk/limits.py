"""Above which a second person approves a bulk run: by count, by amount, and where nobody knows the amount."""

from django.conf import settings
from django.db.models import Count, Q, Sum

from canonical.entities import ENTITIES
from exceptions_queue.bulk.choices import Choice
from exceptions_queue.models import BulkRun, Result
from exceptions_queue.templatetags.shown import money

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
    return "; ".join(why)


def money_limit(currency: str) -> str:
    """Return the limit of an amount in words."""
    return f"{settings.BULK_AMOUNT_ALONE:,.2f} {currency}".strip()
