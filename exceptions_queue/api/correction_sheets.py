"""Experience API: sheets to be corrected in a spreadsheet, and what comes back: the plan of a bulk run."""

import base64
import binascii
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from canonical.entities import ENTITIES
from exceptions_queue.api.bulk import RUN, BulkRunShape, run_shown
from exceptions_queue.bulk import by_sheet
from exceptions_queue.bulk.by_sheet import WrongSheet
from exceptions_queue.bulk.tasks import nudge
from exceptions_queue.query.line import LONGEST
from exceptions_queue.sheets import lines
from exceptions_queue.sheets.edits import LINE
from exceptions_queue.sheets.writing import FORMS
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, FieldError, Refused
from governance.api.told import told
from governance.rights import Right, allowed_anywhere, require

NAMED = 1000  # problems that an answer tells; further ones are counted
TAKEN = {"form": "csv", "content": "77u/SWQs4oCm", "lines": 40, "more": False}


class SheetBody(forms.Form):
    """Which records shall stand in the sheet."""

    records = serializers.ChoiceField(choices=sorted(ENTITIES), help_text="their kind: a sheet holds one")
    query = forms.Text(
        max_length=LONGEST, required=False, allow_blank=True, default="is:open", help_text="of which work items"
    )
    form = serializers.ChoiceField(choices=sorted(FORMS), required=False, default="csv")


class SheetShape(serializers.Serializer[Any]):
    """A sheet, with one line for each record."""

    form = serializers.ChoiceField(choices=sorted(FORMS))
    content = serializers.CharField(help_text="the file, in base64")
    lines = serializers.IntegerField()
    more = serializers.BooleanField(help_text="there are further ones: narrow the query")


class CorrectedSheetBody(forms.Form):
    """A sheet that comes back; lines and columns without a change may be left out, but for Id and Seen."""

    content = forms.Text(max_length=2**20, help_text="the file, CSV or XLSX, in base64")
    reason = forms.Text(max_length=500, help_text=forms.REASON)
    pace = forms.Whole(
        required=False, allow_null=True, default=None, min_value=1, max_value=1_000_000,
        help_text="members in a minute, at most; never more than the hub's own pace",
    )  # fmt: skip


class SheetsDoor(Door):
    """Sheets to be corrected."""

    layer = "experience"

    @told(SheetShape, form=SheetBody, repeats=False, sample=TAKEN, sent={"records": "time_entry", "query": "is:open"})
    def post(self, request: Request) -> Response:
        """Return the records of one kind that work items hold, as a sheet with the fields that may be corrected."""
        by = person(request)
        if not allowed_anywhere(by, Right.EDIT_OVERLAY):
            require(by, Right.EDIT_OVERLAY, None)
        _, values = forms.read(request, SheetBody, {})
        taken = lines.take(by=by, line=values["query"], entity=values["records"], form=values["form"])
        content = base64.b64encode(taken.content).decode()
        return Response({"form": values["form"], "content": content, "lines": taken.lines, "more": taken.more})


class CorrectedSheetsDoor(Door):
    """Sheets that come back."""

    layer = "experience"

    @told(BulkRunShape, form=CorrectedSheetBody, sample=RUN | {"choice": "correction-sheets"},
          sent={"content": "77u/SWQs4oCm", "reason": "asked the consultants"})  # fmt: skip
    def post(self, request: Request) -> Any:
        """Plan what a sheet corrects, as a bulk run; 422 tells all that is wrong, by row, and nothing is kept then."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            try:
                content = base64.b64decode(values["content"], validate=True)
            except (binascii.Error, ValueError) as error:
                told_ = FieldError("/content", "This is no base64.", "the file, in base64")
                raise Refused(INVALID_BODY, told_.detail, errors=[told_]) from error
            try:
                run = by_sheet.plan(content, by=by, reason=values["reason"], pace=values["pace"])
            except WrongSheet as error:
                raise Refused(INVALID_BODY, str(error), errors=_told(error)) from error
            nudge(run.pk)
            return Response(run_shown(run, by))

        return self.once(request, CorrectedSheetBody, act)


def _told(error: WrongSheet) -> list[FieldError]:
    found = [
        FieldError(
            f"/content/{each.row}" if each.column == LINE else f"/content/{each.row}/{each.column}", each.words,
            "what fits the field, or an empty cell",
        )
        for each in error.problems[:NAMED]
    ]  # fmt: skip
    if (further := len(error.problems) - NAMED) > 0:
        found.append(FieldError("/content", f"And {further:,} more.", "a sheet without them"))
    return found
