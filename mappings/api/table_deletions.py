"""Process API: deleting a lookup table, agreeing to that as the second person, and keeping the table."""

from collections.abc import Callable
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.actor import names
from governance.api import forms
from governance.api.door import Door, person
from governance.api.told import told
from mappings import deleting
from mappings.api.tables import table_of
from mappings.models import LookupTable

SENT = {"reason": "no mapping reads it any more"}
SHOWN = {
    "id": 3, "name": "bill_rates", "state": "deleted", "asked_by": None, "deleted_by": "Farid Amini",
    "deleted_at": "2026-01-02T09:00:00Z", "reason": "no mapping reads it any more",
}  # fmt: skip


class DeletionShape(serializers.Serializer[Any]):
    """What became of a table that was to be deleted."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["kept", "waiting", "deleted"], help_text="waiting: for a second person")
    asked_by = serializers.CharField(allow_null=True)
    deleted_by = serializers.CharField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class DeletionBody(forms.Form):
    """Why."""

    reason = forms.Text(max_length=500)


class DeletingDoor(Door):
    """A step of deleting a table."""

    layer = "process"
    verb: ClassVar[Callable[..., LookupTable]]

    def take(self, request: Request, id: int) -> Any:
        """Let the verb take the step."""
        by = person(request)
        table = table_of(by, id)

        def act(values: dict[str, Any]) -> Response:
            return Response(_shown(type(self).verb(table, by=by, reason=values["reason"])))

        return self.once(request, DeletionBody, act)


class DeletionsDoor(DeletingDoor):
    """Deleting."""

    verb = staticmethod(deleting.delete_table)

    @told(DeletionShape, form=DeletionBody, sample=SHOWN, sent=SENT)
    def post(self, request: Request, id: int) -> Any:
        """Delete a table that no mapping in force reads; where its rows want a second person it waits for one."""
        return self.take(request, id)


class DeletionApprovalsDoor(DeletingDoor):
    """Agreeing."""

    verb = staticmethod(deleting.agree_to_deletion)

    @told(DeletionShape, form=DeletionBody, sample=SHOWN, sent=SENT)
    def post(self, request: Request, id: int) -> Any:
        """Give the second person's consent to a deletion that waits."""
        return self.take(request, id)


class DeletionRefusalsDoor(DeletingDoor):
    """Keeping."""

    verb = staticmethod(deleting.keep_table)

    @told(DeletionShape, form=DeletionBody, sample=SHOWN, sent=SENT)
    def post(self, request: Request, id: int) -> Any:
        """Refuse a deletion that waits, or take back one's own; the table stays as it is."""
        return self.take(request, id)


def _shown(row: LookupTable) -> dict[str, Any]:
    people = names({who for who in (row.deletion_asked_by, row.deleted_by) if who})
    return {
        "id": row.pk,
        "name": row.name,
        "state": "deleted" if row.deleted_at else "waiting" if row.deletion_asked_at else "kept",
        "asked_by": people.get(row.deletion_asked_by or ""),
        "deleted_by": people.get(row.deleted_by or ""),
        "deleted_at": row.deleted_at,
        "reason": row.deletion_reason,
    }
