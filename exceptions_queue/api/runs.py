"""Process API: one run with its books, in numbers and money, to the last record; and what is sent through again."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import totals, verbs
from exceptions_queue.api import samples
from exceptions_queue.api.shapes import SumShape
from exceptions_queue.api.transactions import transaction_of
from exceptions_queue.totals import Worth
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused, not_there
from governance.api.told import told
from routes import accounting, posted
from routes.api import shapes
from routes.api.runs import RUN
from routes.chosen_configuration import NotThere
from routes.models import Run, Transaction
from routes.plan import NotReadyToRun
from routes.states import State
from routes.worked_out import Start

MOST = 200  # transactions of one resubmission


class WorthShape(serializers.Serializer[Any]):
    """What records are worth."""

    amounts = SumShape(many=True)
    hours = serializers.DecimalField(max_digits=20, decimal_places=4)


class LineShape(WorthShape):
    """What stands in one state."""

    state = serializers.ChoiceField(choices=State.choices)
    count = serializers.IntegerField()


class LeftOutShape(WorthShape):
    """What a condition left out."""

    condition = serializers.CharField(help_text="its formula")
    in_words = serializers.CharField(help_text="by the condition “billable time”")
    count = serializers.IntegerField()


class BookShape(serializers.Serializer[Any]):
    """One destination: due = all states + left out + stopped, or `difference` says how many nobody accounts for."""

    destination = serializers.CharField()
    due = serializers.IntegerField()
    due_worth = WorthShape()
    states = LineShape(many=True)
    left_out = LeftOutShape(many=True)
    stopped = serializers.IntegerField(help_text="before a destination was chosen")
    difference = serializers.IntegerField()


class WholeRunShape(shapes.RunShape):
    """A run with its books."""

    balanced = serializers.BooleanField(
        help_text="whether everything that was read is accounted for, as far as the caller sees it"
    )
    books = BookShape(many=True)


class RunDoor(Door):
    """One run."""

    layer = "process"

    @told(WholeRunShape, sample=RUN | samples.WHOLE_RUN)
    def get(self, request: Request, id: UUID) -> Response:
        """Show a run with its control totals and what became of every record."""
        by = person(request)
        row = Run.objects.visible_to(by).select_related("route", "legal_entity").filter(pk=id).first()
        if row is None:
            raise not_there("run", id)
        known = accounting.books(row, by=by)
        books = [_book(*line) for line in totals.lines(row, known)]
        [shown] = shapes.runs([row], by)
        return Response(shown | {"balanced": known.balanced, "books": books})


class ResubmissionBody(forms.Form):
    """Which stopped transactions go through again, and why."""

    transactions = serializers.ListField(child=forms.Id(), min_length=1, max_length=MOST)
    reason = forms.Text(max_length=500, help_text="Kept in the history, for those who read this later.")
    as_then = forms.Yes(required=False, default=False, help_text="the same as the configuration “then”")
    configuration = forms.Text(
        required=False, default="now", max_length=220,
        help_text="now, then (with the table rows of then), or a published version of a mapping as mapping@version",
    )  # fmt: skip
    start = serializers.ChoiceField(
        choices=[each.value for each in Start], required=False, default=Start.SOURCE.value,
        help_text="with what the source sent, or with the stage that stopped it",
    )  # fmt: skip


RESUBMITTED = {"went_on": ["0197a1c2-6a5b-7c1d-8e2f-0a1b2c3d4e5f"], "left_alone": []}


class ResubmittedShape(serializers.Serializer[Any]):
    """What became of a resubmission."""

    went_on = serializers.ListField(child=serializers.UUIDField())
    left_alone = serializers.ListField(
        child=serializers.UUIDField(), help_text="not stopped, replaced by a newer version, or with a write in doubt"
    )


class ResubmissionsDoor(Door):
    """Transactions that go through again."""

    layer = "process"

    @told(ResubmittedShape, form=ResubmissionBody, sample=RESUBMITTED, sent={
        "transactions": ["0197a1c2-6a5b-7c1d-8e2f-0a1b2c3d4e5f"], "reason": "the period is open again",
    })  # fmt: skip
    def post(self, request: Request) -> Any:
        """Send stopped transactions through again, from their stored records.

        Where a policy asks a second person for some of them, nothing is sent: ask at their work item.
        """
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            ids = list(dict.fromkeys(values["transactions"]))
            seen = set(Transaction.objects.visible_to(by).filter(pk__in=ids).values_list("pk", flat=True))
            for missing in [id_ for id_ in ids if id_ not in seen]:
                transaction_of(request, missing)
            text = "then" if values["as_then"] and values["configuration"] == "now" else values["configuration"]
            try:
                done = verbs.resubmit_transactions(
                    ids, by=by, reason=values["reason"], configuration=text, start=Start(values["start"])
                )
            except (NotThere, NotReadyToRun) as error:
                raise Refused(NOT_POSSIBLE, f"{error} Nothing was sent.") from error
            left = [id_ for id_ in ids if id_ not in done]
            there = posted.words(left)
            if there and not done:
                raise Refused(NOT_POSSIBLE, f"{'; '.join(there.values())}. Nothing was sent.")
            return Response({"went_on": done, "left_alone": left})

        return self.once(request, ResubmissionBody, act)


def _book(book: accounting.DestinationBook, lines: list[totals.Line], account: totals.Account) -> dict[str, Any]:
    return {
        "destination": book.name,
        "due": book.due,
        "due_worth": _worth(account.due),
        "states": [{"state": line.state, "count": line.count, **_worth(line.worth)} for line in lines],
        "left_out": [
            {"condition": each.condition, "in_words": each.called, "count": each.count, **_worth(each.worth)}
            for each in account.not_chosen
        ],
        "stopped": book.stopped,
        "difference": book.difference,
    }


def _worth(worth: Worth) -> dict[str, Any]:
    sums = sorted(worth.apart_from_nothing.items())
    return {"amounts": [{"currency": c, "amount": amount} for c, amount in sums], "hours": worth.hours}
