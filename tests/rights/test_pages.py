"""Every address of the hub's own pages × every role × own and foreign legal entity.

A new address without a row here fails the first test.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from exceptions_queue import handling, remedies
from exceptions_queue.pages import bulk
from governance.actor import ENGINE
from governance.models import LegalEntity
from governance.roles import ROLE_RIGHTS, Right, Role
from hub.changes.steps import STEPS as CHANGE_STEPS
from hub.mapping_pages.steps import STEPS
from hub.table_pages.rows import ABOUT
from mappings import cross_references
from mappings.models import CrossReference, LookupTable, Mapping
from mappings.written import text_of
from routes.models import Transaction
from tests.rights.firm import Firm, undone
from tests.routes.world import INWARD

R = Right
WHY = {"reason": "agreed"}


class Row(NamedTuple):
    """What is asked at an address: "post" does something there."""

    method: str
    right: Right
    sent: dict[str, str] = {}
    query: str = ""


NEW = "?from=stream:ledger_look_up:time_entries&to=entity:time_entry&key=another&name=Another&company=HP-DE"
YAML = {"content": text_of(INWARD), "seen": "0"}
PAGES: dict[str, Row] = {
    "queue/{item}/": Row("get", R.VIEW),
    "queue/{item}/technical/": Row("get", R.SEE_TECHNICAL),
    "queue/{item}/trials/": Row("get", R.WORK_QUEUE),
    "queue/{item}/configurations/": Row("get", R.WORK_QUEUE),
    "queue/{item}/earlier/": Row("get", R.VIEW),
    "queue/{item}/taking/": Row("post", R.WORK_QUEUE),
    "queue/{item}/watchers/": Row("post", R.VIEW),
    "queue/{item}/records/{failure}/": Row("get", R.VIEW),
    "queue/{item}/records/{failure}/inquiries/": Row("post", R.WORK_QUEUE),
    "queue/{item}/records/{failure}/checks/": Row("post", R.EDIT_OVERLAY, {"field": "hours", "value": "7"}),
    "queue/{item}/records/{failure}/corrections/": Row("post", R.EDIT_OVERLAY, {"field": "hours", "value": "7", **WHY}),
    "queue/views/{view}/": Row("post", R.WORK_QUEUE, {"q": "is:open", "seen": "1"}),
    "queue/views/{view}/sharings/": Row("post", R.WORK_QUEUE, {"with": "HP-DE", "seen": "1"}),
    "queue/views/{view}/deletions/": Row("post", R.WORK_QUEUE, {"seen": "1"}),
    "queue/grouping-rules/{grouping}/removals/": Row("post", R.WORK_QUEUE, WHY),
    "bulk-runs/{bulk}/": Row("get", R.VIEW),
    "bulk-runs/{bulk}/sheets/{form}/": Row("get", R.VIEW),
    "approvals/{approval}/": Row("get", R.VIEW),
    "approvals/{approval}/approvals/": Row("post", R.APPROVE),
    "approvals/{approval}/refusals/": Row("post", R.APPROVE, WHY),
    "approvals/{approval}/withdrawals/": Row("post", R.WAIVE),
    "approvals/policies/{loosened}/agreements/": Row("post", R.APPROVE_CONFIGURATION),
    "emergency/{mode}/endings/": Row("post", R.VIEW),
    "emergency/deeds/{deed}/": Row("get", R.VIEW),
    "emergency/deeds/{deed}/confirmations/": Row("post", R.APPROVE, {"note": "seen"}),
    "emergency/deeds/{deed}/objections/": Row("post", R.APPROVE, {"note": "seen"}),
    "emergency/deeds/{deed}/questions/": Row("post", R.WORK_QUEUE, WHY),
    "corrections/{correction}/": Row("get", R.VIEW),
    "corrections/{correction}/withdrawals/": Row("post", R.EDIT_OVERLAY, WHY),
    "records/{record}/": Row("get", R.VIEW),
    "runs/{run}/": Row("get", R.VIEW),
    "transactions/{transaction}/questions/": Row("post", R.WORK_QUEUE, WHY),
    "transactions/{transaction}/": Row("get", R.VIEW),
    "transactions/{transaction}/resubmissions/": Row("post", R.RESUBMIT),
    "connections/{connection}/": Row("get", R.VIEW),
    "connections/{connection}/pauses/": Row("post", R.OPERATE, WHY),
    "connections/{connection}/releases/": Row("post", R.OPERATE),
    "connections/{connection}/probes/": Row("post", R.OPERATE),
    "events-out/{delivery}/": Row("get", R.VIEW),
    "events-out/{delivery}/redeliveries/": Row("post", R.EDIT_CONFIGURATION),
    "events-out/{delivery}/drops/": Row("post", R.EDIT_CONFIGURATION, WHY),
    "changes/{change}/": Row("get", R.APPROVE_CONFIGURATION),  # or edit or publish; who does that approves, too
    "changes/{change}/draft/": Row("get", R.EDIT_CONFIGURATION),
    "changes/{change}/tests/": Row("post", R.EDIT_CONFIGURATION),
    "changes/{change}/previews/": Row("post", R.EDIT_CONFIGURATION),
    "changes/{change}/trials/": Row("post", R.EDIT_CONFIGURATION),
    "changes/of/route/{route}/": Row("get", R.APPROVE_CONFIGURATION),
    "mappings/{mapping}/": Row("get", R.VIEW),
    "mappings/{mapping}/draft/": Row("get", R.EDIT_CONFIGURATION),
    "mappings/{mapping}/draft/trials/": Row("post", R.APPROVE_CONFIGURATION),  # or edit; who edits approves, too
    "mappings/{mapping}/technical/": Row("get", R.VIEW),
    "mappings/{mapping}/versions/": Row("get", R.VIEW),
    "mappings/new/fields/": Row("get", R.EDIT_CONFIGURATION, query=NEW),
    "mappings/new/trials/": Row("post", R.EDIT_CONFIGURATION, query=NEW),
    "cross-references/{reference}/removals/": Row("get", R.EDIT_TABLES),
    "tables/{table}/": Row("get", R.VIEW),
    "tables/{table}/definition/": Row("get", R.EDIT_CONFIGURATION),
    "tables/{table}/agreements/": Row("get", R.APPROVE_TABLES),
    "tables/{table}/deletions/": Row("get", R.EDIT_CONFIGURATION),
    "tables/{table}/deletion-approvals/": Row("get", R.APPROVE_TABLES),
    "tables/{table}/deletion-refusals/": Row("get", R.APPROVE_TABLES),  # of one's own: edit configuration
    "tables/{table}/rows/": Row("get", R.EDIT_TABLES),
    "tables/{table}/sheets/": Row("get", R.EDIT_TABLES),
}
FORMS: dict[str, Row] = {  # the same addresses when their form is sent
    "mappings/{mapping}/draft/": Row("post", R.EDIT_CONFIGURATION),
    "mappings/{mapping}/technical/": Row("post", R.EDIT_CONFIGURATION, YAML),
    "mappings/new/fields/": Row("post", R.EDIT_CONFIGURATION, query=NEW),
    "cross-references/{reference}/removals/": Row("post", R.EDIT_TABLES, WHY),
    "tables/{table}/definition/": Row("post", R.EDIT_CONFIGURATION),
    "tables/{table}/agreements/": Row("post", R.APPROVE_TABLES),
    "tables/{table}/deletions/": Row("post", R.EDIT_CONFIGURATION, WHY),
    "tables/{table}/deletion-approvals/": Row("post", R.APPROVE_TABLES, WHY),
    "tables/{table}/deletion-refusals/": Row("post", R.APPROVE_TABLES, WHY),
    "tables/{table}/rows/": Row("post", R.EDIT_TABLES),
    "tables/{table}/sheets/": Row("post", R.EDIT_TABLES),
}
CHANGING = "changes/<code:pk>/<slug:name>/"  # one row for each step, by its own right
STEP = "mappings/<int:pk>/versions/<int:number>/<slug:name>/"  # one row for each step, by its own right
CHANGE = "tables/<int:pk>/rows/<int:row>/<slug:name>/"  # one row for each of these
CHANGES: dict[str, Right] = {
    "corrections": R.EDIT_TABLES, "ends": R.EDIT_TABLES, "withdrawals": R.EDIT_TABLES,
    "approvals": R.APPROVE_TABLES, "refusals": R.APPROVE_TABLES,
}  # fmt: skip
BULK = "bulk-runs/<int:number>/<slug:name>/"  # one row for each step, by its own right
ANSWER = "approvals/<int:number>/<slug:name>/"  # one row for each answer, by its own right
REVIEW = "emergency/deeds/<int:number>/<slug:name>/"  # one row for each answer, by its own right
REMEDY = "queue/<int:number>/<slug:name>/"  # one row for each kind of remedy, by its own right
HANDLING = "queue/<int:number>/handling/<slug:name>/"  # one row for each way of seeing to it, by its own right
ANYWHERE: dict[str, tuple[Right, dict[str, str]]] = {  # begin something new: asked in any company; what is sent for one
    "mappings/new/": (
        R.EDIT_CONFIGURATION,
        {
            "name": "X", "key": "x.y", "source": "entity:time_entry", "target": "entity:time_entry", "company": "HP-DE",
        },
    ),
    "tables/new/": (
        R.EDIT_CONFIGURATION,
        {
            "title": "X", "name": "x", "company": "HP-DE", "approval": "at_once", "column-TOTAL_FORMS": "2",
            "column-INITIAL_FORMS": "0", "column-0-name": "k", "column-0-kind": "key", "column-1-name": "v",
            "column-1-kind": "text",
        },
    ),
    "cross-references/new/": (
        R.EDIT_TABLES,
        {"entity": "project", "connection": "{connection}", "company": "HP-DE", "key": "P-1", "external_id": "8812"},
    ),
}  # fmt: skip
LISTS = {
    "emergency/",
    "queue/edits/", "bulk-runs/", "bulk-runs/new/", "corrections/", "approvals/", "queue/grouping-rules/",
    "", "queue/", "search/", "runs/", "transactions/", "records/", "connections/", "lanes/", "events-out/", "mappings/",
    "tables/", "cross-references/", "changes/",
}  # fmt: skip
OF_THEIR_OWN = {  # addresses that ask no role, and why
    "login/": "who signs in", "login/code/": "who signs in", "logout/": "oneself", "confirmation/": "oneself",
    "confirmation/code/": "oneself", "confirmation/anew/": "oneself", "second-factor/": "oneself",
    "second-factor/enrolment/": "oneself", "second-factor/removal/": "oneself",
    "second-factor/recovery-codes/": "oneself", "second-factor/recovery-codes/renewal/": "oneself",
    "sessions/": "oneself", "sessions/<int:number>/ending/": "oneself", "sessions/others/ending/": "oneself",
    "sessions/programs/<int:number>/ending/": "oneself",
    "oidc/<slug:provider_id>/login/": "who signs in", "oidc/<slug:provider_id>/login/callback/": "who signs in",
    "password/": "oneself", "vouchers/": "by `passwords.vouch`, which asks",
    "oauth/authorize/": "a person lets a client act for them", "oauth/token/": "by the client's secret",
    "oauth/revoke_token/": "by the client's secret", "hooks/<slug:slug>/<slug:stream>": "by the sender's signature",
    "queue/<int:number>/releases/": "a part of the item's page, which asks; there while something is sent again",
    "queue/choices/<slug:word>/": "counts what somebody sees; tests/exceptions_queue/test_query.py",
    "queue/views/": "keeps a list of one's own, or asks by the verb; tests/exceptions_queue/test_views.py",
    "emergency/openings/": "for oneself, where one has the right; tests/exceptions_queue/test_emergency.py",
    "queue/columns/": "oneself", "keyboard/": "oneself",
    "queue/edits/<slug:form>/": "holds what somebody may correct; tests/exceptions_queue/test_sheets_come_back.py",
    "queue/sheets/<slug:form>/": "holds what somebody sees; tests/exceptions_queue/test_sheets.py",
    "queue/news/": "shows what somebody sees; tests/exceptions_queue/test_news.py",
    "queue/merges/": "merges what is ticked, by the verb; tests/exceptions_queue/test_merging_pages.py",
    "queue/grouping-rules/new/": "by the verb of its company; tests/exceptions_queue/test_grouping_rules.py",
    "queue/order/": "seen by all, changed by who edits for all companies; tests/exceptions_queue/test_order.py",
    "lanes/workers/": "in any company; tests/hub/test_lanes.py", "gallery/": "staff, shows no data",
    "static": "files for everybody", "metrics": "by the operator's own means", "health": "tells no data",
}  # fmt: skip
SAME = {"item": "number", "delivery": "delivery", "connection": "slug"}


def addresses(resolver: Any, before: str = "") -> Iterator[str]:
    """Yield every address that is neither of the administration nor of the API."""
    for each in resolver.url_patterns:
        place = before + str(each.pattern)
        if isinstance(each, URLResolver) and not place.startswith("admin/"):
            yield from addresses(each, place)
        elif isinstance(each, URLPattern) and not place.startswith(("admin/", "api/")):
            yield place


def test_every_address_has_a_row() -> None:
    known = {
        _shape(place)
        for place in (
            *PAGES,
            *LISTS,
            *ANYWHERE,
            *OF_THEIR_OWN,
            REMEDY,
            HANDLING,
            STEP,
            CHANGE,
            CHANGING,
            BULK,
            ANSWER,
            REVIEW,
        )
    }
    known |= {"changes/of/*/*/"}
    assert {place for place in addresses(get_resolver()) if _shape(place) not in known} == set()
    assert CHANGES.keys() == ABOUT.keys()


def _shape(place: str) -> str:
    return "/".join("*" if part[:1] in ("{", "<") else part for part in place.split("/"))


@pytest.mark.slow
def test_page_asks_the_right_where_its_thing_belongs(firm: Firm) -> None:
    rows = [*PAGES.items(), *FORMS.items()]
    rows += [("queue/{item}/" + each.name + "/", Row("post", each.right, WHY)) for each in remedies.KINDS]
    rows += [("queue/{item}/handling/" + way.name + "/", Row("post", way.right, WHY)) for way in handling.WAYS]
    for name in bulk.STEPS:
        right = R.APPROVE if name in ("approvals", "refusals") else R.WAIVE
        rows.append(("bulk-runs/{bulk}/" + name + "/", Row("post", right, WHY)))
    for step in STEPS:
        place = "mappings/{mapping}/versions/1/" + step.name + "/"
        rows += [(place, Row("get", R.VIEW)), (place, Row("post", step.right, WHY))]
    for changing in CHANGE_STEPS:
        place = "changes/{change}/" + changing.name + "/"
        rows += [(place, Row("get", R.APPROVE_CONFIGURATION)), (place, Row("post", changing.rights[-1], WHY))]
    for name, right in CHANGES.items():
        sent = WHY | {"last_day": "2030-01-31", "value_rate": "250.00"}
        place = "tables/{table}/rows/{row}/" + name + "/"
        rows += [(place, Row("get", right)), (place, Row("post", right, sent))]
    names, wrong = _names(firm), []
    for role in Role:
        for who, mine in ((firm.own, True), (firm.foreign, False)):
            client = Client(raise_request_exception=False)
            client.force_login(who[role])
            for place, (method, right, sent, query) in rows:
                with undone():
                    answer = getattr(client, method)("/" + place.format(**names) + query, sent)
                got, expected = answer.status_code, mine and right in ROLE_RIGHTS[role]
                allowed = got < 500 and got not in (401, 403, 404)
                if allowed != expected or got >= 500 or (not mine and got != 404):
                    wrong.append(f"{method} {place} {role} {'own' if mine else 'foreign'}: {got}")
    assert wrong == []


def _names(firm: Firm) -> dict[str, Any]:
    """Return what the German company has, by the names in the addresses."""
    link = {"external_id": "77", "legal_entity": firm.germany, "recorded_at": timezone.now()}
    where = {"connection_id": firm.connection.pk, "entity": "project", "canonical_key": "P-LINK-1"}
    return {
        "reference": CrossReference.objects.get_or_create(**where, defaults=link)[0].pk,
        "bulk": firm.bulk.pk, "form": "csv", "item": firm.item.number, "record": _code(firm.record),
        "run": _code(firm.run.pk),
        "transaction": _code(firm.transactions[0]), "connection": firm.connection.slug, "delivery": firm.delivery.pk,
        "change": _code(firm.changes["draft"].pk), "route": firm.route.slug,
        "mapping": Mapping.objects.get(key="time-draft").pk, "table": firm.table.pk, "row": firm.row.pk,
        "view": firm.view.pk, "correction": firm.correction.pk, "failure": _code(firm.item.failures()[0].pk),
        "loosened": firm.loosened.pk, "approval": firm.approval.pk,
        "grouping": firm.grouping_rule.pk, "deed": firm.emergency_deed.pk, "mode": firm.emergency_deed.emergency_id,
    }  # fmt: skip


def test_something_new_is_begun_by_who_may_anywhere_and_kept_for_ones_own_company(firm: Firm) -> None:
    wrong = []
    for place, (right, given) in ANYWHERE.items():
        sent = {name: value.format(**_names(firm)) for name, value in given.items()}
        for role in Role:
            for who, mine in ((firm.own, True), (firm.foreign, False)):
                client = Client(raise_request_exception=False)
                client.force_login(who[role])
                before = _made()
                with undone():
                    asked, kept = client.get(f"/{place}"), client.post(f"/{place}", sent)
                    made = _made() != before or (kept.status_code == 302 and place == "mappings/new/")
                may = right in ROLE_RIGHTS[role]
                if (asked.status_code == 200) != may or made != (may and mine) or kept.status_code >= 500:
                    wrong.append(f"{place} {role} {'own' if mine else 'foreign'}: {asked.status_code} {made}")
    assert wrong == []


def _made() -> tuple[int, ...]:
    return tuple(model._default_manager.count() for model in (Mapping, LookupTable, CrossReference))


def test_lists_name_nothing_of_another_company(firm: Firm) -> None:
    key = cross_references.NewReference(firm.connection.pk, "project", "P-KEY-1", "8812", firm.germany.pk, "")
    cross_references.upsert([key], by=ENGINE)
    LegalEntity.objects.filter(pk=firm.germany.pk).update(name="Halden Germany")
    named = {
        "queue/": firm.item.title, "runs/": firm.route.name, "connections/": f"/connections/{firm.connection.slug}/",
        "events-out/": firm.subscription.name, "mappings/": "time-draft", "tables/": firm.table.title,
        "changes/": firm.route.name, "cross-references/": "P-KEY-1", "transactions/": Transaction.objects.all()[0].key,
    }  # fmt: skip
    shown, told = [], []
    for who, found in ((firm.own, shown), (firm.foreign, told)):
        client = Client()
        for place in sorted(LISTS):
            client.force_login(who[Role.CONTROLLER if place == "changes/" else Role.VIEWER])
            body = client.get(f"/{place}").content.decode()
            found += [place] if named.get(place, "Halden Germany") in body else []
            assert found is shown or "Halden Germany" not in body, place
    assert told == []
    assert set(shown) >= named.keys(), "the question can be answered with yes"


def _code(id_: Any) -> str:
    from exceptions_queue.codes import CodeConverter

    return CodeConverter().to_url(id_)


def test_nothing_is_shown_to_who_is_not_signed_in(firm: Firm) -> None:
    numbers = (
        "reference", "bulk", "item", "delivery", "mapping", "table", "row", "view", "correction", "approval",
        "loosened", "grouping", "deed", "mode",
    )  # fmt: skip
    codes = ("record", "run", "transaction", "change", "failure")
    names: dict[str, Any] = dict.fromkeys(numbers, 1) | {"connection": "time", "route": "time", "form": "csv"}
    names |= {name: _code(firm.run.pk) for name in codes}
    for place, row in (*PAGES.items(), *FORMS.items(), *((place, Row("get", R.VIEW)) for place in ANYWHERE)):
        answer = getattr(Client(), row.method)("/" + place.format(**names) + row.query)
        assert answer.status_code == 302, place
        assert answer["Location"].startswith("/login/"), place
