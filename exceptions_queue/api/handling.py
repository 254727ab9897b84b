"""Experience API: how people pass an item on, put it aside, talk about it and close it. Addresses as on its page."""

from typing import Any

from rest_framework import serializers

from exceptions_queue import verbs, words
from exceptions_queue.api.remedies import Skin
from exceptions_queue.models import CauseCode, Resolution, RootCause, WorkItem
from exceptions_queue.models.handling import LONGEST_TAG
from exceptions_queue.models.hint import Scope
from exceptions_queue.verbs.close import CODES
from exceptions_queue.verbs.members import WrongValue
from governance.actor import By
from governance.api import forms
from governance.api.forms import MustReasonBody, ReasonBody
from governance.models import User


class AssignBody(ReasonBody):
    """Who shall work on it."""

    to = forms.Text(
        required=False, default="", max_length=150, allow_blank=True, help_text="sign-in name; left out: the caller"
    )


class WaitBody(ReasonBody):
    """For whom, and until when."""

    whom = forms.Text(max_length=200, help_text="for whom or what, in words")
    until = forms.Moment(help_text="when it comes back by itself")


class RestBody(MustReasonBody):
    """Until when, or until how much."""

    until = forms.Moment(help_text="when it comes back at the latest")
    above = forms.Whole(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**31 - 1,
        help_text="comes back once it holds more members than this",
    )  # fmt: skip
    above_amount = serializers.DecimalField(
        required=False, allow_null=True, default=None, min_value=0, max_digits=18, decimal_places=2,
        help_text="comes back once more than this is at stake in one currency",
    )  # fmt: skip


class PriorityBody(MustReasonBody):
    """How urgent it is."""

    priority = forms.Whole(min_value=0, max_value=100, help_text="0 to 100")


class CommentBody(forms.Form):
    """A remark."""

    text = forms.Text(max_length=4000, help_text="@ and a name tells that person of it")


class HintBody(forms.Form):
    """What whoever meets this next should know."""

    text = forms.Text(required=False, default="", max_length=2000, allow_blank=True, help_text="empty takes it away")
    scope = serializers.ChoiceField(
        choices=Scope.choices, required=False, default=Scope.CAUSE.value, help_text="for which causes it is meant"
    )
    link = forms.Text(required=False, default="", max_length=500, allow_blank=True, help_text="https://…")
    everywhere = forms.Yes(required=False, default=False, help_text="in all legal entities")
    seen = forms.Whole(
        required=False, allow_null=True, default=0, min_value=0, max_value=2**63 - 1,
        help_text="number of the hint that stands there as far as the caller knows; another is told, not overwritten, "
        "and without it none is known",
    )  # fmt: skip

    def validate_seen(self, number: int | None) -> int:
        """Return the number, 0 where none was sent."""
        return number or 0


class TagsBody(forms.Form):
    """All tags that the item shall have."""

    names = serializers.ListField(child=forms.Text(max_length=LONGEST_TAG), max_length=40)


class WatchBody(forms.Form):
    """Whether the caller watches it."""

    wanted = forms.Yes(required=False, default=True)


class MergeBody(MustReasonBody):
    """Which others the item shall hold."""

    items = serializers.ListField(
        child=forms.Whole(min_value=1, max_value=2**63 - 1), min_length=1, max_length=50,
        help_text="numbers of open items of the same company",
    )  # fmt: skip


class FindingBody(forms.Form):
    """What the item was about; what is left out is taken back."""

    cause_code = serializers.ChoiceField(
        choices=CauseCode.choices, required=False, default="", allow_blank=True, help_text="why it came to it"
    )
    root_cause = serializers.ChoiceField(
        choices=RootCause.choices, required=False, default="", allow_blank=True, help_text="where it was put right"
    )
    finding = forms.Text(
        max_length=4000, required=False, default="", allow_blank=True, help_text="for whoever meets it next"
    )
    rule_candidate = forms.Yes(required=False, default=False, help_text="whether a rule could do it next time")


class CloseBody(MustReasonBody):
    """Why nothing is left to be done."""

    resolution = serializers.ChoiceField(
        choices=[each.value for each in CODES], required=False, default=Resolution.NO_ACTION.value,
        help_text="fixed is taken only where all that it held is posted",
    )  # fmt: skip
    cause_code = serializers.ChoiceField(
        choices=CauseCode.choices, required=False, default="", allow_blank=True, help_text="why it came to it"
    )
    rule_candidate = forms.Yes(required=False, default=False, help_text="whether a rule could do it next time")
    root_cause = serializers.ChoiceField(
        choices=RootCause.choices, required=False, default="", allow_blank=True,
        help_text="where it was put right; left out, what somebody has said of it stays, or it is unknown",
    )  # fmt: skip
    same_as = forms.Whole(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1,
        help_text="number of the item that stays, where this one is a duplicate",
    )  # fmt: skip


def _assign(item: WorkItem, *, by: By, to: str, reason: str) -> WorkItem:
    if not to:
        return verbs.take(item, by=by)
    found = User.objects.filter(username=to, is_active=True).first()
    if found is None:
        words = f"{to} may not work on items of {item.legal_entity}. Choose somebody who may."
        raise WrongValue(words, at="to", accepted="the name by which somebody signs in")
    return verbs.assign(item, by=by, to=found, reason=reason)


def _close(item: WorkItem, *, by: By, resolution: str, **more: Any) -> WorkItem:
    return verbs.close(item, by=by, resolution=Resolution(resolution), **more)


def _says(words: str) -> Any:
    return lambda done, item: words


WHY = {"reason": "the project manager is away until Monday"}
LATER = {"until": "2036-10-13T06:00:00Z"}
WAYS = (
    Skin("assignments", AssignBody, _assign, "Give the item to somebody, or take it.", _says("It is given."),
         {"to": "farid"}),
    Skin("returns", MustReasonBody, verbs.hand_back, "Give the item back to those who look at it first.",
         _says("It is given back."), WHY),
    Skin("routings", ReasonBody, verbs.leave_to_rules, "Let the routing rules decide whose the item is.",
         lambda done, item: done.routed_why, WHY),
    Skin("waits", WaitBody, verbs.wait_on, "Say for whom the item waits.", _says("It waits."),
         {"whom": "answer of the project manager", **LATER}),
    Skin("rests", RestBody, verbs.snooze, "Put the item aside.", _says("It is put aside."), {**LATER, **WHY}),
    Skin("resumptions", ReasonBody, verbs.resume, "Take up again what was put aside.", _says("It is back."), WHY),
    Skin("priorities", PriorityBody, verbs.prioritise, "Set the item's priority.",
         lambda done, item: f"Its priority is {item.priority}.", {"priority": 80, **WHY}),
    Skin("priority-returns", ReasonBody, verbs.leave_to_formula, "Let the item's priority be worked out again.",
         lambda done, item: f"Its priority is {item.priority}.", WHY),
    Skin("comments", CommentBody, verbs.comment, "Write a remark.", _says("The remark is kept."),
         {"text": "@Clara Voss agreed by phone."}),
    Skin("hints", HintBody, verbs.write_hint, "Write a hint for whoever meets the same next.",
         lambda done, item: f"The hint stands with {done.about}." if done.text else "The hint is taken away.",
         {"text": "Ask the project office for the task code.", "scope": "rule"}),
    Skin("tags", TagsBody, verbs.tag, "Say which tags the item has.",
         lambda done, item: f"Its tags: {', '.join(done)}." if done else "It has no tags.", {"names": ["month-end"]}),
    Skin("watchers", WatchBody, verbs.watch, "Watch the item, or not any more.", _says("Noted."), {"wanted": True}),
    Skin("merges", MergeBody, verbs.merge, "Let the item hold what others hold, and what their causes stop later.",
         lambda done, item: f"It holds {words.counted(done.members, done.entity)} now.", {"items": [18], **WHY}),
    Skin("separations", MustReasonBody, verbs.take_apart, "Take the item apart from the one that it is merged with.",
         lambda done, item: f"It holds {words.counted(done.members, done.entity)} again.", WHY),
    Skin("findings", FindingBody, verbs.classify, "Say what the item was about.", _says("It is kept."),
         {"cause_code": "late", "root_cause": "source", "finding": "The client approves on Mondays."}),
    Skin("closures", CloseBody, _close, "Close an item that holds nothing any more.", _says("It is closed."), WHY),
    Skin("reopenings", MustReasonBody, verbs.reopen, "Open a resolved item again.", _says("It is open again."), WHY),
)  # fmt: skip
