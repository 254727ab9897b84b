"""Process API: what the next run of a route would take in, seen before it runs. Nothing is kept, sent or moved."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused
from governance.api.told import told
from routes import preview
from routes.api.runs import route_of

PREVIEW: dict[str, Any] = {
    "from_start": False,
    "lines": [{"key": "TE-0000017", "known": False, "elsewhere": False, "goes_to": ["NetSuite"], "left_out": [],
               "problems": [], "values": {"hours": "7.50", "project_code": "P-881"}}],
    "totals": [{"words": "would be taken in and sent on", "count": 1}],
}  # fmt: skip


class PreviewLineShape(serializers.Serializer[Any]):
    """One record as it would be taken in."""

    key = serializers.CharField(allow_blank=True, help_text="blank where `elsewhere`")
    known = serializers.BooleanField(help_text="a version was read before: it is new only where it has changed")
    elsewhere = serializers.BooleanField(help_text="of a company whose records you do not see: only counted")
    goes_to = serializers.ListField(child=serializers.CharField(), help_text="destinations, and what it waits for")
    left_out = serializers.ListField(child=serializers.CharField(), help_text="destinations whose condition it misses")
    problems = serializers.ListField(child=serializers.CharField())
    values = serializers.DictField(
        child=serializers.JSONField(allow_null=True), help_text="canonical fields that are not empty"
    )


class PreviewTotalShape(serializers.Serializer[Any]):
    """What would become of how many."""

    words = serializers.CharField()
    count = serializers.IntegerField()


class PreviewShape(serializers.Serializer[Any]):
    """What a run would begin with."""

    from_start = serializers.BooleanField(help_text="the route has read nothing yet")
    lines = PreviewLineShape(many=True)
    totals = PreviewTotalShape(many=True)


class PreviewsDoor(Door):
    """The preview of a route's next run."""

    layer = "process"

    @told(PreviewShape, form=forms.Form, repeats=False, sent={}, sample=PREVIEW)
    def post(self, request: Request, slug: str) -> Response:
        """Read what the next run would begin with, and show what would become of it. The source is asked once."""
        by = person(request)
        row = route_of(by, slug)
        forms.read(request, forms.Form, {})
        try:
            found = preview.of_next_run(row, by=by)
        except preview.NoPreview as none:
            raise Refused(NOT_POSSIBLE, str(none)) from None
        return Response(told_preview(found))


def told_preview(found: preview.Preview) -> dict[str, Any]:
    """Return a preview as the API shows it."""
    return {
        "from_start": found.from_start,
        "lines": [_line(each) for each in found.lines],
        "totals": [{"words": words, "count": count} for words, count in found.totals],
    }


def _line(line: preview.Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "known": line.known,
        "elsewhere": line.elsewhere,
        "goes_to": line.goes_to,
        "left_out": line.left_out,
        "problems": line.problems,
        "values": dict(line.values),
    }
