"""What is asked: every list and page that shows what moves, with rights everywhere and in one company only."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection

from bench.lists import spread
from exceptions_queue.codes import code_of
from governance.api import paging
from routes.models.movement import RecordState, RunState
from routes.states import State

EVERYWHERE, ONE_COMPANY = "clara", "viktor"  # controller everywhere; viewer in a company that had few entries, long ago
BOTH = (EVERYWHERE, ONE_COMPANY)
TRANSACTIONS, RECORDS, RUNS = "/api/process/v1/transactions", "/api/system/v1/records", "/api/process/v1/runs"
ITEMS = "/api/experience/v1/work-items"


@dataclass(frozen=True, slots=True)
class Asked:
    """One address, asked as somebody."""

    group: str
    what: str
    address: str
    user: str


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to ask for."""

    transaction: UUID  # in the middle of all
    late: UUID  # near the end of the list: few are older
    record: UUID
    late_record: UUID
    run: UUID  # the largest
    key: str
    item: int  # with the most members
    member: UUID  # in the middle of them
    small_item: int
    delivery: int
    day: dt.date


def all_of(found: Found) -> list[Asked]:
    """Return every address to ask."""
    asked = [each for part in (_transactions, _records, _runs, _items, _search, _pages, _admin) for each in part(found)]
    assert len({(each.address, each.user) for each in asked}) == len(asked), "something is asked twice"
    return asked


def find() -> Found:
    """Look for what there is to ask for. Reads much: slow."""

    def one(statement: str, *values: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0]

    place = "SELECT id FROM routes_{} ORDER BY id {} OFFSET (SELECT count(*) {} FROM routes_{}) LIMIT 1"
    member = "SELECT id FROM routes_failure WHERE fingerprint = (SELECT fingerprint FROM exceptions_queue_workitem"
    item = one("SELECT number FROM exceptions_queue_workitem ORDER BY members DESC LIMIT 1")
    return Found(
        transaction=one(place.format("transaction", "", "/ 2", "transaction")),
        late=one("SELECT id FROM routes_transaction ORDER BY id OFFSET 30 LIMIT 1"),
        record=one(place.format("record", "", "/ 2", "record")),
        late_record=one("SELECT id FROM routes_record ORDER BY id OFFSET 30 LIMIT 1"),
        run=one("SELECT id FROM routes_run ORDER BY read DESC LIMIT 1"),
        key=one("SELECT key FROM routes_transaction WHERE state = 'posted' ORDER BY id OFFSET 1000 LIMIT 1"),
        item=item,
        member=one(f"{member} WHERE number = %s) AND closed_at IS NULL ORDER BY id OFFSET 1000 LIMIT 1", item),
        small_item=one("SELECT number FROM exceptions_queue_workitem WHERE members = 1 ORDER BY number LIMIT 1"),
        delivery=one("SELECT max(id) FROM routes_delivery"),
        day=one("SELECT received_at::date FROM routes_record ORDER BY id"
                " OFFSET (SELECT count(*) / 3 FROM routes_record) LIMIT 1"),
    )  # fmt: skip


def _narrowings(found: Found) -> dict[str, dict[str, str]]:
    """Return by what lists of what moves are narrowed, beside their states."""
    day, next_day = found.day.isoformat(), (found.day + dt.timedelta(days=1)).isoformat()
    ways = {f"route {way.slug}": {"route": way.slug} for way in spread.WAYS}
    companies = {f"company {code}": {"legal_entity": code} for code in spread.COMPANIES}
    return {
        "all": {},
        **ways,
        **companies,
        "a day": {"since": f"{day}T00:00:00Z", "until": f"{next_day}T00:00:00Z"},
        "until a day": {"until": f"{next_day}T00:00:00Z"},
        "from a day on": {"since": f"{day}T00:00:00Z"},
        "before there was anything": {"until": "2020-01-01T00:00:00Z"},
        "route and company": {"route": "time", "legal_entity": "HP-GB"},
        "route, company and day": {"route": "time", "legal_entity": "HP-GB", "since": f"{day}T00:00:00Z",
                                   "until": f"{next_day}T00:00:00Z"},
        "old route and large company": {"route": "time-of-old", "legal_entity": "HP-US"},
    }  # fmt: skip


def _as_page(given: dict[str, str]) -> dict[str, str]:
    """Return what the page's form calls the same."""
    found = {"entity" if name == "legal_entity" else name: value for name, value in given.items()}
    if "until" in found:
        last = dt.date.fromisoformat(found["until"][:10]) - dt.timedelta(days=1)
        found["until"] = last.isoformat()
    return found | ({"since": found["since"][:10]} if "since" in found else {})


def _both(group: str, page: str, api: str, narrowings: dict[str, dict[str, str]]) -> list[Asked]:
    """Return a list narrowed in all ways, as page and as API, for both."""
    asked = []
    for what, given in narrowings.items():
        for user in BOTH:
            if page:
                asked.append(Asked(group, what, f"{page}?{urlencode(_as_page(given))}".rstrip("?"), user))
            asked.append(Asked(group, f"API, {what}", f"{api}?{urlencode(given)}".rstrip("?"), user))
    return asked


def _transactions(found: Found) -> list[Asked]:
    group, page = "Transactions", "/transactions/"
    narrowings = _narrowings(found)
    narrowings |= {f"state {state.value}": {"state": state.value} for state in State}
    narrowings |= {
        "key": {"key": found.key},
        "key that nothing has": {"key": "TE-X"},
        "beginning of most keys": {"key": "TE-0"},
        "beginning of a thousand keys": {"key": found.key[:8]},
        "state and company": {"state": "failed", "legal_entity": "HP-GB"},
        "rare state and company": {"state": "unknown", "legal_entity": "HP-GB"},
        "state and route": {"state": "failed", "route": "time-of-old"},
        "posted and old route": {"state": "posted", "route": "time-of-old"},
        "posted and company": {"state": "posted", "legal_entity": "HP-GB"},
        "state and day": {"state": "failed", **narrowings["a day"]},
        "posted and until a day": {"state": "posted", **narrowings["until a day"]},
        "key's beginning and state": {"key": "TE-0", "state": "held"},
        "key's beginning and route": {"key": "TE-0", "route": "time-of-old"},
    }
    asked = _both(group, page, TRANSACTIONS, narrowings)
    deep = {"middle page": found.transaction, "last page": found.late}
    for user in BOTH:
        asked += [Asked(group, what, f"{page}?after={code_of(id_)}", user) for what, id_ in deep.items()]
        asked += [Asked(group, f"API, {what}", f"{TRANSACTIONS}?cursor={paging.encoded([str(id_)])}", user)
                  for what, id_ in deep.items()]  # fmt: skip
        asked += [
            Asked(group, "that rules warn of", f"{page}?warned=1", user),
            Asked(group, "API, that rules do not warn of", f"{TRANSACTIONS}?warned=false", user),
            Asked(group, "API, two states", f"{TRANSACTIONS}?state=failed&state=validated", user),
        ]  # fmt: skip
    asked += [
        Asked(group, "of the largest run", f"{page}?run={code_of(found.run)}", EVERYWHERE),
        Asked(group, "of the largest run, failed", f"{page}?run={code_of(found.run)}&state=failed", EVERYWHERE),
    ]
    asked.append(Asked(group, "one", f"/transactions/{code_of(found.transaction)}/", EVERYWHERE))
    asked.append(Asked(group, "API, one", f"{TRANSACTIONS}/{found.transaction}", EVERYWHERE))
    return asked


def _records(found: Found) -> list[Asked]:
    narrowings = _narrowings(found) | {f"state {state.value}": {"state": state.value} for state in RecordState}
    narrowings |= {
        "key": {"key": found.key},
        "key that nothing has": {"key": "TE-X"},
        "run": {"run": str(found.run)},
        "state and company": {"state": "failed", "legal_entity": "HP-GB"},
        "state and old route": {"state": "failed", "route": "time-of-old"},
    }
    asked = _both("Records", "/records/", RECORDS, narrowings)
    for user in BOTH:
        asked += [
            Asked("Records", f"API, {what}", f"{RECORDS}?cursor={paging.encoded([str(id_)])}", user)
            for what, id_ in {"middle page": found.record, "last page": found.late_record}.items()
        ]
    asked.append(Asked("Records", "one", f"/records/{code_of(found.record)}/", EVERYWHERE))
    asked.append(Asked("Records", "API, one", f"{RECORDS}/{found.record}", EVERYWHERE))
    return asked


def _runs(found: Found) -> list[Asked]:
    narrowings = _narrowings(found) | {f"state {state.value}": {"state": state.value} for state in RunState}
    asked = _both("Runs", "/runs/", RUNS, narrowings)
    middle = f"{found.day.isoformat()}T00:00:00+00:00"
    for user in BOTH:
        asked += [
            Asked("Runs", "with those that found nothing", "/runs/?all=1", user),
            Asked("Runs", "middle page", f"/runs/?{urlencode({'before': middle})}", user),
        ]
    asked += [
        Asked("Runs", "the largest", f"/runs/{code_of(found.run)}/", EVERYWHERE),
        Asked("Runs", "API, the largest", f"{RUNS}/{found.run}", EVERYWHERE),
    ]
    return asked


def _items(found: Found) -> list[Asked]:
    group, asked = "Work items", []
    for user in BOTH:
        asked += [
            *(
                Asked(group, f"tab {tab}", f"/queue/?show={tab}", user)
                for tab in ("work", "waiting", "sent", "resolved")
            ),
            Asked(group, "company and kind", "/queue/?entity=HP-GB&kind=refused", user),
            Asked(group, "resolved, company and kind", "/queue/?show=resolved&entity=HP-GB&kind=refused", user),
            Asked(group, "API, all", ITEMS, user),
            Asked(group, "API, a state", f"{ITEMS}?state=in_progress", user),
            Asked(group, "API, company", f"{ITEMS}?legal_entity=HP-GB", user),
            Asked(group, "API, kind", f"{ITEMS}?kind=approval_missing", user),
            Asked(group, "API, route", f"{ITEMS}?route=time-of-old", user),
            Asked(group, "API, taken", f"{ITEMS}?assigned=true", user),
            Asked(group, "API, totals", "/api/experience/v1/totals", user),
        ]
    asked += [
        Asked(group, "one with the most members", f"/queue/{found.item}/", "farid"),
        Asked(group, "its next members", f"/queue/{found.item}/?after={code_of(found.member)}", "farid"),
        Asked(group, "technical details of it", f"/queue/{found.item}/technical/", "ingrid"),
        Asked(group, "one with one member", f"/queue/{found.small_item}/", "farid"),
        Asked(group, "API, one with the most members", f"{ITEMS}/{found.item}", "farid"),
        Asked(group, "API, its members", f"{ITEMS}/{found.item}/members", "farid"),
        Asked(group, "API, 200 of its members", f"{ITEMS}/{found.item}/members?size=200", "farid"),
    ]
    return asked


def _search(found: Found) -> list[Asked]:
    words = {"a key": found.key, "nothing": "TE-X", "beginning of most keys": "TE", "a number": "PRJ-77",
             "an item's number": f"#{found.item}", "a code that is missing": "T-NEW-0", "a name": "ledger"}  # fmt: skip
    return [Asked("Search", what, f"/search/?{urlencode({'q': text})}", user)
            for what, text in words.items() for user in BOTH]  # fmt: skip


def _pages(found: Found) -> list[Asked]:
    asked = [Asked("Home", f"of {user}", "/", user) for user in ("ingrid", "farid", "clara", "viktor", "olga")]
    for user in ("olga", ONE_COMPANY):
        asked += [
            Asked("Systems", "connections", "/connections/", user),
            Asked("Systems", "lanes", "/lanes/", user),
            Asked("Systems", "API, connections", "/api/system/v1/connections", user),
        ]
    asked.append(Asked("Systems", "one connection", "/connections/time-to-1/", "olga"))
    for user in ("ingrid", ONE_COMPANY):
        asked += [Asked("Events out", what, f"/events-out/?{query}".rstrip("?"), user) for what, query in {
            "all": "", "waiting": "state=waiting", "delivered": "state=delivered", "dropped": "state=dropped",
            "a type": "type=throughline.transaction.posted", "a rare type": "type=throughline.transaction.waived",
            "a type that nothing has": "type=throughline.run.stopped", "a key": f"key={found.key}",
            "a key that nothing has": "key=TE-X",
            "waiting, a type": "state=waiting&type=throughline.transaction.waived",
        }.items()]  # fmt: skip
    asked.append(Asked("Events out", "one", f"/events-out/{found.delivery}/", "ingrid"))
    return asked


def _admin(found: Found) -> list[Asked]:
    addresses = {
        "audit entries": "governance/auditentry/", "audit entries, by verb": "governance/auditentry/?verb=waive",
        "audit entries, searched": "governance/auditentry/?q=TE-0000077",
        "audit entries, page 500": "governance/auditentry/?p=500",
        "runs": "routes/run/", "runs, a state": "routes/run/?state__exact=stopped",
        "runs, page 300": "routes/run/?p=300",
        "cross-references": "mappings/crossreference/", "cross-references, searched": "mappings/crossreference/?q=P-77",
        "subscriptions": "routes/subscription/",
    }  # fmt: skip
    configured = ("mappings/", "routes/subscription/")  # what integration admins look at
    return [Asked("Administration", what, f"/admin/{address}", user) for what, address in addresses.items()
            for user in (("ingrid",) if address.startswith(configured) else ("clara", "olga"))]  # fmt: skip
