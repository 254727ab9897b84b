"""What a reversal would do, in words, before anybody presses it: what stands there, how it is undone, who agrees."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from exceptions_queue import deciding, policies, words
from exceptions_queue.models import Deed, WorkItem
from exceptions_queue.templatetags.shown import money
from exceptions_queue.verbs.asking import in_words
from exceptions_queue.verbs.reverse import LIMIT
from governance.actor import as_actor
from governance.models import User
from governance.roles import Right
from routes import reversals
from routes.models import Failure
from routes.reversals import Stands

SHOWN = 5  # of what stands there


def members_of(item: WorkItem) -> list[Failure]:
    """Return the members of an item of which something may stand at a target, as many as one commit takes back."""
    return list(item.failures().filter(transaction_id__isnull=False).order_by("pk")[:LIMIT])


def told(item: WorkItem, user: User) -> list[tuple[str, str]]:
    """Return what is told beside the button, as (name, words). At most nine queries."""
    members = members_of(item)
    found = reversals.standing_of([each.transaction_id for each in members if each.transaction_id])
    able = [each for each in _each_once(found.values()) if not reversals.refusal(each)]
    unable = [each for each in _each_once(found.values()) if reversals.refusal(each)]
    said: list[tuple[str, str]] = []
    if able:
        said += [
            ("stands there", _what(able)),
            ("is undone", "; ".join(dict.fromkeys(f"in {each.system}, {each.undone}" for each in able))),
            ("period", "; ".join(dict.fromkeys(_period(each, item) for each in able))),
            ("second person", _agrees(item, user, [m for m in members if m.transaction_id in _ids(able)])),
        ]
    if unable:
        said.append(("cannot be taken back", "; ".join(dict.fromkeys(reversals.refusal(each) for each in unable))))
    return said


def worth(found: Sequence[Stands]) -> str:
    """Return what stands there in money, by currency: "2,400.00 EUR and 90.00 USD"."""
    sums: dict[str, Decimal] = {}
    for each in found:
        if each.amount is not None:
            sums[each.currency] = sums.get(each.currency, Decimal(0)) + each.amount
    unknown = sum(each.amount is None for each in found)
    told = [money(amount, currency) for currency, amount in sorted(sums.items())]
    return " and ".join([*told, *([f"{unknown:,} of unknown amount"] if unknown else [])])


def _each_once(found: Iterable[Stands]) -> list[Stands]:
    return list({each.effect: each for each in found}.values())


def _ids(found: Sequence[Stands]) -> set[UUID]:
    return {each.transaction for each in found}


def _what(found: Sequence[Stands]) -> str:
    named = ", ".join(f"{each.key} as {each.reference}" if each.reference else each.key for each in found[:SHOWN])
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return f"{named}{more} in {found[0].system}: {worth(found)}"


def _period(each: Stands, item: WorkItem) -> str:
    if not each.closed:
        return "that of the posting, as far as the hub knows it is open"
    who = deciding.second_people(Right.APPROVE, item.legal_entity, but=[])
    if each.opens is None:
        return f"that of the posting is closed, and no open one is known: it waits until {who} approves"
    first, last = each.opens
    return f"that of the posting is closed: it waits until {who} approves, and the next open one is {first} to {last}"


def _agrees(item: WorkItem, user: User, members: Sequence[Failure]) -> str:
    asking = policies.asking(Deed.REVERSE, item.legal_entity_id, user)
    hits = policies.hits_on(asking, Deed.REVERSE, item, members, {})
    if not hits:
        return "none: no policy asks for one"
    who = deciding.second_people(Right.APPROVE, item.legal_entity, but=[as_actor(user).reference])
    return f"{who}, by {in_words(hits)}"


def done(count: int, entity: str, sends: bool) -> str:
    """Return what to say once a reversal was asked for."""
    what = words.counted(count, entity)
    if sends:
        return f"{what} taken back at the target, and then sent anew as the source and the hub say now."
    return f"{what} taken back at the target. This stays open until somebody sends it anew or decides that it is not."
