"""Every form there is: it puts nothing aside that somebody else has decided meanwhile, or a row says why it cannot.

Forms are found: every address that is neither of the API nor of the administration, with each remedy, way and step that
it stands for; every form, deletion and deed of the administration. A new one without a row fails.
"""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from exceptions_queue import handling, remedies, verbs
from exceptions_queue.pages import bulk, emergency, requests
from governance import versions
from governance.models import User
from hub.changes.steps import STEPS as CHANGE_STEPS
from hub.mapping_pages.steps import STEPS
from hub.table_pages.rows import ABOUT
from mappings import cross_references, tables
from mappings.models import CrossReference, Mapping
from routes.models import Overlay
from tests.governance.people import person
from tests.rights.firm import Firm, undone
from tests.rights.overwriting import DEEDS, HARMLESS, PROVEN
from tests.rights.test_admin import deeds
from tests.rights.test_pages import (
    ANSWER,
    BULK,
    CHANGE,
    CHANGING,
    HANDLING,
    REMEDY,
    REVIEW,
    STEP,
    _code,
    _shape,
    addresses,
)

SLUGGED: dict[str, Iterator[str]] = {  # addresses that stand for several forms, each with a name of its own
    REMEDY: (each.name for each in remedies.KINDS), HANDLING: (each.name for each in handling.WAYS),
    STEP: (each.name for each in STEPS), CHANGE: iter(ABOUT), CHANGING: (each.name for each in CHANGE_STEPS),
    BULK: iter(bulk.STEPS), ANSWER: iter(requests.ANSWERS), REVIEW: iter(emergency.ANSWERS),
}  # fmt: skip
SHOWS = {  # pages that look at nothing that is sent to them
    "", "queue/", "queue/news/", "queue/sheets/*/", "queue/edits/*/", "queue/choices/*/", "queue/grouping-rules/",
    "queue/*/", "queue/*/technical/", "queue/*/earlier/", "queue/*/releases/", "queue/*/records/*/", "keyboard/",
    "bulk-runs/", "bulk-runs/*/", "bulk-runs/*/sheets/*/",
    "corrections/", "corrections/*/", "approvals/", "approvals/*/", "emergency/",
    "emergency/deeds/*/", "search/", "records/", "records/*/", "runs/", "runs/*/", "transactions/", "transactions/*/",
    "connections/", "connections/*/", "lanes/", "lanes/workers/", "events-out/", "events-out/*/", "gallery/",
    "changes/", "changes/*/", "changes/of/*/*/", "mappings/", "mappings/*/", "mappings/*/versions/", "tables/",
    "tables/*/", "cross-references/", "second-factor/", "second-factor/recovery-codes/", "sessions/",
}  # fmt: skip


class Way(NamedTuple):
    """A form that puts something in the place of what stands there, and how somebody else changes that meanwhile."""

    page: str  # that shows the form
    at: str  # where it is sent
    typed: dict[str, Any]
    other: Callable[[Firm, User], object]
    stands: Callable[[Firm], object]
    begun: Callable[[Firm, User], object] = lambda firm, by: None  # what stood there when the page was opened
    again: bool = True  # whether the form that comes back is kept when it is sent once more


ITEM = "queue/{item}/"
SOON = timezone.now() + timedelta(days=5)
DAY = (timezone.now() + timedelta(days=9)).date().isoformat()
WHY = {"reason": "agreed"}


def _item(firm: Firm) -> Any:
    firm.item.refresh_from_db()
    return firm.item


def _handling(
    name: str, typed: dict[str, Any], other: Callable[[Firm, User], object], stands: str, **more: Any
) -> tuple[str, Way]:
    way = Way(ITEM, f"{ITEM}handling/{name}/", typed, other, lambda firm: getattr(_item(firm), stands), **more)
    return f"queue/*/handling/{name}/", way


def _give(to: str) -> Callable[[Firm, User], object]:
    return lambda firm, by: verbs.assign(_item(firm), by=by, to=User.objects.get(username=to), reason="x")


def _rest(days: int) -> Callable[[Firm, User], object]:
    return lambda firm, by: verbs.snooze(_item(firm), by=by, until=SOON + timedelta(days=days), reason="x")


def _urge(priority: int) -> Callable[[Firm, User], object]:
    return lambda firm, by: verbs.prioritise(_item(firm), by=by, priority=priority, reason="x")


def _row(firm: Firm, by: User, key: tuple[str, ...] = ()) -> object:
    row = firm.table.rows.order_by("pk")[0]
    new = tables.NewRow(key or row.words, row.values | {"rate": "123.00"})
    return tables.add_rows(firm.table, [new], by=by, reason="x")


def _missing_row(firm: Firm, by: User) -> object:
    return _row(firm, by, tuple(firm.item.table_key))


def _refer(id_: str) -> Callable[[Firm, User], object]:
    def act(firm: Firm, by: User) -> object:
        new = cross_references.NewReference(firm.connection.pk, "project", "P-1", id_, firm.germany.pk)
        return cross_references.upsert([new], by=by)

    return act


def _force(number: int) -> Callable[[Firm, User], object]:
    """Put another version of the mapping in force than is."""

    def act(firm: Firm, by: User) -> object:
        was = firm.versions["retired"]
        content = was.content | {"title": f"Other {number}"}
        row = versions.draft(
            kind="mapping", object_key=was.object_key, content=content, by=by, legal_entity=firm.germany
        )
        row = versions.approve(versions.submit(row, by=by), by=person(f"Agreeing{number} One", is_superuser=True))
        return versions.publish(row, by=by)

    return act


def _in_force(firm: Firm) -> object:
    return [each.number for each in versions.Version.objects.of("mapping", "time-retired").in_force()]


def _correct(value: str) -> Callable[[Firm, User], object]:
    def act(firm: Firm, by: User) -> object:
        from routes import overlays

        record = firm.item.failures()[0].record_id
        return overlays.correct(record=record, field="hours", value=value, reason="x", by=by)

    return act


def _overlays(firm: Firm) -> object:
    return sorted(Overlay.objects.filter(ended_at=None).values_list("pk", flat=True))


CORRECTION = {"field": "hours", "value": "5", **WHY}
WAYS_IN: dict[str, Way] = dict(
    [
        _handling("assignments", {"to": "root", "reason": "x"}, _give("olaf"), "assignee", again=False),
        _handling("returns", WHY, _give("olaf"), "assignee", begun=_give("root")),
        _handling("routings", WHY, _give("olaf"), "assignee", begun=_give("root")),
        _handling("resumptions", WHY, _rest(2), "wakes_at", begun=_rest(1)),
        _handling("waits", {"whom": "the client", "until": DAY}, _rest(2), "wakes_at"),
        _handling("rests", {"until": DAY, **WHY}, _rest(2), "wakes_at"),
        _handling("priorities", {"priority": 12, **WHY}, _urge(77), "priority_set"),
        _handling("priority-returns", WHY, _urge(77), "priority_set", begun=_urge(5)),
        _handling(
            "findings", {"cause_code": "late", "finding": "mine"},
            lambda firm, by: verbs.classify(_item(firm), by=by, finding="theirs"), "finding",
        ),
        _handling("closures", WHY, lambda firm, by: verbs.classify(_item(firm), by=by, root_cause="source"), "state",
                  again=False),  # it holds something, so that it is not closed at all
    ],
    **{
        "queue/*/handling/tags/": Way(
            ITEM, f"{ITEM}handling/tags/", {"tags": "mine"},
            lambda firm, by: verbs.tag(_item(firm), by=by, names=["theirs"]),
            lambda firm: sorted(firm.item.tags.values_list("name", flat=True)),
        ),
        "queue/*/table-rows/": Way(ITEM, f"{ITEM}table-rows/", {"value_rate": "7.00", **WHY}, _missing_row,
            lambda firm: sorted(firm.table.rows.values_list("pk", flat=True)), again=False),
        "queue/*/row-corrections/": Way(ITEM, f"{ITEM}row-corrections/", {"value_rate": "7.00", **WHY}, _row,
            lambda firm: sorted(firm.table.rows.values_list("pk", flat=True)), again=False),
        "queue/*/cross-references/": Way(ITEM, f"{ITEM}cross-references/", {"external_id": "1", **WHY}, _refer("9"),
            lambda firm: list(CrossReference.objects.values_list("external_id", flat=True)), again=False),
        "queue/*/corrections/": Way(ITEM, f"{ITEM}corrections/", CORRECTION, _correct("6"), _overlays, again=False),
        "queue/*/records/*/corrections/": Way(
            f"{ITEM}records/{{failure}}/", f"{ITEM}records/{{failure}}/corrections/", CORRECTION, _correct("6"),
            _overlays, again=False,
        ),
        "mappings/*/versions/*/rollbacks/": Way(
            "mappings/{mapping}/versions/1/rollbacks/", "mappings/{mapping}/versions/1/rollbacks/", WHY,
            _force(2), _in_force, begun=_force(1),
        ),
        "mappings/*/versions/*/publications/": Way(
            "mappings/{mapping}/versions/1/publications/", "mappings/{mapping}/versions/1/publications/", WHY,
            _force(2), _in_force, again=False,
        ),
        "tables/*/rows/": Way(
            "tables/{table}/rows/", "tables/{table}/rows/",
            {"key_0": "{key[0]}", "key_1": "{key[1]}", "value_rate": "7.00", **WHY}, _row,
            lambda firm: sorted(firm.table.rows.values_list("pk", flat=True)),
        ),
        "tables/*/rows/*/corrections/": Way(
            "tables/{table}/rows/{row}/corrections/", "tables/{table}/rows/{row}/corrections/",
            {"value_rate": "7.00", **WHY}, _row, lambda firm: sorted(firm.table.rows.values_list("pk", flat=True)),
        ),
        "cross-references/new/": Way(
            "cross-references/new/", "cross-references/new/",
            {"entity": "project", "connection": "{connection}", "company": "HP-DE", "key": "P-1", "external_id": "8"},
            _refer("9"), lambda firm: list(CrossReference.objects.values_list("external_id", flat=True)),
        ),
    },
)  # fmt: skip


def forms() -> set[str]:
    """Return the shape of every address, those that stand for several forms as each of these."""
    found = set()
    for place in addresses(get_resolver()):
        if place in SLUGGED:
            continue
        found.add(_shape(place))
    found -= {"static", "metrics", "health"}  # of programs, with settings of their own
    for place, names in NAMED.items():
        found |= {f"{_shape(place)[: -len('*/')]}{name}/" for name in names}
    return found


NAMED = {place: frozenset(names) for place, names in SLUGGED.items()}


def test_every_form_says_why_it_puts_nothing_aside_that_nobody_saw() -> None:
    known = [*SHOWS, *HARMLESS, *PROVEN, *WAYS_IN]
    assert forms() - {*known} == set(), "say why, or let it carry a mark"
    assert {*known} - forms() == set(), "there is no such form any more"
    assert len(known) == len({*known}), "one row for each"
    assert deeds().keys() == DEEDS.keys()


def test_every_test_that_is_named_is_there() -> None:
    for test in {*PROVEN.values(), *(each for each in DEEDS.values() if "::" in each)}:
        path, _, name = test.partition("::")
        tree = ast.parse((Path(settings.BASE_DIR) / path).read_text(encoding="utf-8"))
        assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}, test


def hidden(client: Client, page: str, at: str) -> dict[str, str]:
    """Return what the form that is sent to an address carries unseen on a page, as it is now."""
    return _carried(client.get(page).content.decode(), page, at)


def _carried(body: str, page: str, at: str) -> dict[str, str]:
    if page != at:
        body = body.partition(f'action="{at}')[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", body):
        told = dict(re.findall(r'(name|value)="([^"]*)"', tag))
        if "name" in told and "csrf" not in told["name"]:
            found[told["name"]] = unescape(told.get("value", ""))
    return found


def ready(name: str, firm: Firm, root: User) -> None:
    """Make what a form needs to be offered."""
    if name == "mappings/*/versions/*/publications/":
        row = firm.versions["retired"]
        made = versions.draft(
            kind="mapping", object_key="time-draft", content=row.content | {"title": "N"}, by=root,
            legal_entity=firm.germany, newest_seen=1,
        )  # fmt: skip
        assert made.number == 2


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(WAYS_IN))
def test_form_puts_nothing_aside_that_nobody_saw(name: str, firm: Firm) -> None:
    way, root, olaf = WAYS_IN[name], User.objects.get(username="root"), person("Olaf Other", is_superuser=True)
    client = Client()
    client.force_login(root)
    names = {
        "item": firm.item.number, "failure": _code(firm.item.failures()[0].pk), "table": firm.table.pk,
        "row": firm.row.pk, "mapping": Mapping.objects.get(key="time-retired").pk, "connection": firm.connection.slug,
        "key": firm.row.key,
    }  # fmt: skip
    page, at = ("/" + each.format(**names) for each in (way.page, way.at))
    typed = {key: str(root.pk) if value == "root" else str(value).format(**names) for key, value in way.typed.items()}
    way.begun(firm, olaf)
    older = hidden(client, page, at)
    way.other(firm, olaf)
    before = way.stands(firm)
    assert before, "somebody else has decided something"

    for mark in ({}, older):
        with undone():
            told = client.post(at, mark | typed)
            assert told.status_code in (200, 302, 409, 422), told.status_code
            assert way.stands(firm) == before, f"{name}: overwritten with {mark}"
    if way.again:
        refused = client.post(at, older | typed)
        assert refused.status_code in (409, 422)
        assert client.post(at, _carried(refused.content.decode(), page, at) | typed).status_code == 302
        assert way.stands(firm) != before, "told of it, one may insist"
