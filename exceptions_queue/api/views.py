"""Experience API: lists under a name, as their page keeps them."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import columns, verbs, views
from exceptions_queue.models import SavedView
from exceptions_queue.query.line import LONGEST
from exceptions_queue.verbs.keep_view import may_change
from governance.api import etags, forms
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, FieldError, Refused, not_there
from governance.api.told import told
from governance.models import LegalEntity, User
from governance.rights import entities_visible_to
from governance.still_there import held

PLACE = "/api/experience/v1/work-item-views"
WANTED = {"name": "Month end", "query": "is:open tag:month-end", "sort": "money", "columns": ["stake", "since"]}
SAMPLE = {"id": 12, "legal_entity": "HP-DE"} | WANTED


class ViewBody(forms.Form):
    """What a list says."""

    name = forms.Text(max_length=60)
    query = forms.Text(max_length=LONGEST, required=False, allow_blank=True, default="", help_text="its line")
    sort = serializers.ChoiceField(choices=list(columns.SORTS.items()), required=False, default=columns.USUAL_SORT)
    columns = serializers.ListField(
        child=serializers.ChoiceField(choices=list(columns.COLUMNS.items())), required=False, default=list,
        max_length=len(columns.COLUMNS), help_text="in their order; none: the usual ones",
    )  # fmt: skip


class NewViewBody(ViewBody):
    """A new list, for oneself or for a legal entity's people."""

    legal_entity = forms.Text(
        max_length=20, required=False, allow_blank=True, default="", help_text="code; left out: one's own"
    )


class SharingBody(forms.Form):
    """With whom."""

    legal_entity = forms.Text(max_length=20, help_text="code; everybody who sees it sees the list")


class ViewShape(serializers.Serializer[Any]):
    """A list under a name."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    query = serializers.CharField(allow_blank=True)
    sort = serializers.ChoiceField(choices=list(columns.SORTS.items()))
    columns = serializers.ListField(child=serializers.CharField())
    legal_entity = serializers.CharField(allow_blank=True, help_text="with whose people it is shared; empty: one's own")


class ViewsShape(serializers.Serializer[Any]):
    """Lists."""

    items = ViewShape(many=True)


class ViewsDoor(Door):
    """The lists that people keep."""

    layer = "experience"

    @told(ViewsShape, sample={"items": [SAMPLE]})
    def get(self, request: Request) -> Response:
        """List the caller's own lists of work items, and those that are shared with them."""
        rows = [each.row for each in views.offered(person(request)) if each.row]
        return Response({"items": [_shown(row) for row in rows]})

    @told(ViewShape, status=201, form=NewViewBody, sample=SAMPLE, sent=WANTED | {"legal_entity": "HP-DE"})
    def post(self, request: Request) -> Any:
        """Keep a list of work items under a name, for oneself or shared with a legal entity's people."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            code = values["legal_entity"]
            made = verbs.keep_view(by=by, legal_entity=_company(by, code) if code else None, **_given(values))
            return _answer(made, status=201)

        return self.once(request, NewViewBody, act)


class ViewDoor(Door):
    """One list."""

    layer = "experience"

    @told(ViewShape, tagged=True, sample=SAMPLE)
    def get(self, request: Request, id: int) -> Response:
        """Show a list of work items that somebody keeps, with the ETag for changing it."""
        return _answer(_row(person(request), id))

    @told(ViewShape, form=ViewBody, edits=True, sample=SAMPLE, sent=WANTED)
    def put(self, request: Request, id: int) -> Any:
        """Let a list of work items say something else. Needs If-Match with the ETag that was read."""
        by = person(request)
        row = _row(by, id)
        may_change(row, by)

        def act(values: dict[str, Any]) -> Response:
            seen = _unchanged(request, row)
            return _answer(verbs.change_view(row, by=by, seen=seen, **_given(values)))

        return self.once(request, ViewBody, act)

    @told(None, status=204, edits=True)
    def delete(self, request: Request, id: int) -> Any:
        """Throw a list of work items away; what it shows stays. Needs If-Match."""
        by = person(request)
        row = _row(by, id)
        may_change(row, by)
        with transaction.atomic():
            verbs.delete_view(row, by=by, seen=_unchanged(request, row))
        return Response(status=204)


class ViewSharingsDoor(Door):
    """Sharing a list of one's own."""

    layer = "experience"

    @told(ViewShape, form=SharingBody, sample=SAMPLE, sent={"legal_entity": "HP-DE"})
    def post(self, request: Request, id: int) -> Any:
        """Share a list of one's own with everybody who sees a legal entity: it is theirs from now on."""
        by = person(request)
        row = _row(by, id)
        may_change(row, by)

        def act(values: dict[str, Any]) -> Response:
            company = _company(by, values["legal_entity"])
            return _answer(verbs.share_view(row, by=by, seen=row.version, legal_entity=company))

        return self.once(request, SharingBody, act)


def _given(values: dict[str, Any]) -> dict[str, str]:
    sort = "" if values["sort"] == columns.USUAL_SORT else values["sort"]
    return {"name": values["name"], "line": values["query"], "sort": sort, "columns": ",".join(values["columns"])}


def _row(by: User, id_: int) -> SavedView:
    visible = SavedView.objects.visible_to(by).select_related("legal_entity", "owner")
    found = visible.filter(pk=id_).first() if id_ < 2**63 else None
    if found is None:
        raise not_there("list of work items", id_)
    return found


def _company(by: User, code: str) -> LegalEntity:
    found = entities_visible_to(by).filter(code=code).first()
    if found is None:
        error = FieldError("/legal_entity", f"There is no legal entity “{code}” for you.", "the code of one")
        raise Refused(INVALID_BODY, f"{error.detail} Nothing was done.", errors=[error])
    return found


def _unchanged(request: Request, row: SavedView) -> int:
    """Return the version that the caller has read. Raises Refused (412, 428) and Gone."""
    locked = held(SavedView.objects.select_related("legal_entity"), row)
    etags.require(request, _shown(locked))
    return locked.version


def _shown(row: SavedView) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "query": row.line,
        "sort": row.sort or columns.USUAL_SORT,
        "columns": list(columns.read(row.columns)),
        "legal_entity": row.legal_entity.code if row.legal_entity else "",
    }


def _answer(row: SavedView, *, status: int = 200) -> Response:
    shown = _shown(row)
    answer = Response(shown, status=status, headers={"ETag": etags.etag(shown)})
    if status == 201:
        answer["Location"] = f"{PLACE}/{row.pk}"
    return answer
