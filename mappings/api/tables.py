"""Process API: lookup tables, their rows, and proposing, approving, refusing and withdrawing rows; cross-references."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from canonical.entities import ENTITIES
from connectors.models import Connection
from governance.actor import names
from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, FieldError, Refused, not_there
from governance.api.told import told
from governance.models import LegalEntity, User
from mappings import cross_references, discreet, tables
from mappings.api import row_places
from mappings.filters import CrossReferenceFilter, TableFilter, TableRowFilter
from mappings.models import Approval, CrossReference, LookupTable, TableRow

MOST = 1000  # rows of one request
LARGEST = 2**63 - 1
ROW = {
    "id": 12, "key": ["Partner", "EUR"], "values": {"rate": "300.00"}, "valid_from": "2026-01-01", "valid_to": None,
    "state": "in_force", "proposed_by": "Farid Amini", "proposed_at": "2026-01-02T09:00:00Z", "reason": "list of 2026",
}  # fmt: skip
ENDED = ROW | {"state": "ended"}
NEW = {"rows": [{"key": ["Partner", "EUR"], "values": {"rate": "300.00"}}], "reason": "list of 2026"}
TABLE = {
    "id": 3, "name": "bill_rates", "title": "Bill rates", "meaning": "", "legal_entity": "HP-DE",
    "key_columns": ["role", "currency"], "value_columns": {"rate": "money"}, "approval": "always",
}  # fmt: skip
LINK = {
    "entity": "project", "connection": "netsuite", "legal_entity": "HP-DE", "key": "HP-DE/P-881",
    "external_id": "8812", "reference": "P-881", "recorded_at": "2026-10-05T16:30:00Z",
}  # fmt: skip


NEW_LINK = {name: text for name, text in LINK.items() if name != "recorded_at"}


class TableShape(serializers.Serializer[Any]):
    """A table that formulas look up."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    title = serializers.CharField()
    meaning = serializers.CharField(allow_blank=True)
    legal_entity = serializers.CharField(allow_null=True, help_text="null: it serves all of them")
    key_columns = serializers.ListField(child=serializers.CharField())
    value_columns = serializers.DictField(child=serializers.CharField())
    approval = serializers.ChoiceField(choices=Approval.choices)


class RowShape(serializers.Serializer[Any]):
    """A row: a key, its values, and the days on which it is valid."""

    id = serializers.IntegerField()
    key = serializers.ListField(child=serializers.CharField())
    values = serializers.DictField(child=serializers.JSONField(allow_null=True))
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True)
    state = serializers.ChoiceField(choices=["in_force", "waiting", "ended"])
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)


class RowsShape(serializers.Serializer[Any]):
    """What became of rows."""

    in_force = RowShape(many=True)
    waiting = RowShape(many=True)


class EndedShape(serializers.Serializer[Any]):
    """Rows that count no more, or never did."""

    ended = RowShape(many=True)


class NewRowForm(forms.Form):
    """A row to add."""

    key = serializers.ListField(child=forms.Exact(max_length=200), min_length=1, max_length=20)
    values = forms.Texts(help_text="texts by column")
    valid_from = forms.Day(required=False, allow_null=True, default=None)
    valid_to = forms.Day(required=False, allow_null=True, default=None)


class RowsBody(forms.Form):
    """Rows to add; all of them, or none."""

    rows = serializers.ListField(child=NewRowForm(), min_length=1, max_length=MOST)
    reason = forms.Text(required=False, default="", max_length=500, allow_blank=True)


class DecisionBody(forms.Form):
    """Rows that are decided about, and why."""

    rows = serializers.ListField(child=forms.Whole(min_value=1, max_value=LARGEST), min_length=1, max_length=MOST)
    reason = forms.Text(max_length=500)


class LinkShape(serializers.Serializer[Any]):
    """Which id of a system is which record of ours."""

    entity = serializers.CharField()
    connection = serializers.CharField(
        allow_null=True, help_text="short name; null: it is there no more, or you do not see it"
    )
    legal_entity = serializers.CharField(allow_null=True)
    key = serializers.CharField()
    external_id = serializers.CharField()
    reference = serializers.CharField(allow_blank=True)
    recorded_at = serializers.DateTimeField()


class LinkBody(forms.Form):
    """Which id of a system is which record of ours."""

    entity = serializers.ChoiceField(choices=list(ENTITIES))
    connection = forms.Text(max_length=50, help_text="short name")
    legal_entity = forms.Text(max_length=20, help_text="code")
    key = forms.Exact(max_length=200)
    external_id = forms.Exact(max_length=200)
    reference = forms.Exact(required=False, default="", max_length=200, allow_blank=True)


class TablesDoor(Door):
    """The lookup tables."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*TableFilter.base_filters, *paging.NAMES)

    @told(TableShape, filters=TableFilter, paged=True, sample={"items": [TABLE], "next": None})
    def get(self, request: Request) -> Response:
        """List lookup tables."""
        visible = LookupTable.objects.visible_to(person(request)).select_related("legal_entity")
        rows = parameters.filtered(request, TableFilter, visible)
        return paging.page(request, rows, ["pk"], lambda found: [_table_shown(row) for row in found])


class RowsDoor(Door):
    """The rows of a table."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*TableRowFilter.base_filters, *paging.NAMES) if request.method != "POST" else ()

    @told(RowShape, filters=TableRowFilter, paged=True, sample={"items": [ROW], "next": None})
    def get(self, request: Request, id: int) -> Response:
        """List the rows of a table, those that ended included; also those of a table that is deleted."""
        by = person(request)
        table = table_of(by, id, past=True)
        rows = parameters.filtered(request, TableRowFilter, table.rows.all())
        return paging.page(request, rows, ["pk"], lambda found: _rows_shown(found, table, by))

    @told(
        RowsShape,
        status=201,
        sample={"in_force": [], "waiting": [ROW | {"state": "waiting"}]},
        form=RowsBody,
        sent={"rows": [{"key": ["Partner", "EUR"], "values": {"rate": "300.00"}}]},
    )
    def post(self, request: Request, id: int) -> Any:
        """Add rows; those that the table's policy does not let through wait for a second person."""
        by = person(request)
        table = table_of(by, id)

        def act(values: dict[str, Any]) -> Response:
            rows = [
                tables.NewRow(tuple(each["key"]), each["values"], each["valid_from"], each["valid_to"])
                for each in values["rows"]
            ]
            try:
                added = tables.add_rows(table, rows, by=by, reason=values["reason"])
            except tables.RowErrors as error:
                raise row_places.refused(error, keys=table.key_columns, many=True) from None
            groups = {"in_force": added.in_force, "waiting": added.waiting}
            shown = {name: _rows_shown(found, table, by) for name, found in groups.items()}
            return Response(shown, status=201)

        return self.once(request, RowsBody, act)


class DecisionDoor(Door):
    """A decision about rows of a table."""

    layer = "process"
    verb: ClassVar[Callable[..., Any]]

    def decide(self, request: Request, id: int) -> Any:
        """Let the verb decide."""
        by = person(request)
        table = table_of(by, id)

        def act(values: dict[str, Any]) -> Response:
            done = type(self).verb(table, values["rows"], by=by, reason=values["reason"])
            if isinstance(done, tables.Added):
                return Response({"in_force": _rows_shown(done.in_force, table, by), "waiting": []})
            return Response({"ended": _rows_shown(done, table, by)})

        return self.once(request, DecisionBody, act)


class RowApprovalsDoor(DecisionDoor):
    """Approving rows."""

    verb = staticmethod(tables.approve_rows)

    @told(
        RowsShape, form=DecisionBody, sample={"in_force": [ROW], "waiting": []}, sent={"rows": [12], "reason": "agreed"}
    )
    def post(self, request: Request, id: int) -> Any:
        """Give the second person's consent to rows that wait."""
        return self.decide(request, id)


class RowRefusalsDoor(DecisionDoor):
    """Refusing rows."""

    verb = staticmethod(tables.refuse_rows)

    @told(
        EndedShape, form=DecisionBody, sample={"ended": [ENDED]}, sent={"rows": [12], "reason": "not on the price list"}
    )
    def post(self, request: Request, id: int) -> Any:
        """Refuse rows that wait for a second person."""
        return self.decide(request, id)


class RowWithdrawalsDoor(DecisionDoor):
    """Withdrawing rows."""

    verb = staticmethod(tables.withdraw_rows)

    @told(
        EndedShape,
        form=DecisionBody,
        sample={"ended": [ENDED]},
        sent={"rows": [12], "reason": "the service is no longer sold"},
    )
    def post(self, request: Request, id: int) -> Any:
        """Take rows out of force without a successor."""
        return self.decide(request, id)


class CrossReferencesDoor(Door):
    """The cross-references."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*CrossReferenceFilter.base_filters, *paging.NAMES) if request.method != "POST" else ()

    @told(LinkShape, filters=CrossReferenceFilter, paged=True, sample={"items": [LINK], "next": None})
    def get(self, request: Request) -> Response:
        """List cross-references."""
        visible = CrossReference.objects.visible_to(person(request)).select_related("legal_entity")
        rows = parameters.filtered(request, CrossReferenceFilter, visible)
        return paging.page(
            request,
            rows,
            ["pk"],
            lambda found: links_shown(discreet.references_shown(found, person(request)), person(request)),
        )

    @told(LinkShape, status=201, form=LinkBody, sample=LINK, sent=NEW_LINK)
    def post(self, request: Request) -> Any:
        """Say which id a record of ours has in a system; what waits for it goes on."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            connection = Connection.objects.visible_to(by).filter(slug=values["connection"]).first()
            company = LegalEntity.objects.visible_to(by).filter(code=values["legal_entity"]).first()
            for name, found in (("connection", connection), ("legal_entity", company)):
                if found is None:
                    error = FieldError(
                        f"/{name}", f"There is no such {name.replace('_', ' ')} for you.", "a name of one"
                    )
                    raise Refused(INVALID_BODY, error.detail, errors=[error])
            assert connection is not None
            assert company is not None
            new = cross_references.NewReference(
                connection.pk, values["entity"], values["key"], values["external_id"], company.pk, values["reference"]
            )
            cross_references.upsert([new], by=by)
            rows = CrossReference.objects.select_related("legal_entity").filter(
                connection_id=connection.pk, entity=new.entity, canonical_key=new.canonical_key
            )
            return Response(links_shown(discreet.references_shown(rows, by), by)[0], status=201)

        return self.once(request, LinkBody, act)


def table_of(by: User, id_: int, *, past: bool = False) -> LookupTable:
    """Return a table that somebody may see; `past` accepts a deleted one. Raises Refused (404)."""
    there = LookupTable.ever if past else LookupTable.objects
    visible = there.visible_to(by).select_related("legal_entity")
    found = visible.filter(pk=id_).first() if id_ <= LARGEST else None
    if found is None:
        raise not_there("table", id_)
    return found


def _table_shown(row: LookupTable) -> dict[str, Any]:
    code = row.legal_entity.code if row.legal_entity else None
    return {str(name): getattr(row, str(name)) for name in TableShape().fields} | {"legal_entity": code}


def _rows_shown(rows: "list[TableRow]", table: LookupTable, by: User) -> list[dict[str, Any]]:
    masks = discreet.masks_of_table(table, by)
    people = names({row.proposed_by for row in rows})
    return [
        {
            "id": row.pk,
            "key": discreet.key_shown(table, row.key, masks),
            "values": discreet.values_shown(row.values, masks),
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "state": "ended" if row.recorded_to else "in_force" if row.approved_at else "waiting",
            "proposed_by": people[row.proposed_by],
            "proposed_at": row.proposed_at,
            "reason": discreet.reason_shown(row, table, masks),
        }
        for row in rows
    ]


def links_shown(rows: list[CrossReference], by: User) -> list[dict[str, Any]]:
    """Return cross-references as the API shows them. One query."""
    slugs: QuerySet[Any, Any] = Connection.objects.visible_to(by).filter(pk__in={row.connection_id for row in rows})
    named = dict(slugs.values_list("pk", "slug"))
    return [
        {
            "entity": row.entity,
            "connection": named.get(row.connection_id),
            "legal_entity": row.legal_entity.code if row.legal_entity else None,
            "key": row.canonical_key,
            "external_id": row.external_id,
            "reference": row.reference,
            "recorded_at": row.recorded_at,
        }
        for row in rows
    ]
