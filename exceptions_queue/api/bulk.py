"""Experience API: bulk runs. Planned, approved, started, paused and cancelled as on their pages, by the same verbs."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue.api import samples
from exceptions_queue.api.items import item_of
from exceptions_queue.api.shapes import SumShape
from exceptions_queue.bulk import planning, selecting, shown, steering
from exceptions_queue.bulk.choices import CHOICES, by_name
from exceptions_queue.bulk.filters import BulkMemberFilter, BulkRunFilter
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.bulk.tasks import nudge
from exceptions_queue.bulk.totals import Worth, totals
from exceptions_queue.models import BulkMember, BulkRun, BulkState, Outcome, Result, State
from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.forms import MustReasonBody, ReasonBody, refused
from governance.api.refusals import Refused, not_there
from governance.api.told import told
from governance.models import User
from governance.row_numbers import number_in
from routes.api.shapes import shown as in_shape

MOST_CHOSEN = 2000
HASH = "the plan's hash, as the run tells it: you decide about what you read"
RUN = {
    "number": 12, "choice": "resubmissions", "title": "Send again as it is: with the configuration of now",
    "reason": "the period is open again", "selected": "3 exceptions, with all that they hold", "left_out": "",
    "made_by": "Farid Amini", "made_at": "2026-10-06T08:00:00Z", "state": "planned", "state_reason": "",
    "plan": "5d41402abc4b2a76b9719d911017c592", "second_person": "", "approved_by": "", "started_at": None,
    "ended_at": None, "chosen": 40, "judged": 40, "pace": 1200,
    "outcomes": [{"outcome": "will", "in_words": "Will be sent", "members": 37, "without_amount": 0,
                  "amounts": [{"currency": "EUR", "amount": "12480.0000"}]}],
    "asking": {"in_words": "Because of which a second person is asked", "members": 0, "without_amount": 0,
               "amounts": []},
    "results": [{"result": "waiting", "in_words": "Not yet begun", "members": 37, "without_amount": 0,
                 "amounts": [{"currency": "EUR", "amount": "12480.0000"}]}],
}  # fmt: skip


class PlanBody(forms.Form):
    """What shall be done with whom: one of `items`, `filter` and `ids` says with whom."""

    choice = serializers.ChoiceField(choices=[choice.name for choice in CHOICES])
    values = forms.Anything(
        required=False, default=dict, help_text="what the choice's form asks, by name: reason, configuration, to …"
    )
    items = serializers.ListField(
        child=forms.Whole(min_value=1, max_value=2**63 - 1), required=False, default=list, max_length=MOST_CHOSEN,
        help_text="numbers of work items",
    )  # fmt: skip
    failures = serializers.ListField(
        child=forms.Id(), required=False, default=list, max_length=MOST_CHOSEN,
        help_text="ids of members of these items; left out: all that they hold",
    )  # fmt: skip
    filter = forms.Anything(
        required=False, allow_null=True, default=None, help_text="all that the list of work items gives for these"
    )
    ids = serializers.ListField(
        child=forms.Text(max_length=200), required=False, default=list, max_length=selecting.MOST_NAMES,
        help_text="keys of records, or numbers of work items",
    )  # fmt: skip
    pace = forms.Whole(
        required=False, allow_null=True, default=None, min_value=1, max_value=1_000_000,
        help_text="members in a minute, at most; never more than the hub's own pace",
    )  # fmt: skip


class SeenBody(forms.Form):
    """Which plan is meant."""

    plan = forms.Text(max_length=64, help_text=HASH)


class AgainBody(forms.Form):
    """How fast it may be this time."""

    pace = forms.Whole(
        required=False, allow_null=True, default=None, min_value=1, max_value=1_000_000,
        help_text="members in a minute, at most; left out: as before",
    )  # fmt: skip


class BulkWorthShape(serializers.Serializer[Any]):
    """Members, and what they amount to."""

    in_words = serializers.CharField()
    members = serializers.IntegerField()
    without_amount = serializers.IntegerField()
    amounts = SumShape(many=True)


class OutcomeShape(BulkWorthShape):
    """Members of which the plan expects the same."""

    outcome = serializers.ChoiceField(choices=Outcome.choices)


class ResultShape(BulkWorthShape):
    """Members of which the same became. All results together are the members taken on."""

    result = serializers.ChoiceField(choices=[(value, label) for value, label in Result.choices if value])


class BulkRunShape(serializers.Serializer[Any]):
    """One action on many, as far as the caller sees its members."""

    number = serializers.IntegerField()
    choice = serializers.CharField()
    title = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    selected = serializers.CharField(help_text="how the members were chosen, in words")
    left_out = serializers.CharField(allow_blank=True, help_text="what was chosen and is not in the plan")
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=BulkState.choices)
    state_reason = serializers.CharField(allow_blank=True)
    plan = serializers.CharField(allow_blank=True, help_text="hash of the plan")
    second_person = serializers.CharField(allow_blank=True, help_text="why another person has to approve it")
    approved_by = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    chosen = serializers.IntegerField()
    judged = serializers.IntegerField(help_text="members of which the plan says by now what would become of them")
    pace = serializers.IntegerField()
    outcomes = OutcomeShape(many=True)
    asking = BulkWorthShape(help_text="members because of which a policy asks a second person; among the others")
    results = ResultShape(many=True)


class EditShape(serializers.Serializer[Any]):
    """A field that a sheet says has another value; hidden values are "•••"."""

    field = serializers.CharField()
    was = serializers.CharField(allow_blank=True, help_text="what stood there when it was planned; empty: nothing")
    value = serializers.CharField(allow_blank=True, help_text="what is to stand there; empty: nothing")


class BulkMemberShape(serializers.Serializer[Any]):
    """One member: what was expected of it, and what became of it."""

    position = serializers.IntegerField()
    work_item = serializers.IntegerField()
    failure = serializers.UUIDField(allow_null=True)
    transaction = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(allow_blank=True)
    amount = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    currency = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=Outcome.choices, allow_blank=True)
    why = serializers.CharField(allow_blank=True)
    second_person = serializers.CharField(
        allow_blank=True, help_text="the policies that ask a second person because of it, in words; empty: none"
    )
    result = serializers.ChoiceField(choices=Result.choices, allow_blank=True)
    ended_as = serializers.CharField(allow_blank=True)
    ended = serializers.CharField(allow_blank=True)
    stopped_as = serializers.UUIDField(allow_null=True, help_text="the new failure of what failed again")
    edits = EditShape(many=True, help_text="of a sheet that came back: its fields; else none")


class BulkRunsDoor(Door):
    """The bulk runs."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*BulkRunFilter.base_filters, *paging.NAMES) if request.method == "GET" else ()

    @told(BulkRunShape, filters=BulkRunFilter, paged=True, sample={"items": [RUN], "next": None})
    def get(self, request: Request) -> Response:
        """List bulk runs, the newest first."""
        by = person(request)
        rows = parameters.filtered(request, BulkRunFilter, BulkRun.objects.visible_to(by))
        return paging.page(request, rows, ["-number"], lambda found: [run_shown(row, by) for row in found])

    @told(BulkRunShape, form=PlanBody, sample=RUN, sent={
        "choice": "resubmissions", "items": [17, 18], "values": {"configuration": "now", "reason": "it is open again"},
    })  # fmt: skip
    def post(self, request: Request) -> Any:
        """Plan what shall be done with many; nothing is done before the plan is started."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            choice = by_name(values["choice"])
            assert choice is not None
            try:
                run = planning.plan(
                    _selection(values, by), by=by, choice=choice, data=_data(values["values"]), pace=values["pace"]
                )
            except planning.Wrong as error:
                wrong = {f"values/{name}": told_ for name, told_ in error.form.errors.as_data().items()}
                raise refused(ValidationError(wrong), PlanBody) from error
            nudge(run.pk)
            return Response(run_shown(run, by))

        return self.once(request, PlanBody, act)


def _selection(values: dict[str, Any], by: User) -> Selection:
    ways = [name for name in ("items", "filter", "ids") if values[name] not in (None, [])]
    if len(ways) != 1:
        raise _wrong({name: "Say with whom in one way: `items`, `filter` or `ids`." for name in ways or ["items"]})
    if values["failures"] and ways != ["items"]:
        raise _wrong({"failures": "These are members of `items`: name those, too."})
    if values["filter"] is not None:
        _refuse_what_narrows_nothing(values["filter"])
        return Selection(asked=values["filter"])
    for number in values["items"]:
        item_of(by, number)
    names = selecting.names_in("\n".join(values["ids"])) if values["ids"] else ()
    return Selection(items=tuple(values["items"]), failures=tuple(values["failures"]), names=names)


def _wrong(places: dict[str, str]) -> Refused:
    """Return the refusal (422) of what is wrong at some places of a body, by their names."""
    return refused(ValidationError({name: [words] for name, words in places.items()}), PlanBody)


def _refuse_what_narrows_nothing(asked: dict[str, Any]) -> None:
    """Raise Refused for a value that the list refuses, too, or would take for none: it would mean everything."""
    wrong = {} if asked else {"filter": "Say by what, such as `query`: an empty one would mean everything."}
    known = ", ".join(sorted(selecting.NAMES))
    for name, value in asked.items():
        if name not in selecting.NAMES:
            wrong[f"filter/{name}"] = f"There is no {name} to filter by. There are: {known}."
        elif name == "state":
            if not (isinstance(value, list) and value and all(each in State.values for each in value)):
                wrong[f"filter/{name}"] = f"Give a list of one or more of {', '.join(State.values)}."
        elif not (isinstance(value, bool) or (isinstance(value, str) and value.strip())):
            wrong[f"filter/{name}"] = "Give a text that is not empty, or leave it out."
    if wrong:
        raise _wrong(wrong)


def _data(values: dict[str, Any]) -> QueryDict | MultiValueDict[str, str]:
    """Return values as a form reads them; people are named as they sign in."""
    found: MultiValueDict[str, str] = MultiValueDict()
    for name, value in values.items():
        found[name] = "" if value is None else str(value)
    name = found.get("to") or ""
    if name:  # one who signs in with digits is meant before whoever has that number
        user = User.objects.filter(username=name, is_active=True).first() if "\0" not in name else None
        if user is not None or number_in(name) is None:
            found["to"] = str(user.pk) if user else "0"
    return found


class BulkRunDoor(Door):
    """One bulk run."""

    layer = "experience"

    @told(BulkRunShape, sample=RUN)
    def get(self, request: Request, number: int) -> Response:
        """Show a bulk run: its plan, and how far it is."""
        by = person(request)
        return Response(run_shown(run_of(by, number), by))


class BulkMembersDoor(Door):
    """The members of a bulk run."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*BulkMemberFilter.base_filters, *paging.NAMES)

    @told(BulkMemberShape, filters=BulkMemberFilter, paged=True, sample={"items": [samples.BULK_MEMBER], "next": None})
    def get(self, request: Request, number: int) -> Response:
        """List a bulk run's members, in the order in which they are taken on."""
        by = person(request)
        mine = BulkMember.objects.visible_to(by).filter(run=run_of(by, number))
        mine = mine.select_related("item__connection", "run")
        rows = parameters.filtered(request, BulkMemberFilter, mine)
        return paging.page(request, rows, ["position"], lambda found: [_member(each) for each in shown.told(found, by)])


class StepDoor(Door):
    """What is done with a bulk run."""

    layer = "experience"
    verb: Callable[..., BulkRun]
    body: type[forms.Form]

    def answer(self, request: Request, number: int) -> Any:
        """Do it, and show the run as it stands then."""
        by = person(request)
        row = run_of(by, number)

        def act(values: dict[str, Any]) -> Response:
            if "plan" in values:
                values["seen"] = values.pop("plan")
            done = type(self).verb(row, by=by, **values)
            nudge(done.pk)
            return Response(run_shown(done, by))

        return self.once(request, self.body, act)


def _step(name: str, verb: Callable[..., BulkRun], body: type[forms.Form], words: str, sent: Any) -> type[StepDoor]:
    def post(self: StepDoor, request: Request, number: int) -> Any:
        return self.answer(request, number)

    post.__doc__ = words
    view = told(BulkRunShape, form=body, sample=RUN, sent=sent)(post)
    return type(f"Bulk{name.title()}Door", (StepDoor,), {"post": view, "verb": staticmethod(verb), "body": body})


PLAN, WHY = {"plan": RUN["plan"]}, {"reason": "agreed with the project manager"}
STEPS = {
    "starts": _step("starts", steering.start, SeenBody, "Start a plan.", PLAN),
    "approvals": _step("approvals", steering.approve, SeenBody, "Approve a plan as the second person.", PLAN),
    "refusals": _step("refusals", steering.refuse, MustReasonBody, "Refuse a plan.", WHY),
    "pauses": _step("pauses", steering.pause, ReasonBody, "Begin nothing new for now.", WHY),
    "resumptions": _step("resumptions", steering.go_on, ReasonBody, "Let a paused run go on.", WHY),
    "cancellations": _step("cancellations", steering.cancel, ReasonBody, "Begin nothing more.", WHY),
    "plans": _step("plans", planning.anew, AgainBody, "Plan the same once more, with what is open now.", {"pace": 600}),
}


def run_of(by: User, number: int) -> BulkRun:
    """Return a run of which somebody may see something. Raises Refused (404)."""
    found = BulkRun.objects.visible_to(by).filter(number=number).first() if number < 2**63 else None
    if found is None:
        raise not_there("bulk run", number)
    return found


def run_shown(run: BulkRun, by: User) -> dict[str, Any]:
    """Return a run as somebody may see it."""
    [run] = shown.as_seen([run], by)
    found = totals(run, by)
    choice = by_name(run.choice)
    copied = (
        "number", "choice", "reason", "made_at", "state", "state_reason", "second_person", "started_at", "ended_at",
        "pace",
    )  # fmt: skip
    mine = {name: getattr(run, name) for name in copied} | {
        "title": run.title, "selected": run.selected_words,
        "left_out": run.left_out if str(by.pk) == run.actor_id else "", "made_by": run.actor_name,
        "plan": run.plan_hash, "approved_by": shown.approver_of(run), "chosen": found.chosen.members,
        "judged": found.judged,
        "outcomes": [
            {"outcome": outcome, "in_words": shown.label_of(outcome, choice), **_worth(found.outcomes[outcome])}
            for outcome in Outcome if outcome in found.outcomes
        ],
        "asking": {"in_words": "Because of which a second person is asked", **_worth(found.asking)},
        "results": [
            {"result": result, "in_words": label, **_worth(found.of(result))}
            for result, label in shown.RESULTS if found.of(result).members
        ],
    }  # fmt: skip
    return in_shape(BulkRunShape, mine)


def _worth(worth: Worth) -> dict[str, Any]:
    sums = [{"currency": currency, "amount": amount} for currency, amount in sorted(worth.sums.items())]
    return {"members": worth.members, "without_amount": worth.unknown, "amounts": sums}


def _member(told_: dict[str, Any]) -> dict[str, Any]:
    row = told_["row"]
    own = ("position", "key", "amount", "currency", "outcome", "result", "ended_as", "stopped_as")
    more = {"work_item": row.item_id, "failure": row.failure_id, "transaction": row.transaction_id}
    return in_shape(
        BulkMemberShape,
        {name: getattr(row, name) for name in own}
        | more
        | {
            "why": told_["why"],
            "second_person": told_["second_person"],
            "ended": told_["ended"],
            "edits": [{"field": each.field, "was": each.was, "value": each.value} for each in told_["edits"]],
        },
    )


__all__ = ["STEPS", "BulkMembersDoor", "BulkRunDoor", "BulkRunsDoor"]
