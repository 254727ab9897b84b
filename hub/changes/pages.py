"""The pages of changes: what is on its way, one change with its differences and steps, and the states of one thing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from connectors.models import Connection
from exceptions_queue.pages.door import context, page, person
from governance.actor import names
from governance.deed_page import ReasonForm
from governance.history import CHANNELS
from governance.models import BusinessCalendar, State, User, Version
from governance.models.version import PUT_INTO_ROWS
from governance.rights import NotAllowed, Right, called, require
from governance.seen import SEEN
from governance.versions import WrongState
from hub.changes import previewing, publishing, putting, things, trying
from hub.changes.deeds import deed_of
from hub.changes.forms import Drafted
from hub.changes.found import authors_of, entries_of, version_of, version_or_thrown_away
from hub.changes.route_forms import DraftedSchedule
from hub.changes.steps import STEPS, Standing, Step
from hub.changes.telling import Told
from hub.changes.titles import Titles
from hub.configuration.form import Data
from hub.mapping_pages.steps import PublishForm
from routes.models import Route

MOST = 50  # lines of a list


@dataclass(frozen=True, slots=True)
class Line:
    """One version of a list."""

    version: Version
    title: str
    author: str
    words: list[Told]
    steps: list[Step]
    approver: str = ""
    publisher: str = ""  # who put it in force, where that is another than the author
    behind: bool = False  # what is in force was changed after it was written


@page
def changes(request: HttpRequest) -> HttpResponse:
    """List what is on its way, the oldest first, and how far it is. A constant number of queries."""
    user = person(request)
    rows = Version.objects.readable_by(user).filter(kind__in=PUT_INTO_ROWS, state__in=things.OPEN)
    found = list(rows.select_related("legal_entity", "based_on").order_by("created_at")[: MOST + 1])
    wrote, called, here = authors_of(found), things.names_of(found), things.documents_for(found)
    lines = [
        Line(
            each, things.title(each, called), wrote[each.pk], [], [],
            behind=publishing.is_behind(each, here[each.kind, each.object_key, each.legal_entity_id]),
        )
        for each in found[:MOST]
    ]  # fmt: skip
    more = context("changes", lines=lines, more=len(found) > MOST)
    return render(request, "hub/change/changes.html", more)


@page
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a change: what differs from what is in force, what keeps it from that, and the steps to take."""
    user, version = person(request), version_of(request, pk)
    here, is_foreign = things.standing_for(version)
    standing, titles = Standing.of(user, version, here), Titles(user)
    is_open = version.state in things.OPEN
    people = names([each for each in _others(version) if each])
    entries = entries_of(version)
    base = things.base_for(version)
    at = "" if is_foreign else things.page_of(version)
    more = context(
        "changes", version=version, title=things.title(version), at=at,
        words=things.told(version.kind, here if is_open else base, version.content, titles),
        secrets=things.secrets_said(version, putting.secrets_of(version)), is_open=is_open,
        problems=putting.problems(version, by=user, is_foreign=is_foreign) if is_open else [],
        overtaken=is_open and publishing.is_overtaken(version, here),
        meanwhile=_meanwhile(version, base, here, titles) if is_open else [],
        steps=standing.offered(version), edits=_edits(version, standing),
        author=authors_of([version])[version.pk], sender=people.get(version.submitted_by or "", ""),
        publisher=people.get(version.published_by or "", ""), setter=people.get(version.scheduled_by or "", ""),
        late=is_open and version.publish_at is not None and version.publish_at < timezone.now(),
        approver=people.get(things.second_person_of(version), ""),
        asked=[called(each, user) for each in standing.asked],
        entries=[(each, deed_of(each), CHANNELS.get(each.channel, each.channel)) for each in entries[:MOST]],
        tested=trying.last_of(entries), tries=trying.can_be_tried(version),
        may_try=Right.EDIT_CONFIGURATION in standing.rights, previews=previewing.can_be_previewed(version),
    )  # fmt: skip
    return render(request, "hub/change/change.html", more)


@page
def step(request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
    """Show what a step is about, or take it."""
    user, version = person(request), version_of(request, pk)
    taken = next((each for each in STEPS if each.name == name), None)
    if taken is None:
        raise Http404("There is no such step.")
    kind = PublishForm if taken.publishes else ReasonForm
    form = kind(request.POST if request.method == "POST" else None, label_suffix="")
    form.fields["reason"].required = taken.reasoned
    if taken.argument == "note":
        form.fields["reason"].label, form.fields["reason"].initial = "What changed, and why", version.note
    if not taken.argument:
        del form.fields["reason"]
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            done = _take(taken, version, form.cleaned_data, user, request.POST.get(SEEN, ""))
        except NotAllowed as error:
            form.add_error(None, str(error))
            status = 403
        except WrongState as error:
            form.add_error(None, list(str(error).splitlines()))
            status = 409
        else:
            messages.success(request, f"{things.title(version)}, version {version.number}: {_said(taken, done)}.")
            return redirect("changes:change", done.pk) if done is not None else redirect("changes:changes")
    elif request.method == "POST":
        status = 422
    here = things.here_for(version)
    more = context(
        "changes", version=version, title=things.title(version), step=taken, form=form,
        words=things.told(version.kind, here, version.content, Titles(user)),
        secrets=things.secrets_said(version, putting.secrets_of(version)),
        author=authors_of([version])[version.pk],
        tested=trying.last_of(entries_of(version)) if taken.agrees else None,
        tries=taken.agrees and trying.can_be_tried(version),
    )  # fmt: skip
    return render(request, "hub/change/step.html", more, status=status)


@page
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a draft in the form of its thing, or keep what is typed there."""
    user, sent = person(request), request.method == "POST"
    version = (version_or_thrown_away if sent else version_of)(request, pk)
    require(user, Right.EDIT_CONFIGURATION, version.legal_entity)
    typed = sent and _fits(version)
    if not typed and not _edits(version, Standing.of(user, version, {})):
        messages.warning(request, "Only drafts are edited. Take it back first, or make a new one.")
        return redirect("changes:change", version.pk)
    return form_of(version).edited(request, version)


@page
def states(request: HttpRequest, kind: str, name: str) -> HttpResponse:
    """List the states that a thing was in, each with what it changed and the way back to it."""
    user = person(request)
    if kind not in PUT_INTO_ROWS:
        raise Http404("There is no such kind of thing.")
    rows = Version.objects.of(kind, name).readable_by(user)
    found = list(rows.select_related("legal_entity", "based_on")[: MOST + 1])
    stands = things.document(kind, name)
    owner = things.owner(kind, stands)
    company = found[0].legal_entity if found else owner
    if company is None or not type(company).objects.visible_to(user).filter(pk=company.pk).exists():
        raise Http404("There is no such thing.")
    things.require_reading(user, company)
    here = stands if owner == company else {}
    people, wrote = names({each for v in found for each in _others(v) if each}), authors_of(found)
    standing, titles = Standing.of(user, found[0], here) if found else None, Titles(user)
    routes = things.names_of(found)
    lines = [
        Line(
            each, things.title(each, routes), wrote[each.pk],
            things.told(kind, things.base_for(each), each.content, titles),
            [step for step in standing.offered(each) if step.name == "rollbacks"] if standing else [],
            people.get(things.second_person_of(each), ""),
            "" if people.get(each.published_by or "") == wrote[each.pk] else people.get(each.published_by or "", ""),
        )
        for each in found[:MOST]
    ]  # fmt: skip
    content = here or (found[0].content if found else {})
    called = things.title(Version(kind=kind, object_key=name, content=content, legal_entity=company))
    at = things.page_of(Version(kind=kind, object_key=name)) if here == stands else ""
    more = context("changes", lines=lines, title=called, at=at, more=len(found) > MOST)
    return render(request, "hub/change/states.html", more)


def form_of(version: Version) -> Drafted:
    """Return the administration's form of a version's thing."""
    model = {"connection": Connection, "calendar": BusinessCalendar}.get(version.kind, Route)
    if version.kind == "schedule":
        return DraftedSchedule(model, admin.site)
    found = admin.site._registry[model]
    assert isinstance(found, Drafted)
    return found


def _meanwhile(version: Version, base: Data, here: Data, titles: Titles) -> list[Told]:
    """Return in words what somebody else has changed since a draft was written."""
    words = things.told(version.kind, base, here, titles)
    return [*words, Told("Its secrets were entered anew.")] if publishing.has_other_secrets(version) else words


def _others(version: Version) -> list[str | None]:
    return [version.submitted_by, version.approved_by, version.published_by, version.scheduled_by]


def _edits(version: Version, standing: Standing) -> bool:
    return version.state == State.DRAFT and _fits(version) and Right.EDIT_CONFIGURATION in standing.rights


def _fits(version: Version) -> bool:
    """Return whether there is a form that shows a version: what takes a thing out has none."""
    return bool(version.content) or version.kind == "schedule"


def _take(step: Step, version: Version, given: dict[str, Any], user: User, seen: str | None) -> Version | None:
    typed = {step.argument: given["reason"]} if step.argument else {}
    typed |= {"at": given["at"]} if step.publishes and given["at"] else {}
    return step.verb(version, by=user, **typed, **({"seen": seen} if step.looks else {}))


def _said(step: Step, done: Version | None) -> str:
    if done is not None and done.state == State.APPROVED and done.publish_at:
        return f"it is put in force by itself on {done.publish_at:%Y-%m-%d at %H:%M} (UTC)"
    return {
        "submissions": "it waits for another person",
        "approvals": "it is approved and may be put in force",
        "withdrawals": "it is a draft again",
        "returns": "it is a draft again",
        "discards": "the draft is thrown away",
        "take-ups": "it is compared with what is in force now",
        "rollbacks": "a draft is made of how it was then",
    }.get(step.name, "it is in force")
