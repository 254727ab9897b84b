"""What the queue is asked: its list in every order, its counts, each choice when opened, search, and one item."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connection

from bench.lists.addresses import Asked
from bench.queue.size import STAFF
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.items import key_of
from exceptions_queue.query import counting
from governance.models import User

ITEMS, COUNTS = "/api/experience/v1/work-items", "/api/experience/v1/work-item-counts"


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to ask for: all of the company that *farid* sees."""

    key: str  # of a transaction that stopped for the largest cause
    posted: str  # of one that is posted, long ago
    reference: str  # its number at the target
    largest: int
    small: int  # an item with one member
    project: str  # that the members of an item share
    project_code: str  # that is missing


def find() -> Found:
    """Look for what there is to ask for. Reads much: slow."""

    def one(statement: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    mine = "FROM exceptions_queue_workitem i JOIN governance_legalentity e ON e.id = i.legal_entity_id" \
           " WHERE e.code = 'HP-DE' AND i.state <> 'resolved'"  # fmt: skip
    posted = "FROM routes_transaction t JOIN routes_effect f ON f.transaction_id = t.id" \
             " JOIN governance_legalentity e ON e.id = t.legal_entity_id" \
             " WHERE e.code = 'HP-DE' AND t.state = 'posted' ORDER BY t.id OFFSET 50 LIMIT 1"  # fmt: skip
    return Found(
        key=one("SELECT t.key FROM routes_failure f JOIN routes_transaction t ON t.id = f.transaction_id"  # noqa: S608
                f" WHERE f.closed_at IS NULL AND f.fingerprint = (SELECT i.fingerprint {mine}"
                " ORDER BY i.members DESC LIMIT 1) ORDER BY f.id OFFSET 10 LIMIT 1"),
        posted=one(f"SELECT t.key {posted}"),
        reference=one(f"SELECT f.reference {posted}"),
        largest=one(f"SELECT i.number {mine} ORDER BY i.members DESC LIMIT 1"),
        small=one(f"SELECT i.number {mine} AND i.members = 1 ORDER BY i.number LIMIT 1"),
        project=one(f"SELECT i.about ->> 'project_code' {mine} AND i.about ? 'project_code' ORDER BY i.number LIMIT 1"),
        project_code=one(f"SELECT i.table_key ->> 0 {mine} AND i.table = 'project' ORDER BY i.number LIMIT 1"),
    )  # fmt: skip


def all_of(found: Found) -> list[Asked]:
    """Return every address, for who sees one company and for who sees all."""
    parts = (_list, _counts, _choices, _search, _detail)
    asked = [each for user in STAFF for part in parts for each in part(found, user)]
    assert len({(each.address, each.user) for each in asked}) == len(asked), "something is asked twice"
    return asked


def again() -> list[Asked]:
    """Return what is asked once more while its numbers are kept."""
    addresses = {"the list": "/queue/?q=is:open", "its counts": f"{COUNTS}?query=is:open", "the first page": "/"}
    return [
        Asked("Again within ten seconds", what, address, user)
        for user in STAFF for what, address in addresses.items()
    ]  # fmt: skip


def _list(found: Found, user: str) -> list[Asked]:
    lines = {
        "all that is open": "is:open", "needs somebody": "is:new,triaged,in-progress,pending-approval",
        "waiting": "is:waiting,snoozed", "resolved": "is:resolved", "all": "", "mine": "is:open assignee:me",
        "nobody's": "is:open assignee:nobody", "of a kind": "is:open class:validation",
        "all but one kind": "is:open -class:unmapped-value", "of an owner": "is:open owner:billing",
        "above an amount": "is:open amount:>1000", "unknown amount": "is:open amount:unknown",
        "due soon": "is:open due:<7d", "past due": "is:open due:past", "older than four weeks": "is:open age:>=4w",
        "with a tag": "is:open tag:vip", "with a correction": "is:open has:correction",
        "of a project": f"is:open project:{found.project}", "waiting for one": f"is:open waiting:{found.project_code}",
        "of a route": "is:open route:expenses", "of a company": "is:open entity:HP-DE",
        "of a small company": "is:open entity:HP-GB", "a key": f"is:open {found.key}",
        "a word that is in all": "is:open dimension", "words that nothing has": 'is:open "no such words"',
        "many at once": "is:open class:validation owner:billing amount:>1000 -tag:later has:unknown-amount,remark",
    }  # fmt: skip
    asked = [Asked("List", what, f"/queue/?{urlencode({'q': line})}", user) for what, line in lines.items()]
    asked += [
        Asked("List", f"{name} first", f"/queue/?{urlencode({'q': 'is:open', 'sort': name})}", user)
        for name in ("oldest", "newest")
    ]
    behind = urlencode({"q": "is:open", "after": _far_behind(user)})
    asked.append(Asked("List", "far behind", f"/queue/?{behind}", user))
    asked.append(
        Asked("List", "API, all that is open", f"{ITEMS}?{urlencode({'query': 'is:open', 'sort': 'money'})}", user)
    )
    return asked


def _far_behind(user: str) -> str:
    """Return the key of a page in the middle of the list."""
    rows = WorkItem.objects.visible_to(User.objects.get(username=user)).open()
    return key_of(rows.by_money()[rows.count() // 2], "money")


def _counts(found: Found, user: str) -> list[Asked]:
    lines = {"of all that is open": "?query=is:open", "of a kind": "?query=is:open+class:validation",
             "of resolved ones": "?query=is:resolved", "of all": ""}  # fmt: skip
    return [Asked("Counts that always stand there", what, COUNTS + line, user) for what, line in lines.items()]


def _choices(found: Found, user: str) -> list[Asked]:
    return [Asked("A choice, once opened", word, f"/queue/choices/{word}/?{urlencode({'q': 'is:open'})}", user)
            for word in counting.ON_REQUEST]  # fmt: skip


def _search(found: Found, user: str) -> list[Asked]:
    words = {"a key that is stuck": found.key, "a key that is posted": found.posted,
             "a target's number": found.reference, "the beginning of most keys": "TE-0", "nothing": "TE-X",
             "a code that is missing": found.project_code, "an item's number": f"#{found.largest}"}  # fmt: skip
    return [Asked("Search", what, f"/search/?{urlencode({'q': text})}", user) for what, text in words.items()]


def _detail(found: Found, user: str) -> list[Asked]:
    return [
        Asked("One item", "with the most members", f"/queue/{found.largest}/", user),
        Asked("One item", "with one member", f"/queue/{found.small}/", user),
        Asked("One item", "API, with the most members", f"{ITEMS}/{found.largest}", user),
        Asked("One item", "API, its members", f"{ITEMS}/{found.largest}/members", user),
        Asked("Overview", "the first page", "/", user),
    ]
