"""Process API: taking a cross-reference out."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from canonical.entities import ENTITIES
from connectors.models import Connection
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import not_there
from governance.api.told import told
from mappings import cross_references, discreet
from mappings.api.tables import LINK, LinkShape, links_shown
from mappings.models import CrossReference

UNLINK = {name: LINK[name] for name in ("entity", "connection", "key", "external_id", "reference")}


class UnlinkBody(forms.Form):
    """What is taken out, as it was read, and why."""

    entity = serializers.ChoiceField(choices=list(ENTITIES))
    connection = forms.Text(max_length=50, help_text="short name")
    key = forms.Exact(max_length=200)
    external_id = forms.Exact(max_length=200, help_text="as it stands there; another one is not taken out")
    reference = forms.Exact(required=False, default="", max_length=200, allow_blank=True, help_text="likewise")
    reason = forms.Text(max_length=500, help_text=forms.REASON)


class UnlinksDoor(Door):
    """Taking cross-references out."""

    layer = "process"

    @told(LinkShape, form=UnlinkBody, sample=LINK, sent=UNLINK | {"reason": "it is another project"})
    def post(self, request: Request) -> Any:
        """Take a cross-reference out, and show it for the last time. What needs it from then on waits."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            at = Connection.objects.visible_to(by).filter(slug=values["connection"]).first()
            mine = CrossReference.objects.visible_to(by).filter(entity=values["entity"], canonical_key=values["key"])
            if at is None or not mine.filter(connection_id=at.pk).exists():
                raise not_there("cross-reference", values["key"])
            place = cross_references.NewReference(
                at.pk, values["entity"], values["key"], values["external_id"], None, values["reference"]
            )
            gone = cross_references.unlink(place, by=by, reason=values["reason"])
            return Response(links_shown(discreet.references_shown([gone], by), by)[0])

        return self.once(request, UnlinkBody, act)
