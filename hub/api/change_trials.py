"""System API: trying a draft before it is in force. Nothing of it is kept, and nothing is changed elsewhere."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.api.connections import ReportShape
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused
from governance.api.told import told
from governance.rights import Right, require
from governance.versions import WrongState
from hub.api.changes import version_of
from hub.changes import previewing, trying
from routes.api.previews import PREVIEW, PreviewShape, told_preview
from routes.preview import NoPreview


class ComparedShape(serializers.Serializer[Any]):
    """What a route's next run would do with a draft, and as it is now, on the same records."""

    then = PreviewShape(help_text="with the draft")
    now = PreviewShape(allow_null=True, help_text="as the route is; null where that cannot be told of these records")
    why = serializers.CharField(allow_blank=True, help_text="why there is no `now`")


class ChangeTestsDoor(Door):
    """Trying a draft of a connection."""

    layer = "system"

    @told(ReportShape, form=forms.Form, repeats=False, sent={}, sample={"ok": True, "message": "Works.", "remedy": ""})
    def post(self, request: Request, pk: UUID) -> Response:
        """Ask the system as if a connection's draft were in force, and say in words what came of it."""
        by = person(request)
        row = version_of(by, pk)
        require(by, Right.EDIT_CONFIGURATION, row.legal_entity)
        forms.read(request, forms.Form, {})
        try:
            report = trying.try_draft(row, by=by)
        except WrongState as wrong:
            raise Refused(NOT_POSSIBLE, str(wrong)) from None
        return Response({"ok": report.ok, "message": report.message, "remedy": report.remedy})


class ChangePreviewsDoor(Door):
    """The preview of a route's next run with its draft."""

    layer = "system"

    @told(ComparedShape, form=forms.Form, repeats=False, sent={}, sample={"then": PREVIEW, "now": PREVIEW, "why": ""})
    def post(self, request: Request, pk: UUID) -> Response:
        """Read what the next run would begin with, and show what would become of it with the draft, and without."""
        by = person(request)
        row = version_of(by, pk)
        require(by, Right.EDIT_CONFIGURATION, row.legal_entity)
        forms.read(request, forms.Form, {})
        try:
            found = previewing.of_draft(row, by=by)
        except (NoPreview, WrongState) as none:
            raise Refused(NOT_POSSIBLE, str(none)) from None
        now = told_preview(found.now) if found.now else None
        return Response({"then": told_preview(found.then), "now": now, "why": found.why})
