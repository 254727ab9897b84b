"""Which policies ask a second person for something, and whom a loosened one still binds.

Whoever makes a policy ask for less, or removes it, stays bound by what it was until another person agrees (as with the
approval of lookup tables): nobody gets something through alone by changing the rule first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from exceptions_queue.models import ApprovalPolicy, Deed, LoosenedPolicy, WorkItem
from exceptions_queue.teams import title_of
from exceptions_queue.words import plain
from exceptions_queue.worth import Sum, rates_for
from exceptions_queue.yardstick import measures
from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require, require_other_person
from governance.same_person import is_one_of, makers
from governance.still_there import held
from governance.versions import WrongState
from routes.models import Failure

# An earlier release kept NUL characters in bodies, which are no JSON to the database.
BILLED = """
WITH meant AS (
    SELECT f.id, r.route_id, r.key, r.canonical_payload_id FROM routes_failure f
    LEFT JOIN routes_transaction t ON t.id = f.transaction_id
    JOIN routes_record r ON r.id = coalesce(f.record_id, t.record_id) WHERE f.id = ANY(%s::uuid[])
), said AS (
    SELECT m.id, replace(p.body, '\\u0000', '\\ufffd')::json ->> 'billing_model' AS billed
    FROM meant m CROSS JOIN LATERAL routes_body(m.canonical_payload_id) p
    UNION SELECT m.id, o.value #>> '{}' FROM meant m
    JOIN routes_overlay o ON o.route_id = m.route_id AND o.key = m.key AND o.ended_at IS NULL
        AND o.field = 'billing_model'
) SELECT DISTINCT id, billed FROM said WHERE billed IS NOT NULL
"""
Amounts = Mapping[UUID, tuple[Decimal | None, str]]  # amount and currency by member
WRITTEN = ("is_on", "deeds", "fields", "categories", "entities", "contract_types", "amount_from", "unknown_too")


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody is about to do."""

    deed: str
    company: int
    category: str
    entity: str
    fields: tuple[str, ...] = ()  # that are, or were, corrected
    worth: Decimal | None = None  # of what is acted on, in the reporting currency; None: nobody knows
    contract_types: frozenset[str] = frozenset()  # how what is acted on is billed, as far as anybody knows


def asking(deed: str, company: int, by: By) -> list[ApprovalPolicy]:
    """Return the policies that may ask for somebody's deed in a company, loosened ones that bind them among them.

    Two queries, and one more where something was loosened.
    """
    here = Q(legal_entity=None) | Q(legal_entity=company)
    found = list(ApprovalPolicy.objects.filter(here, is_on=True, deeds__contains=[deed]))
    loosened = LoosenedPolicy.objects.filter(here, agreed_at=None)
    bound = [read(row) for row in loosened if is_one_of(by, *makers((row.made_by, row.made_at)))]
    return found + [each for each in bound if each.is_on and deed in each.deeds]


def hits(found: Iterable[ApprovalPolicy], act: Act) -> list[ApprovalPolicy]:
    """Return those of some policies that ask a second person for an act. Pure."""
    return [each for each in found if _fits(each, act)]


def hits_each(
    found: Sequence[ApprovalPolicy],
    deed: str,
    item: WorkItem,
    members: Sequence[Failure],
    fields: Mapping[UUID, Iterable[str]],
    after: Amounts | None = None,
) -> dict[UUID, list[ApprovalPolicy]]:
    """Return for each member of an item those of some policies that ask a second person because of it.

    `fields`: by member, which are or were corrected. The amount is that of all of them together. What is sent again as
    the source has it is nobody's correction, and asks nobody. `after`: what each would come to by a correction, which
    is judged by what it was, by what it becomes, and by how much it changes. At most eight queries, none for what no
    policy asks.
    """
    worth = most_of(item, members, after) if by_amount(found) else None
    billed = contract_types_of(members) if any(each.contract_types for each in found) else {}
    told = {}
    for member in members:
        corrected = tuple(fields.get(member.pk, ()))
        if deed == Deed.RESUBMIT and not corrected:
            continue
        act = Act(
            deed, item.legal_entity_id, item.category, item.entity, corrected, worth,
            billed.get(member.pk, frozenset()),
        )  # fmt: skip
        told[member.pk] = hits(found, act)
    return told


def hits_on(
    found: Sequence[ApprovalPolicy],
    deed: str,
    item: WorkItem,
    members: Sequence[Failure],
    fields: Mapping[UUID, Iterable[str]],
    after: Amounts | None = None,
) -> list[ApprovalPolicy]:
    """Return those of some policies that ask a second person because of any of these members; see `hits_each`."""
    asked = {id(each) for some in hits_each(found, deed, item, members, fields, after).values() for each in some}
    return [each for each in found if id(each) in asked]  # a loosened one is no row, and has no key


def _fits(policy: ApprovalPolicy, act: Act) -> bool:
    if policy.legal_entity_id not in (None, act.company) or act.deed not in policy.deeds:
        return False
    for wanted, asked in ((policy.categories, act.category), (policy.entities, act.entity)):
        if wanted and asked not in wanted:
            return False
    if policy.contract_types and not act.contract_types.intersection(policy.contract_types):
        return False
    if policy.fields and act.deed in (Deed.CORRECT, Deed.RESUBMIT) and not {*policy.fields} & {*act.fields}:
        return False
    if policy.amount_from is None:
        return True
    return policy.unknown_too if act.worth is None else abs(act.worth) >= policy.amount_from


def contract_types_of(members: Sequence[Failure]) -> dict[UUID, frozenset[str]]:
    """Return how the record of each member is billed: as its source says, and as people have corrected it. One query.

    Each for itself: what is mixed with other work stays what it is.
    """
    told: dict[UUID, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(BILLED, [[each.pk for each in members]])
        for member, billed in cursor.fetchall():
            told.setdefault(member, set()).add(billed)
    return {member: frozenset(billed) for member, billed in told.items()}


def by_amount(found: Iterable[ApprovalPolicy]) -> bool:
    """Return whether any of some policies asks from an amount on."""
    return any(each.amount_from is not None for each in found)


def most_of(item: WorkItem, members: Sequence[Failure], after: Amounts | None) -> Decimal | None:
    """Return the most that members come to: as they are, as they become, and by how much that differs.

    None where nobody knows one of these.
    """
    before = worth_of(item, members)
    if after is None or before is None:
        return before
    became, differs = list(members), list(members)
    for place, member in enumerate(members):
        amount, currency = after.get(member.pk, (None, ""))
        alike = member.currency == currency
        change = None if amount is None or member.amount is None else amount - member.amount if alike else amount
        became[place] = Failure(**_kept(member), amount=amount, currency=currency)
        differs[place] = Failure(**_kept(member), amount=change, currency=currency)
    found = [before, worth_of(item, became), worth_of(item, differs)]
    return None if None in found else max(each for each in found if each is not None)


def _kept(member: Failure) -> dict[str, Any]:
    return {name: getattr(member, name) for name in ("pk", "record_id", "occurred_on", "opened_at")}


def worth_of(item: WorkItem, members: Sequence[Failure]) -> Decimal | None:
    """Return what members come to in the reporting currency, each record's money once; None where nobody knows.

    A credit counts as much as an invoice: both are money, and neither makes the other less. At most four queries.
    """
    sums: dict[Any, Sum] = {}
    for member in members:
        if member.amount is None:
            return None
        day = member.occurred_on or member.opened_at.date()
        sums[member.record_id or member.pk] = Sum(item.legal_entity_id, day, member.currency, abs(member.amount))
    reporting = measures().reporting
    return rates_for(reporting, {each.currency for each in sums.values()}).worth(sums.values()).amount


def told(policy: ApprovalPolicy, currency: str) -> str:
    """Return what a policy asks for, in words: "correct a field (hours), from 1,000.00 EUR"; `currency`: reporting."""
    if not policy.is_on:
        return "nothing: it is not in use"
    deeds = " or ".join(str(Deed(each).label).lower() for each in policy.deeds)
    parts = [
        deeds + (f" ({', '.join(plain(each) for each in policy.fields)})" if policy.fields else ""),
        " or ".join(title_of(each) for each in policy.categories),
        " or ".join(plain(each) for each in policy.entities),
        f"billed as {' or '.join(plain(each) for each in policy.contract_types)}" if policy.contract_types else "",
    ]
    if policy.amount_from is not None:
        unknown = " or of unknown amount" if policy.unknown_too else ""
        parts.append(f"from {policy.amount_from:,.2f} {currency}{unknown}")
    return ", ".join(filter(None, parts))


def written(policy: ApprovalPolicy) -> dict[str, Any]:
    """Return a policy's fields as a loosened one keeps them."""
    kept = {name: getattr(policy, name) for name in WRITTEN}
    return kept | {"amount_from": None if policy.amount_from is None else str(policy.amount_from)}


def read(row: LoosenedPolicy) -> ApprovalPolicy:
    """Return the policy as it was, not to be saved."""
    was = {"contract_types": [], **row.was}  # an earlier release did not know it
    was["amount_from"] = None if was["amount_from"] is None else Decimal(was["amount_from"])
    return ApprovalPolicy(legal_entity=row.legal_entity, name=row.name, **was)


def covers(new: ApprovalPolicy | None, old: ApprovalPolicy) -> bool:
    """Return whether a policy asks for all that another one asks for."""
    if not old.is_on:
        return True
    if new is None or not new.is_on or not {*old.deeds} <= {*new.deeds}:
        return False
    if new.legal_entity_id not in (None, old.legal_entity_id):
        return False
    for name in ("fields", "categories", "entities", "contract_types"):
        wider, narrower = set(getattr(new, name)), set(getattr(old, name))
        if wider and (not narrower or not narrower <= wider):
            return False
    if new.amount_from is None:
        return True
    enough = old.amount_from is not None and new.amount_from <= old.amount_from
    return enough and (new.unknown_too or not old.unknown_too)


def was_changed(old: ApprovalPolicy | None, new: ApprovalPolicy | None, *, by: By) -> LoosenedPolicy | None:
    """Keep what a policy was where it asks for less by now; return that. Whoever changed it has asked the right."""
    if old is None or covers(new, old):
        return None
    currency = measures().reporting.currency
    row: LoosenedPolicy = LoosenedPolicy.objects.create(
        legal_entity=old.legal_entity, name=old.name, was=written(old), was_told=told(old, currency)[:500],
        now_told=(told(new, currency) if new else "nothing: it is deleted")[:500], made_by=as_actor(by).reference,
    )  # fmt: skip
    return row


@transaction.atomic
def agree(loosened: LoosenedPolicy, *, by: By, reason: str = "") -> LoosenedPolicy:
    """Agree that a policy asks for less: whoever made it so is bound by it as it is now.

    Raises NotAllowed, also for them, and WrongState where somebody has agreed meanwhile.
    """
    row: LoosenedPolicy = held(LoosenedPolicy.objects.all(), loosened)
    require(by, Right.APPROVE_CONFIGURATION, row.legal_entity_id)
    require_other_person(by, *makers((row.made_by, row.made_at)), thing=str(row))
    if row.agreed_at is not None:
        raise WrongState("Somebody has agreed to it meanwhile.")
    row.agreed_by, row.agreed_at = as_actor(by).reference, timezone.now()
    row.save(update_fields=["agreed_by", "agreed_at"])
    audit.record(
        by=by, verb="approve", thing=row, before={"asked": row.was_told}, after={"asks": row.now_told}, reason=reason,
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row
