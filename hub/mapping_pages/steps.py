"""The versions of a mapping: what each changes in words, who did what and when, and the steps that take one further."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from exceptions_queue.pages.door import context, page, person
from governance import versions as life
from governance.actor import names
from governance.deed_page import ReasonForm
from governance.deeds import deed
from governance.due import why_late
from governance.models import AuditEntry, User, Version
from governance.models.version import State
from governance.rights import NotAllowed, Right, allowed, require
from governance.same_person import has_made
from governance.seen import SEEN
from governance.still_there import held
from governance.versions import WrongState
from hub.mapping_pages.found import mapping_of, version_of
from hub.mapping_pages.pages import steps_of, used_by
from mappings import drafting
from mappings.covering import covered
from mappings.differences import Difference, differences
from mappings.models import LookupTable
from mappings.models.mapping import KIND

MOST = 50  # versions, and entries of the history
LOOKS = ("approvals", "publications", "discards")  # refused where something else stands there than the page has shown
IN_FORCE = "in_force"  # the name under which a form carries the number of the version that it takes the place of


BACK_IN_FORCE = "Its content was approved once, so it comes back into force at once, as a new version."
THROWN_AWAY = "The draft is deleted. The audit trail keeps that there was one."
OUT_OF_FORCE = (
    "No version is in force afterwards. Routes that use this mapping stop at their next run, and a work item says so, "
    "until another version is published."
)


class PublishForm(ReasonForm):
    """When a version is put in force, and why."""

    at = forms.DateTimeField(
        label="When",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty: now. Times are in UTC.",
    )
    field_order = ("at", "reason")

    def clean_at(self) -> Any:
        """Refuse a moment that has passed."""
        at = self.cleaned_data["at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError("This moment has passed. Give a later one, or leave it empty to publish now.")
        return at


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a version: its address, button, verb, the right it asks, and from which states it can be taken."""

    name: str
    button: str
    verb: Callable[..., Version | None]
    right: Right
    states: tuple[State, ...]
    reasoned: bool = False
    argument: str = "reason"
    about: str = ""
    danger: bool = False


STEPS = (
    Step("submissions", "Send for approval", life.submit, Right.EDIT_CONFIGURATION, (State.DRAFT,), argument="note",
         about="Another person looks at it. Say what changed, and why."),
    Step("approvals", "Approve", life.approve, Right.APPROVE_CONFIGURATION, (State.SUBMITTED,),
         about="It may be published then."),
    Step("returns", "Send back", life.send_back, Right.APPROVE_CONFIGURATION, (State.SUBMITTED, State.APPROVED), True,
         about="It is a draft again, with your reason."),
    Step("publications", "Publish", life.publish, Right.PUBLISH_CONFIGURATION, (State.APPROVED,),
         about="It counts for what arrives from then on. What is under way ends on the version it began with."),
    Step("withdrawals", "Take back", life.withdraw, Right.EDIT_CONFIGURATION, (State.SUBMITTED, State.APPROVED),
         about="It is a draft again. An approval and a time of publication are void."),
    Step("rollbacks", "Roll back to this", life.roll_back, Right.PUBLISH_CONFIGURATION, (State.RETIRED,), True,
         about=BACK_IN_FORCE),
    Step("retirements", "Take out of force", life.retire, Right.PUBLISH_CONFIGURATION, (State.PUBLISHED,), True,
         about=OUT_OF_FORCE, danger=True),
    Step("discards", "Throw away", drafting.discard, Right.EDIT_CONFIGURATION, (State.DRAFT,), about=THROWN_AWAY,
         danger=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One version of the list."""

    version: Version
    author: str
    approver: str
    publisher: str
    setter: str  # who has set when it is published by itself
    late: str  # why it is not in force though that time has come; "": it is not late
    changes: list[Difference]  # against the version in force before it, else against the one below it
    steps: list[Step]


@page
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """List a mapping's versions with what each changes, the steps to take, and who did what."""
    row, user = mapping_of(request, pk), person(request)
    found = list(Version.objects.of(KIND, row.key)[: MOST + 1])
    people = names(
        {each for v in found for each in (v.author, v.approved_by, v.published_by, v.scheduled_by) if each}
    )  # fmt: skip
    titles = _titles(user)
    shown = dict(zip([v.pk for v in found], covered([v.content for v in found], by=user), strict=True))
    may = {right: allowed(user, right, row.legal_entity) for right in {step.right for step in STEPS}}
    lines = []
    for number, version in enumerate(found[:MOST]):
        older = found[number + 1 :]
        before = next((each for each in older if each.published_at), older[0] if older else None)
        changes = differences(shown[before.pk] if before else None, shown[version.pk], titles=titles)
        lines.append(
            Line(
                version, people[version.author], people.get(version.approved_by or "", ""),
                people.get(version.published_by or "", ""), people.get(version.scheduled_by or "", ""),
                why_late(version, by=user), changes, _offered(version, may, user),
            )
        )  # fmt: skip
    told = AuditEntry.objects.filter(thing_kind="governance.version", thing_id__in=[str(v.pk) for v in found])
    entries = [(each, deed(each.verb), _number(each, found)) for each in told.order_by("-at")[:MOST]]
    more = context(
        "mappings", mapping=row, tab="versions", lines=lines, entries=entries, used=used_by(row, user),
        **steps_of(row, user),
    )  # fmt: skip
    return render(request, "hub/mapping/versions.html", more)


@page
def step(request: HttpRequest, pk: int, number: int, name: str) -> HttpResponse:
    """Show what a step would put in force, or take it."""
    row, user = mapping_of(request, pk), person(request)
    version = version_of(row, number)
    taken = next((each for each in STEPS if each.name == name), None)
    if taken is None:
        raise Http404("There is no such step.")
    kind = PublishForm if name == "publications" else ReasonForm
    form = kind(request.POST if request.method == "POST" else None, label_suffix="")
    form.fields["reason"].required = taken.reasoned
    if name == "submissions":  # what was noted with the draft stands there, so that sending it in does not lose it
        form.fields["reason"].label, form.fields["reason"].initial = "What changed, and why", version.note
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            seen = {"seen": request.POST.get(SEEN, "")} if name in LOOKS else {}
            done = _take(taken, version, form.cleaned_data | seen, user, request.POST.get(IN_FORCE, ""))
        except NotAllowed as error:
            form.add_error(None, str(error))
            status = 403
        except WrongState as error:
            form.add_error(None, str(error))
            status = 409
        else:
            if done is None:
                messages.success(request, f"The draft of version {number} of {row} is thrown away.")
                left = Version.objects.of(KIND, row.key).exists()
                return redirect("mappings:versions", pk=row.pk) if left else redirect("mappings:mappings")
            messages.success(
                request, f"Version {done.number} of {row} is {done.get_state_display().lower()}.{_when(done)}"
            )
            return redirect("mappings:versions", pk=row.pk)
    elif request.method == "POST":
        status = 422
    in_force = Version.objects.of(KIND, row.key).in_force().first()
    before = in_force if in_force and in_force.pk != version.pk else None
    wanted, *was = covered([each.content for each in (version, before) if each], by=user)
    changes = differences(was[0] if was else None, wanted, titles=_titles(user))
    more = context(
        "mappings", mapping=row, version=version, step=taken, form=form, in_force=in_force,
        changes=changes if name != "retirements" else [], author=names([version.author])[version.author],
        stands=_number_of(in_force),
    )  # fmt: skip
    return render(request, "hub/mapping/step.html", more, status=status)


@transaction.atomic
def _take(step: Step, version: Version, given: dict[str, Any], user: User, shown: str) -> Version | None:
    """Take a step; what takes the place of what is in force only where the page has `shown` that one."""
    values = dict(given)
    values[step.argument] = values.pop("reason")
    if step.name in ("publications", "rollbacks"):
        require(user, step.right, version.legal_entity)  # before anything is told of what is in force
        held(Version.objects.all(), version)  # first, as the verbs do
        life.lock_object(KIND, version.object_key)
        there = Version.objects.of(KIND, version.object_key).in_force().first()
        if shown != _number_of(there):
            raise life.ChangedMeanwhile(
                f"{f'Version {there.number} is' if there else 'No version is'} in force now, which is not what your "
                "page has shown, so nothing was changed. What is told here compares with that: look at it, and send it "
                "once more if you still want it."
            )
    return step.verb(version, by=user, **values)


def _number_of(version: Version | None) -> str:
    return str(version.number if version else 0)


def _offered(version: Version, may: dict[Right, bool], user: User) -> list[Step]:
    """Return the steps that somebody may take with a version; nobody approves what they wrote or sent in."""
    mine = version.state == State.SUBMITTED and has_made(user, version)
    return [
        each
        for each in STEPS
        if version.state in each.states and may[each.right] and not (each.name == "approvals" and mine)
    ]


def _number(entry: AuditEntry, found: list[Version]) -> int | None:
    return next((each.number for each in found if str(each.pk) == entry.thing_id), None)


def _when(version: Version) -> str:
    if version.state != State.APPROVED or version.publish_at is None:
        return ""
    return f" It is published by itself on {version.publish_at:%Y-%m-%d at %H:%M} (UTC)."


def _titles(user: User) -> dict[str, str]:
    return dict(LookupTable.objects.visible_to(user).values_list("name", "title"))
