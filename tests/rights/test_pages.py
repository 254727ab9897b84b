"""Every address of the hub's own pages × every role × own and foreign legal entity.

A new address without a row here fails the first test.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from exceptions_queue import remedies
from governance.roles import ROLE_RIGHTS, Right, Role
from mappings.models import Mapping
from tests.rights.firm import Firm, undone

R = Right
WHY = {"reason": "agreed"}


class Row(NamedTuple):
    """What is asked at an address: "post" does something there."""

    method: str
    right: Right
    sent: dict[str, str] = {}


PAGES: dict[str, Row] = {
    "queue/{item}/": Row("get", R.VIEW),
    "queue/{item}/technical/": Row("get", R.SEE_TECHNICAL),
    "queue/{item}/assignments/": Row("post", R.WORK_QUEUE),
    "records/{record}/": Row("get", R.VIEW),
    "runs/{run}/": Row("get", R.VIEW),
    "transactions/{transaction}/": Row("get", R.VIEW),
    "connections/{connection}/": Row("get", R.VIEW),
    "connections/{connection}/pauses/": Row("post", R.OPERATE, WHY),
    "connections/{connection}/releases/": Row("post", R.OPERATE),
    "connections/{connection}/probes/": Row("post", R.OPERATE),
    "mappings/{mapping}/": Row("get", R.VIEW),
    "mappings/{mapping}/versions/": Row("get", R.VIEW),
    "mappings/{mapping}/draft/": Row("post", R.EDIT_CONFIGURATION),
    "mappings/{mapping}/draft/trials/": Row("post", R.APPROVE_CONFIGURATION),  # or who edits, who has this right too
    "mappings/{mapping}/technical/": Row("get", R.VIEW),
    "tables/{table}/": Row("get", R.VIEW),
    "tables/{table}/definition/": Row("post", R.EDIT_CONFIGURATION),
    "tables/{table}/rows/": Row("post", R.EDIT_TABLES),
    "tables/{table}/sheets/": Row("post", R.EDIT_TABLES),
    "events-out/{delivery}/": Row("get", R.VIEW),
    "events-out/{delivery}/redeliveries/": Row("post", R.EDIT_CONFIGURATION),
    "events-out/{delivery}/drops/": Row("post", R.EDIT_CONFIGURATION, WHY),
}
REMEDY = "queue/<int:number>/<slug:name>/"  # one row for each kind of remedy, by its own right
LISTS = {
    "", "queue/", "search/", "runs/", "transactions/", "connections/", "lanes/", "events-out/", "mappings/", "tables/",
    "cross-references/",
}  # fmt: skip
OF_THEIR_OWN = {  # addresses that ask no role, and why
    "login/": "who signs in", "login/code/": "who signs in", "logout/": "oneself", "confirmation/": "oneself",
    "confirmation/code/": "oneself", "confirmation/anew/": "oneself", "second-factor/": "oneself",
    "second-factor/enrolment/": "oneself", "second-factor/removal/": "oneself",
    "second-factor/recovery-codes/": "oneself", "second-factor/recovery-codes/renewal/": "oneself",
    "sessions/": "oneself", "sessions/<int:number>/ending/": "oneself", "sessions/others/ending/": "oneself",
    "oidc/<slug:provider_id>/login/": "who signs in", "oidc/<slug:provider_id>/login/callback/": "who signs in",
    "password/": "oneself", "vouchers/": "by `passwords.vouch`, which asks",
    "oauth/authorize/": "a person lets a client act for them", "oauth/token/": "by the client's secret",
    "oauth/revoke_token/": "by the client's secret", "hooks/<slug:slug>/<slug:stream>": "by the sender's signature",
    "queue/<int:number>/releases/": "a part of the item's page, which asks; there while something is sent again",
    **dict.fromkeys(
        ("mappings/new/", "mappings/new/fields/", "mappings/new/trials/", "tables/new/", "cross-references/new/",
         "mappings/<int:pk>/versions/<int:number>/<slug:name>/", "tables/<int:pk>/rows/<int:row>/<slug:name>/"),
        "by verbs of the matrix of verbs, which ask where the thing is to belong",
    ),
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
    known = {_shape(place) for place in PAGES} | LISTS | {_shape(place) for place in (*OF_THEIR_OWN, REMEDY)}
    assert {place for place in addresses(get_resolver()) if _shape(place) not in known} == set()


def _shape(place: str) -> str:
    return "/".join("*" if part[:1] in ("{", "<") else part for part in place.split("/"))


def test_page_asks_the_right_where_its_thing_belongs(firm: Firm) -> None:
    rows = [("/" + place, *row) for place, row in PAGES.items()]
    rows += [("/queue/{item}/" + each.name + "/", "post", each.right, WHY) for each in remedies.KINDS]
    names = {
        "item": firm.item.number, "record": _code(firm.record), "run": _code(firm.run.pk),
        "transaction": _code(firm.transactions[0]), "connection": firm.connection.slug, "delivery": firm.delivery.pk,
        "mapping": Mapping.objects.get(key="time-draft").pk, "table": firm.table.pk,
    }  # fmt: skip
    wrong = []
    for role in Role:
        for who, mine in ((firm.own, True), (firm.foreign, False)):
            client = Client(raise_request_exception=False)
            client.force_login(who[role])
            for place, method, right, sent in rows:
                with undone():
                    got = getattr(client, method)(place.format(**names), sent).status_code
                allowed = got < 500 and got not in (401, 403, 404)
                if allowed != (mine and right in ROLE_RIGHTS[role]) or got >= 500:
                    wrong.append(f"{method} {place} {role} {'own' if mine else 'foreign'}: {got}")
    assert wrong == []


def _code(id_: Any) -> str:
    from exceptions_queue.codes import CodeConverter

    return CodeConverter().to_url(id_)


def test_nothing_is_shown_to_who_is_not_signed_in(firm: Firm) -> None:
    names = {name: 1 for name in ("item", "delivery", "mapping", "table")} | {"connection": "time"}
    names |= {name: _code(firm.run.pk) for name in ("record", "run", "transaction")}
    for place, row in PAGES.items():
        answer = getattr(Client(), row.method)("/" + place.format(**names))
        assert answer.status_code == 302, place
        assert answer["Location"].startswith("/login/"), place
