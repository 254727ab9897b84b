"""Experience API: what people do with a work item. One address for each remedy, as on its page; the verbs do it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import handling, overwriting, remedies, seen, verbs, words
from exceptions_queue.api import samples, shapes
from exceptions_queue.api.items import CAUSE, ITEM, item_of, meant
from exceptions_queue.models import Release, RootCause, WorkItem
from exceptions_queue.tasks import nudge_release
from exceptions_queue.verbs.ask_target import said
from exceptions_queue.verbs.link_record import NotSeen
from exceptions_queue.verbs.members import NotPossible, left
from governance.api import etags, forms
from governance.api.door import Door, person
from governance.api.forms import MustReasonBody, ReasonBody
from governance.api.refusals import NOT_POSSIBLE, Refused
from governance.api.told import MATCH_SEEN, told
from governance.models import User
from governance.rights import Right, require
from governance.still_there import held
from mappings.api import row_places
from mappings.tables import RowErrors
from routes import overlays
from routes.worked_out import Start

MOST_CHOSEN = 2000


class Chosen(forms.Form):
    """Which members are meant."""

    failures = serializers.ListField(
        child=forms.Id(), required=False, allow_null=True, default=None, min_length=1, max_length=MOST_CHOSEN,
        help_text="ids of members; left out: all of them",
    )  # fmt: skip


class SeenText(forms.Text):
    """What the caller has read of an item, as the item tells it in `seen`."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return it, None where nothing stands there; a text is looked at as one first."""
        text = super().run_validation(data)
        try:
            return seen.read(text) if text else None
        except ValueError:
            raise serializers.ValidationError(
                "That is no item's `seen`. Read the item, and send what it tells."
            ) from None


class Looked(forms.Form):
    """What of all that an item holds was looked at."""

    seen = SeenText(
        required=False, allow_null=True, default=None, max_length=40,
        help_text="`seen` of the item, as it was read: what came or changed since then is left, and said; left out,"
        " what is there now is meant",
    )  # fmt: skip


class ChosenBody(Chosen, ReasonBody):
    """Members, and why."""


class ChosenMustReasonBody(Chosen, MustReasonBody):
    """Members, and why; a reason is needed."""


class LookedBody(Looked, ChosenBody):
    """Members, and why."""


class LookedMustReasonBody(Looked, ChosenMustReasonBody):
    """Members, and why; a reason is needed."""


class MembersAgainBody(LookedBody):
    """What goes through again."""

    as_then = forms.Yes(required=False, default=False, help_text="the same as the configuration “then”")
    configuration = forms.Text(
        required=False, default="now", max_length=220,
        help_text="now, then (with the table rows of then), or a published version of a mapping as mapping@version",
    )  # fmt: skip
    start = serializers.ChoiceField(
        choices=[each.value for each in Start], required=False, default=Start.SOURCE.value,
        help_text="with what the source sent, or with the stage that stopped it",
    )  # fmt: skip


class CorrectionBody(LookedMustReasonBody):
    """A field and its right value."""

    field = forms.Text(max_length=80)
    value = forms.Text(max_length=1000)
    seen_until = forms.Whole(
        required=False, allow_null=True, default=0, min_value=0, max_value=2**63 - 1,
        help_text="number of the newest correction that the caller has seen, as a member tells it: a later one is told "
        "and not overwritten; without it none was seen",
    )  # fmt: skip

    def validate_seen_until(self, number: int | None) -> int:
        """Return the number. Raises ValidationError for one that no correction has yet, which nobody has seen."""
        if (number or 0) > overlays.newest():
            raise serializers.ValidationError("No correction has this number yet. Send what a member tells.")
        return number or 0


class ReversalBody(LookedMustReasonBody):
    """What is taken back, and what becomes of the records then."""

    sends = forms.Yes(
        required=False, default=False,
        help_text="sent anew afterwards, as source and hub say then; without it they wait for a person",
    )  # fmt: skip
    root_cause = serializers.ChoiceField(
        choices=["", *RootCause.values], required=False, default="", help_text="where the cause lies; empty: not known"
    )


class SourceNoticeBody(LookedMustReasonBody):
    """Who at the source was told, and what was agreed."""

    told_to = forms.Text(max_length=150, help_text="who was told")
    told_on = forms.Day(help_text="on which day")
    reference = forms.Text(
        required=False, default="", max_length=120, allow_blank=True, help_text="of the mail, the call or the ticket"
    )


class OutcomeBody(ReasonBody):
    """What was found at the target of one write in doubt."""

    failure = forms.Id(help_text="the member that was looked up")
    happened = forms.Yes(help_text="whether it is there; of a reversal: whether it is reversed")
    reference = forms.Text(required=False, default="", max_length=120, allow_blank=True, help_text="its number there")
    external_id = forms.Text(
        required=False, default="", max_length=120, allow_blank=True,
        help_text="its id there, which what waits for it needs; its number is no id",
    )  # fmt: skip


class RecordLinkBody(ChosenMustReasonBody):
    """Which record of the target stands for one member already."""

    external_id = forms.Text(max_length=120, help_text="its id there")
    reference = forms.Text(required=False, default="", max_length=120, allow_blank=True, help_text="its number there")
    difference_seen = forms.Yes(
        required=False, default=False, help_text="without it, what the target has is told and nothing is linked"
    )


class MissingLinkBody(ReasonBody):
    """Which id a record has in the other system."""

    external_id = forms.Text(max_length=200)
    reference = forms.Text(required=False, default="", max_length=200, allow_blank=True)


class RowBody(ReasonBody):
    """The missing row of a table; its key is the item's own."""

    values = forms.Texts(help_text="texts by column")
    valid_from = forms.Day(required=False, allow_null=True, default=None)
    valid_to = forms.Day(required=False, allow_null=True, default=None)


class RowCorrectionBody(MustReasonBody):
    """What should stand in the place of a row."""

    row = forms.Whole(min_value=1, max_value=2**63 - 1)
    values = forms.Texts(help_text="texts by column")
    valid_from = forms.Day(required=False, allow_null=True, default=None)
    valid_to = forms.Day(required=False, allow_null=True, default=None)


class SignInBody(ReasonBody):
    """What the way to sign in asks."""

    typed = forms.Texts(help_text="answers by the question's name, secrets among them; what is left out stays")


Verb = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Skin:
    """How the API asks for one remedy."""

    name: str  # as in the pages' addresses, and of the kinds
    body: type[forms.Form]
    verb: Verb
    words: str  # the operation in one line
    said: Callable[[Any, WorkItem], str]
    sent: dict[str, Any]

    @property
    def replaces(self) -> bool:
        """Whether it puts aside what others have decided: it takes If-Match then."""
        way = handling.by_name(self.name)
        return way is not None and (way.replaces is not None or self.name == "assignments")


def _released(done: Any, item: WorkItem) -> str:
    """Say what is sent through again, and let a worker begin with it."""
    if done is None:
        return "It is proposed, and counts once a second person has approved it."
    if not isinstance(done, Release):
        return f"{done:,} went on."
    nudge_release(done.pk)
    return f"{words.counted(done.asked, item.entity)} are sent through again; the item says how far that is."


def _counted(what: str) -> Callable[[Any, WorkItem], str]:
    return lambda done, item: f"{words.counted(done, item.entity)} {what}."


def _plainly(what: str) -> Callable[[Any, WorkItem], str]:
    return lambda done, item: what


def _link_record(item: WorkItem, **typed: Any) -> None:
    try:
        verbs.link_record(item, **typed)
    except NotSeen as error:
        again = "Send it again with `difference_seen`: true to link it all the same."
        raise NotPossible(f"{error.told} {again}") from error


WHY = {"reason": "agreed with the project manager"}
SEEN = {"seen": samples.WHOLE_ITEM["seen"]}
ROW = {"values": {"item": "SVC-BLD"}, "reason": "new service of October"}
SKINS = (
    Skin("splits", ChosenMustReasonBody, verbs.split, "Split members off into an item of their own.",
         lambda done, item: f"Exception {done.number} holds {words.counted(done.members, done.entity)}.",
         {"failures": ["0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f"], **WHY}),
    Skin("resubmissions", MembersAgainBody, verbs.resubmit, "Send members through again.", _released,
         WHY | SEEN),
    Skin("waivers", LookedMustReasonBody, verbs.waive, "Decide that members are not delivered.",
         _counted("will not be delivered"), WHY | SEEN),
    Skin("rule-waivers", LookedMustReasonBody, verbs.waive_rule, "Let members pass the rule that stopped them, once.",
         _counted("passed the rule and went on"), WHY),
    Skin("approvals", LookedBody, verbs.approve, "Approve what is held for a second person.",
         _counted("approved"), WHY | SEEN),
    Skin("run-refusals", MustReasonBody, verbs.refuse_run, "Refuse what a comparison would withdraw.",
         _plainly("Nothing is withdrawn."), {"reason": "the sign-in had lost its right to read other people's time"}),
    Skin("corrections", CorrectionBody, verbs.correct_field, "Correct a field of members and send them again.",
         lambda done, item: f"{done.went_on:,} went on. {done.amounts} {done.elsewhere}".strip(),
         {"field": "hours", "value": "7.50", "reason": "typing error, asked the consultant"}),
    Skin("period-moves", LookedMustReasonBody, verbs.move_to_next_period, "Propose the next open period for members.",
         _counted("proposed for the next open period"), WHY),
    Skin("reversals", ReversalBody, verbs.reverse, "Take back what members have posted.",
         _counted("taken back at the target"),
         {"sends": False, "root_cause": "source", "reason": "booked on the wrong project"}),
    Skin("source-returns", LookedMustReasonBody, verbs.send_back, "Send members back to their source with a reason.",
         _counted("sent back to the source"), {"reason": "the project was closed in October: book it on P-882"}),
    Skin("source-notices", SourceNoticeBody, verbs.tell_source, "Write down who at the source was told of members.",
         _counted("kept as told at the source"),
         {"told_to": "Max Berger", "told_on": "2026-11-27", "reference": "call 4711",
          "reason": "books it on P-882 until Monday"}),
    Skin("outcomes", OutcomeBody, verbs.decide_unknown, "Say of a write in doubt whether it happened.",
         _plainly("Noted."),
         {"failure": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f", "happened": True, "reference": "4711",
          "external_id": "8812"}),
    Skin("inquiries", ChosenBody, verbs.ask_target, "Ask the target of writes in doubt whether it has them.",
         lambda done, item: said(done), WHY),
    Skin("fetches", ChosenBody, verbs.fetch_again, "Read the days of members at their source once more.",
         _plainly("A run is asked for."), WHY),
    Skin("links", RecordLinkBody, _link_record, "Take a record that the target has for one member.",
         _plainly("It is linked, and nothing was sent."),
         {"failures": ["0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f"], "external_id": "8812", "difference_seen": True, **WHY}),
    Skin("cross-references", MissingLinkBody, verbs.add_cross_reference, "Say which id a record has there.",
         _released, {"external_id": "8812"}),
    Skin("look-ups", ReasonBody, verbs.look_up_parent, "Look up whether the missing record is there by now.",
         _released, WHY),
    Skin("sign-ins", SignInBody, verbs.renew_sign_in, "Enter anew what the system has refused to sign in.",
         lambda done, item: done, {"typed": {"token": "…"}, "reason": "the old one has expired"}),
    Skin("table-rows", RowBody, verbs.add_table_row, "Add the missing row of a table.",
         lambda done, item: _released(done.release, item), ROW),
    Skin("row-corrections", RowCorrectionBody, verbs.correct_table_row, "Correct a row that members were made with.",
         _released, {"row": 12, **ROW}),
    Skin("row-approvals", ReasonBody, verbs.approve_table_row, "Approve the proposed rows.", _released, WHY),
    Skin("row-refusals", MustReasonBody, verbs.refuse_table_row, "Refuse the proposed rows.",
         _plainly("The row is refused and never counted."), WHY),
    Skin("probes", ReasonBody, verbs.ask_system, "Try a paused system now.",
         _plainly("The next request tries it."), WHY),
    Skin("tries", ReasonBody, verbs.try_now, "Try now what met something unforeseen.",
         _plainly("It is tried now."), WHY),
    Skin("readings", ReasonBody, verbs.read_again, "Read the source again after a run was stopped.",
         _plainly("A run is asked for."), WHY),
)  # fmt: skip


class RemedyDoor(Door):
    """One remedy of a work item."""

    layer = "experience"
    skin: Skin

    def answer(self, request: Request, number: int) -> Any:
        """Do it, and say what came of it."""
        by, skin = person(request), self.skin
        item = item_of(by, number)

        def act(values: dict[str, Any]) -> Response:
            of = meant(request, item)
            if skin.replaces:
                _refuse_unseen(request, item, by)
            _check_sense(of, by, skin.name)  # here: what was done already is answered again, though it makes none now
            looked = values.get("seen")
            try:
                said_now = skin.said(skin.verb(of, by=by, **values), item)
                if isinstance(looked, seen.Seen):  # what else is seen is no part of the members: a hint
                    said_now += left(of, looked)
            except RowErrors as error:
                raise row_places.refused(error) from error
            except verbs.NeedsApproval as asked:
                made = verbs.ask_approval(asked.wish, by=by)
                said_now = (
                    f"Nothing is done yet: {made.policies} asks for a second person. It is request {made.number}."
                )
            now = item_of(by, number)
            headers = {"ETag": etags.etag(overwriting.decided(now))} if skin.replaces else None
            return Response({"said": said_now, "item": shapes.items([now], by)[0]}, headers=headers)

        return self.once(request, skin.body, act)


def _refuse_unseen(request: Request, item: WorkItem, by: User) -> None:
    """Raise Refused (412) where others have decided something since the caller has read it, if they say what that was.

    The item stays locked until the commit: of two who have read the same, one is told.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    row = held(WorkItem.objects.select_related("legal_entity"), item)
    etags.require_if_given(
        request, overwriting.decided(row), told=lambda: shapes.items([item_of(by, item.number)], by)[0]
    )


def _check_sense(item: WorkItem, by: User, name: str) -> None:
    """Ask the right first, then whether the remedy makes sense now, as the page does."""
    kind = remedies.by_name(name)
    if kind is None:  # a way of handling, whose verb asks for itself
        return
    require(by, kind.right, item.legal_entity_id)
    if not item.is_open or not remedies.fits(kind, remedies.facts_of(item, by)):
        raise Refused(NOT_POSSIBLE, "This cannot be done here, or no longer: see `remedies` of the item for what can.")


def door_of(skin: Skin) -> type[RemedyDoor]:
    """Return the view of one remedy, with its own body and words in the document."""

    def post(self: RemedyDoor, request: Request, number: int) -> Any:
        return self.answer(request, number)

    post.__doc__ = skin.words
    sample = {"said": "37 time entries are sent through again.", "item": ITEM}
    of_causes = remedies.by_name(skin.name) is not None
    more = (CAUSE,) if of_causes else (MATCH_SEEN,) if skin.replaces else ()
    view = told(shapes.DoneShape, form=skin.body, sample=sample, sent=skin.sent, more=more, tagged=skin.replaces)(post)
    parts = {"post": view, "skin": skin, "accepts": ("cause",) if of_causes else ()}
    return type(f"{skin.name.title().replace('-', '')}Door", (RemedyDoor,), parts)
