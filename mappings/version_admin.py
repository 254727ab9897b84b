"""The admin's pages that take a mapping through its versions, each step by governance's verb, which asks the rights."""

import difflib
from collections.abc import Callable, Collection
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from governance import deed_page, versions
from governance.deed_page import Deed, ReasonForm, button
from governance.models import Version
from governance.models.version import State
from governance.rights import Right, allowed
from mappings.differences import Difference, differences
from mappings.models import LookupTable, Mapping
from mappings.models.mapping import KIND
from mappings.row_admin import person
from mappings.written import text_of

TEMPLATE = "admin/mapping_deed.html"
ON_ITS_WAY = (State.SUBMITTED, State.APPROVED)
BACK_IN_FORCE = "Its content was approved once, so it comes back into force at once, as a new version."
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


class VersionActions:
    """Buttons on a mapping's page; each is there for those whom the verb lets do it, when it makes sense."""

    @button("Submit", "submissions", "submit_draft")
    def submit_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the draft to another person."""
        return _step(request, object_id, "Submit", versions.submit, (State.DRAFT,), argument="note")

    @button("Approve", "approvals", "approve_draft")
    def approve_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a second person's consent."""
        return _step(request, object_id, "Approve", versions.approve, (State.SUBMITTED,))

    @button("Send back", "returns", "send_draft_back")
    def send_draft_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make it a draft again, with a reason."""
        return _step(request, object_id, "Send back", versions.send_back, ON_ITS_WAY, needs=True)

    @button("Withdraw", "withdrawals", "withdraw_version")
    def withdraw_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Turn what was submitted, approved or set for a time into a draft again."""
        about = "It becomes a draft again, to go on editing it. An approval and a time of publication are void."
        return _step(request, object_id, "Withdraw", versions.withdraw, ON_ITS_WAY, about=about)

    @button("Publish", "publications", "publish_version")
    def publish_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put the approved version in force, now or at a time."""
        return _step(request, object_id, "Publish", versions.publish, (State.APPROVED,), form=PublishForm)

    @button("Roll back", "rollbacks", "roll_back")
    def roll_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Bring an earlier version back into force: the one that the address names, else the last before this one."""
        return _step(
            request, object_id, "Roll back", versions.roll_back, (State.RETIRED,), needs=True, about=BACK_IN_FORCE
        )

    @button("Take out of force", "retirements", "retire_version")
    def retire_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the published version out of force without a successor."""
        return _step(
            request, object_id, "Take out of force", versions.retire, (State.PUBLISHED,), needs=True, danger=True,
            about=OUT_OF_FORCE,
        )  # fmt: skip

    def has_submit_draft_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a draft."""
        return may(request, object_id, Right.EDIT_CONFIGURATION, (State.DRAFT,))

    def has_approve_draft_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a submitted version, to others than those who wrote it."""
        mapping = Mapping.objects.filter(pk=object_id).first() if object_id else None
        waiting = newest(mapping, (State.SUBMITTED,)) if mapping else None
        mine = waiting is not None and f"person:{request.user.pk}" in waiting.contributors
        return not mine and may(request, object_id, Right.APPROVE_CONFIGURATION, (State.SUBMITTED,))

    def has_send_draft_back_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for what was submitted or approved."""
        return may(request, object_id, Right.APPROVE_CONFIGURATION, ON_ITS_WAY)

    def has_withdraw_version_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for what was submitted or approved, to those who edit."""
        return may(request, object_id, Right.EDIT_CONFIGURATION, ON_ITS_WAY)

    def has_publish_version_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for what was approved."""
        return may(request, object_id, Right.PUBLISH_CONFIGURATION, (State.APPROVED,))

    def has_roll_back_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it where an earlier version was in force."""
        return may(request, object_id, Right.PUBLISH_CONFIGURATION, (State.RETIRED,))

    def has_retire_version_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for what is in force."""
        return may(request, object_id, Right.PUBLISH_CONFIGURATION, (State.PUBLISHED,))


def may(request: HttpRequest, object_id: str | None, right: Right, states: Collection[str] = ()) -> bool:
    """Return whether somebody has a right where the mapping belongs, and a version of it is in one of the states."""
    mapping = Mapping.objects.filter(pk=object_id).select_related("legal_entity").first() if object_id else None
    if mapping is None or not allowed(person(request), right, mapping.legal_entity):
        return False
    return not states or newest(mapping, states) is not None


def mapping_of(request: HttpRequest, object_id: str) -> Mapping:
    """Return a mapping that the person may see; raises Http404."""
    visible = Mapping.objects.visible_to(person(request)).select_related("legal_entity")
    return get_object_or_404(visible, pk=object_id)


def newest(mapping: Mapping, states: Collection[str] = ()) -> Version | None:
    """Return a mapping's newest version, or the newest that is in one of the states."""
    found = Version.objects.of(KIND, mapping.key)
    return (found.filter(state__in=states) if states else found).first()


def difference(mapping: Mapping, version: Version | None) -> str:
    """Return what a version changes in the published one, line by line; "" when nothing."""
    published = Version.objects.of(KIND, mapping.key).in_force().first()
    old: Any = text_of(published.content).splitlines() if published else []
    new: Any = text_of(version.content).splitlines() if version else []
    return "\n".join(difflib.unified_diff(old, new, "published", "this version", lineterm=""))


def changes_of(mapping: Mapping, version: Version | None) -> list[Difference]:
    """Return what a version changes in the published one, in sentences."""
    published = Version.objects.of(KIND, mapping.key).in_force().first()
    if version is None or (published is not None and published.pk == version.pk):
        return []
    titles = dict(LookupTable.objects.values_list("name", "title"))
    return differences(published.content if published else None, version.content, titles=titles)


def back_to(mapping: Mapping) -> str:
    """Return the address of a mapping's page."""
    return reverse("admin:mappings_mapping_change", args=[mapping.pk])


def _step(
    request: HttpRequest, object_id: str, words: str, verb: Callable[..., Version], states: Collection[str], *,
    argument: str = "reason", needs: bool = False, about: str = "", danger: bool = False,
    form: type[ReasonForm] = ReasonForm,
) -> HttpResponse:  # fmt: skip
    """Show what a step would put in force, or take it."""
    mapping = mapping_of(request, object_id)
    version = _meant(request, mapping, states)
    asked = form(deed_page.sent(request))
    asked.fields["reason"].required = needs

    def act(typed: forms.Form) -> str:
        given = dict(typed.cleaned_data)
        given[argument] = given.pop("reason")
        done = verb(version, by=person(request), **given)
        return f"{str(done)[:1].upper()}{str(done)[1:]}.{_planned(done)}"

    facts = [("Version", f"{version}.{_planned(version)}"), ("What changed, and why", version.note or "–")]
    changes = "" if version.state == State.PUBLISHED else difference(mapping, version)
    told = [] if version.state == State.PUBLISHED else changes_of(mapping, version)
    deed = Deed(
        f"{words}: {mapping}", words, asked, act, back_to(mapping), about, facts, danger,
        {"difference": changes, "changes": told},
        TEMPLATE,
    )  # fmt: skip
    return deed_page.shown(request, deed)


def _meant(request: HttpRequest, mapping: Mapping, states: Collection[str]) -> Version:
    """Return the version that the address names, else the newest that can take the step; raises Http404."""
    found = Version.objects.of(KIND, mapping.key).filter(state__in=states)
    number = request.GET.get("version", "")
    version = (found.filter(number=int(number)) if number.isascii() and number.isdigit() else found).first()
    if version is None:
        raise Http404("No such version of this mapping can take this step now.")
    return version


def _planned(version: Version) -> str:
    if version.state != State.APPROVED or version.publish_at is None:
        return ""
    return f" It is published by itself on {version.publish_at:%Y-%m-%d at %H:%M} (UTC)."
