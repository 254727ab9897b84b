"""How systems and routes are named to somebody: those of other companies only to who sees these.

A company's records may come by another's route and go to another's system. Whoever sees only the company of the records
is told that there is one, and not its name: on pages, in lists, in what is counted, and in the words of an exception.
"""

import re
from collections.abc import Iterable

from connectors.models import Connection
from exceptions_queue.models import WorkItem
from governance.actor import By
from governance.rights import Right
from governance.scoping import ALL, entity_ids
from routes.models import Route

THEIRS = "a system of another company"
THEIR_ROUTE = "a route of another company"
BY_ROUTE = re.compile(r" fits: .*\bby ")  # as a decision tells of a rule that asks for routes


def sees(thing: Connection | Route, by: By) -> bool:
    """Return whether somebody sees the company of a system or route. While a page is made it asks nothing by itself."""
    return of_company(thing.legal_entity_id, by)


def of_company(legal_entity: int, by: By) -> bool:
    """Return whether somebody sees a company."""
    seen = entity_ids(by, Right.VIEW)
    return seen is ALL or legal_entity in seen


def name_of(thing: Connection | Route | None, by: By) -> str:
    """Return the name of a system or route as somebody may read it, "" for none."""
    if thing is None:
        return ""
    if sees(thing, by):
        return str(thing.name)
    return THEIRS if isinstance(thing, Connection) else THEIR_ROUTE


def beginning(thing: Connection | Route, by: By) -> str:
    """Return the name of a system or route as a sentence begins with it."""
    name = name_of(thing, by)
    return f"{name[:1].upper()}{name[1:]}" if name in (THEIRS, THEIR_ROUTE) else name


def unseen(things: Iterable[Connection | None], by: By) -> set[str]:
    """Return the names of those systems whose companies somebody does not see: what words may quote of them."""
    return {each.name for each in things if each is not None and not sees(each, by)}


def without_systems(text: str, item: WorkItem, by: By) -> str:
    """Return words of an item without the name of its system, for those who do not see whose that is.

    One query where the system was not read with the item, and none for who sees all companies.
    """
    if not text or item.connection_id is None or entity_ids(by, Right.VIEW) is ALL:
        return text
    system = item.connection
    assert system is not None
    if sees(system, by):
        return text
    covered = re.sub(rf"(?<!\w){re.escape(system.name)}(?!\w)", THEIRS, text)
    return covered if not covered.startswith(THEIRS) else f"{THEIRS[:1].upper()}{covered[1:]}"


def without_routes(texts: Iterable[str], by: By) -> list[str]:
    """Return why items came where they are as somebody may read it: earlier releases wrote names of other companies'
    routes into it. One query, none where no rule is told that goes by routes, or for those who see all companies.
    """
    told, seen = list(texts), entity_ids(by, Right.VIEW)
    if seen is ALL or not any(map(BY_ROUTE.search, told)):
        return told
    routes = list(Route.objects.values_list("name", "legal_entity"))
    theirs = {name for name, of in routes if of not in seen} - {name for name, of in routes if of in seen}
    if not theirs:
        return told
    longest_first = sorted(theirs, key=lambda name: (-len(name), name))
    named = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    return [named.sub(THEIR_ROUTE, each) if BY_ROUTE.search(each) else each for each in told]


def due_of(key: str, words: str, by: By) -> str:
    """Return what is due in words, as somebody may read it: the key of a deadline says whose run or ledger it is."""
    kind, _, rest = key.partition(":")
    if kind not in ("run", "period"):
        return words
    company = rest.partition(":")[0]
    if of_company(int(company) if company.isdecimal() else 0, by):
        return words
    return f"{words.partition(' at ')[0]} at {THEIRS}" if kind == "period" else f"{THEIR_ROUTE}: its next run"
