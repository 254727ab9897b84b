"""System API: configuration as documents, for those who edit it. One pair of addresses for each kind.

Left out are mappings and subscriptions, which have doors of their own, and roles, which take people.
"""

from collections.abc import Collection
from typing import Any, ClassVar
from urllib.parse import quote

from django.db import transaction
from django.utils.encoding import escape_uri_path
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import Connection
from governance.api import etags, forms, paging, repeats
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, NOT_POSSIBLE, FieldError, Refused, not_there
from governance.api.told import told
from governance.encrypted import seals
from governance.models import User
from governance.rights import NotAllowed, Right, allowed, allowed_anywhere, require
from hub.api import documents
from hub.api.documents import Document
from hub.configuration import naming
from hub.configuration.alone import lock
from hub.configuration.form import Data
from hub.configuration.kind import Kind
from hub.configuration.kinds import KINDS

PLACE = "/api/system/v1/configuration"
ROUTE = {
    "slug": "time-to-erp", "name": "Approved time from Harvest to NetSuite", "legal_entity": "HP-DE",
    "connection": "harvest", "stream": "time_entries", "canonical_entity": "time_entry",
    "mapping": "harvest.time_entries", "compare_days": 30,
    "destinations": [{"name": "NetSuite", "connection": "netsuite", "stream": "time_entries",
                      "mapping": "netsuite.time_entries", "correction": "update"}],
}  # fmt: skip
EXAMPLES: dict[str, Data] = {
    "legal_entities": {"code": "HP-DE", "name": "Halden & Partner GmbH", "country": "DE", "currency": "EUR"},
    "calendars": {
        "legal_entity": "HP-DE", "country": "DE", "subdivision": "BE", "time_zone": "Europe/Berlin",
        "hours": {"Monday": {"opens": "09:00", "closes": "17:00"}},
        "days": [{"day": "2026-12-24", "name": "Christmas Eve", "working": False}],
    },
    "connections": {
        "slug": "harvest", "name": "Harvest", "connector": "harvest", "legal_entity": "HP-DE", "auth": "token",
        "answers": {"account": "123456", "contact": "integration@halden-partner.example"},
    },
    "tables": {
        "name": "bill_rates", "title": "Bill rates", "legal_entity": "HP-DE", "key_columns": ["role", "currency"],
        "value_columns": {"rate": "money"}, "approval": "always",
    },
    "routes": ROUTE,
    "schedules": {"route": "time-to-erp", "times": "30 6 * * 1-5", "time_zone": "Europe/Berlin"},
    "cut_offs": {
        "legal_entity": "HP-DE", "name": "Monthly billing", "kind": "billing_run", "rule": "working_day", "number": 3,
        "at": "18:00", "covers": "month_before", "entities": ["time_entry"],
    },
    "order_of_exceptions": {
        "of": "exceptions", "currency": "EUR", "rate_table": "exchange_rates", "rate_column": "rate", "money": 50,
    },
    "teams": {"name": "billing Berlin", "legal_entity": "HP-DE", "role": "finance", "members": ["farid"]},
    "fallback_teams": {"category": "closed_period", "legal_entity": "HP-DE", "team": "controller"},
    "routing_rules": {
        "name": "Large credit notes", "legal_entity": "HP-DE", "categories": ["refused"], "entities": ["invoice"],
        "amount_from": "10000.00", "team": "controller",
    },
    "approval_policies": {
        "name": "Corrected hours", "legal_entity": "HP-DE", "deeds": ["corrections"], "fields": ["hours"],
        "amount_from": "1000.00",
    },
}  # fmt: skip
OF_ALL = ("legal_entities", "tables", "teams", "fallback_teams", "routing_rules", "approval_policies")  # or of one


class KindDoor(Door):
    """All things of one kind."""

    layer = "system"
    kind: ClassVar[Kind]

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return paging.NAMES if request.method != "POST" else ()

    def listed(self, request: Request) -> Response:
        """List what the caller may edit, by name."""
        by, kind = person(request), self.kind
        if not allowed_anywhere(by, Right.EDIT_CONFIGURATION):
            raise NotAllowed(f"You need the right to {Right.EDIT_CONFIGURATION.label} to read how they are set up.")
        after = paging.name_of(request)
        found = [
            (name, each) for name, each in documents.told(kind, by).items()
            if name > after and allowed(by, Right.EDIT_CONFIGURATION, documents.owner_of(kind, each, by))
        ]  # fmt: skip
        size, shown = paging.size_of(request), documents.Shown(kind, by)
        more = paging.encoded([found[size - 1][0]]) if len(found) > size else None
        return paging.answer(request, [shown.of(each) for _, each in found[:size]], more)

    def created(self, request: Request) -> Any:
        """Make a thing that is not there yet."""
        by, kind = person(request), self.kind
        repeats.key_of(request)
        content, value = forms.parsed(request)

        def act() -> Response:
            document = read(kind, value, by)
            lock()  # before it is looked for: who has waited for somebody else finds what they have made
            if document.name in documents.told(kind, by):
                words = naming.spoken(document.name)
                raise Refused(NOT_POSSIBLE, f"{_a(kind.one)} {words} is there already. Change it with PUT.")
            documents.put(kind, document, None, by)
            answer = _answer(kind, document.name, by, status=201)
            address = _address(document.name, documents.told(kind, by))
            answer["Location"] = f"{escape_uri_path(request.path)}/{quote(address, safe='')}"
            return answer

        return repeats.once(request, content, act)


class ThingDoor(Door):
    """One thing of one kind."""

    layer = "system"
    kind: ClassVar[Kind]

    def shown(self, request: Request, name: str) -> Response:
        """Show it, with its ETag."""
        named, _ = _thing(self.kind, name, person(request))
        return _answer(self.kind, named, person(request))

    def replaced(self, request: Request, name: str) -> Any:
        """Put another document in its place."""
        by, kind = person(request), self.kind
        _thing(kind, name, by)
        repeats.key_of(request)
        content, value = forms.parsed(request)

        def act() -> Response:
            lock()
            named, here = _thing(kind, name, by)
            etags.require(request, here, _seal(kind, named), told=lambda: documents.Shown(kind, by).of(here))
            document = read(kind, documents.taken_back(kind, value, [here]), by)
            if document.name != named:
                field = "/" + kind.key[0]
                words = f"The {kind.one} at this address is {name}. Another name is another {kind.one}."
                raise Refused(INVALID_BODY, words, errors=[FieldError(field, words, name)])
            documents.put(kind, document, here, by)
            return _answer(kind, named, by)

        return repeats.once(request, content, act)

    def removed(self, request: Request, name: str) -> Any:
        """Take it out."""
        by, kind = person(request), self.kind
        _thing(kind, name, by)
        with transaction.atomic():
            lock()
            named, here = _thing(kind, name, by)
            etags.require(request, here, _seal(kind, named), told=lambda: documents.Shown(kind, by).of(here))
            documents.remove(kind, named, here, by)
        return Response(status=204)


def _thing(kind: Kind, address: str, by: User) -> tuple[str, Data]:
    """Return name and document of a thing that somebody may edit.

    Raises Refused (404), and NotAllowed where they only see it.
    """
    found = documents.told(kind, by)
    name = _meant(address, found)
    if name is None:
        raise not_there(kind.one, address)
    require(by, Right.EDIT_CONFIGURATION, documents.owner_of(kind, found[name], by))
    return name, found[name]


def _meant(address: str, names: Collection[str]) -> str | None:
    """Return which thing an address means: the one of that very name, else the only one that is addressed so."""
    if address in names:
        return address
    found = [each for each in names if naming.addressed(each) == address]
    return found[0] if len(found) == 1 else None


def _address(name: str, names: Collection[str]) -> str:
    """Return the address of a thing: as people would write it, where that means no other one."""
    usual = naming.addressed(name)
    return usual if _meant(usual, names) == name else name


def _a(thing: str) -> str:
    """Return what stands at the head of a sentence about one such thing: “An order of exceptions”."""
    return f"{'An' if thing[:1] in 'aeiou' else 'A'} {thing}"


def read(kind: Kind, value: Any, by: User) -> Document:
    """Return what was sent. Raises Refused (422), and NotAllowed where it would belong."""
    document = documents.read(kind, value, by)
    owner = documents.owner_of(kind, document.value, by)
    named = kind.folder in OF_ALL and "legal_entity" not in document.value
    if owner is not None or named:  # else there is no such company for the caller, which is said at its place
        require(by, Right.EDIT_CONFIGURATION, owner)
    return document


def _answer(kind: Kind, name: str, by: User, *, status: int = 200) -> Response:
    here = documents.told(kind, by)[name]
    answer = Response(documents.Shown(kind, by).of(here), status=status)
    answer["ETag"] = etags.etag(here, _seal(kind, name))  # of all of it: also of what the caller is not told
    return answer


def _seal(kind: Kind, name: str) -> str:
    """Return what is another text once secrets of a thing were entered anew; "" of what has none."""
    return seals(Connection.objects.filter(slug=name), "secrets") if kind.folder == "connections" else ""


def doors(folder: str) -> tuple[type[KindDoor], type[ThingDoor]]:
    """Return the views of one kind, with the words, schemas and examples of its own in the document."""
    kind, sample = KINDS[folder], EXAMPLES[folder]
    schema, sent = documents.schema_of(folder, sent=False), documents.schema_of(folder, sent=True)
    body = {**sample, "secrets": {"token": "…"}} if folder == "connections" else sample
    plural = folder.replace("_", " ")

    def listed(self: KindDoor, request: Request) -> Response:
        return self.listed(request)

    def post(self: KindDoor, request: Request) -> Any:
        return self.created(request)

    def get(self: ThingDoor, request: Request, name: str) -> Response:
        return self.shown(request, name)

    def put(self: ThingDoor, request: Request, name: str) -> Any:
        return self.replaced(request, name)

    def delete(self: ThingDoor, request: Request, name: str) -> Any:
        return self.removed(request, name)

    listed.__doc__ = f"List {plural} as they are set up, by name."
    post.__doc__ = f"Make a {kind.one}."
    get.__doc__ = f"Show how a {kind.one} is set up, with the ETag for changing it."
    put.__doc__ = f"Replace how a {kind.one} is set up. What is left out is as usual. Needs If-Match."
    delete.__doc__ = f"Take a {kind.one} out, where nothing needs it. Needs If-Match."
    title = folder.title().replace("_", "")
    many: dict[str, Any] = {
        "get": told(schema, paged=True, sample={"items": [sample], "next": None})(listed),
        "post": told(schema, status=201, form=sent, tagged=True, sample=sample, sent=body)(post),
    }
    one: dict[str, Any] = {
        "get": told(schema, tagged=True, sample=sample)(get),
        "put": told(schema, form=sent, edits=True, sample=sample, sent=body)(put),
        "delete": told(None, status=204, edits=True)(delete),
    }
    for each in (many, one):
        each["kind"] = kind
        each["__doc__"] = f"How {plural} are set up."
    return type(f"{title}Door", (KindDoor,), many), type(f"{title}ThingDoor", (ThingDoor,), one)
