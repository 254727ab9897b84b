"""Who of the firm gets which exceptions, what comes together, and what needs a second person: a few of each, to try.

Made once, when the firm is loaded: what people change or delete stays as they have it.
"""

from collections.abc import Iterable
from decimal import Decimal

from canonical.failure import Category
from exceptions_queue import verbs
from exceptions_queue.models import ApprovalPolicy, Deed, GroupingRule, RoutingRule, Team
from governance import audit
from governance.models import LegalEntity, User
from routes.models import Route

PROJECT_OFFICE = "project office"
WHY = "agreed when the hub was introduced"


def make(companies: Iterable[LegalEntity], staff: dict[str, User], time: Route) -> None:
    """Make the firm's team, routing rules, approval policies and grouping rules."""
    office = Team.objects.create(name=PROJECT_OFFICE)
    office.members.set([staff["clara"], staff["farid"]])
    for row in (*routing_rules(), *policies()):
        row.full_clean()
        row.save()
        audit.record(by=staff["ingrid"], verb="add", thing=row, after={"name": str(row)}, reason=WHY)
    for company in companies:
        verbs.keep_grouping_rule(late_entries(company, time), by=staff["farid"], reason=WHY)


def routing_rules() -> list[RoutingRule]:
    """Return the rules that say to whom something comes; not saved."""
    return [
        RoutingRule(
            name="Projects that are not set up", categories=[Category.MISSING_REFERENCE.value], team=PROJECT_OFFICE,
            tags=["project set-up"],
        ),
        RoutingRule(
            name="Large refusals", categories=[Category.REFUSED.value], amount_from=Decimal(1000), unknown_too=True,
            team="controller", priority=90, tags=["large"],
        ),
    ]  # fmt: skip


def policies() -> list[ApprovalPolicy]:
    """Return what needs a second person; not saved."""
    return [
        ApprovalPolicy(
            name="Hours and rates above 1,000", deeds=[Deed.CORRECT, Deed.RESUBMIT], fields=["bill_rate", "hours"],
            amount_from=Decimal(1000),
        ),
        ApprovalPolicy(name="Not delivered above 2,500", deeds=[Deed.WAIVE], amount_from=Decimal(2500)),
    ]  # fmt: skip


def late_entries(company: LegalEntity, time: Route) -> GroupingRule:
    """Return the rule by which late entries of all closed months are one exception of a company; not saved."""
    return GroupingRule(
        legal_entity=company, name="Late entries into closed months", category=Category.CLOSED_PERIOD.value,
        route_id=time.pk,
    )  # fmt: skip
