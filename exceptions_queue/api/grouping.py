"""Experience API: rules by which causes that are still to come are brought together, as their page has them."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from canonical.failure import CATEGORIES, Category
from connectors.models import Connection
from exceptions_queue import grouping, reckoning, verbs
from exceptions_queue.api import samples
from exceptions_queue.api.shapes import SumShape
from exceptions_queue.models import GroupingRule, WorkItem
from governance.actor import names
from governance.api import etags, forms, paging
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, NOT_POSSIBLE, FieldError, Refused, not_there
from governance.api.told import told
from governance.models import User
from governance.rights import Right, entities_visible_to, require
from governance.scoping import ALL, entity_ids
from routes.models import Route
from routes.route_fields import NOT_NAMED
from routes.unseen import slug_for

PLACE = "/api/experience/v1/grouping-rules"
KINDS = [(each.value, CATEGORIES[each].title) for each in Category]
ASKED = {"legal_entity": "HP-DE", "kind": "unmapped_value", "table": "service_items"}
WANTED = {"name": "New services without a row"} | ASKED
KEPT = {"reason": "one new line of services", "item": 17}
SAMPLE = {"id": 3} | WANTED | {
    "connection": "", "route": "", "field": "", "rule": "", "words": "", "item": 17,
    "reason": "one new line of services", "kept_by": "Farid Amini", "kept_at": "2026-10-05T16:30:00Z", "hits": 12,
    "last_hit_at": "2026-10-06T08:00:00Z",
}  # fmt: skip


class GroupingRuleBody(forms.Form):
    """What causes have to agree in, and that is more than their kind."""

    legal_entity = forms.Text(max_length=20, help_text="code of the company whose causes it is about")
    kind = serializers.ChoiceField(choices=KINDS, help_text="kind of cause")
    connection = forms.Text(max_length=50, required=False, allow_blank=True, default="", help_text="short name")
    route = forms.Text(max_length=80, required=False, allow_blank=True, default="", help_text="short name")
    table = forms.Text(
        max_length=80, required=False, allow_blank=True, default="", help_text="the table or record that lacks a key"
    )
    field = forms.Text(max_length=120, required=False, allow_blank=True, default="", help_text="the failing field")
    rule = forms.Text(max_length=120, required=False, allow_blank=True, default="", help_text="the rule it is against")
    words = forms.Text(
        max_length=200, required=False, allow_blank=True, default="", help_text="a part of what is told of the cause"
    )


class NewGroupingRuleBody(GroupingRuleBody):
    """A rule that is kept."""

    name = forms.Text(max_length=80)
    item = forms.Whole(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1,
        help_text="number of the work item to which what fits comes; left out: one of its own",
    )  # fmt: skip
    reason = forms.Text(max_length=500)


class GroupingRuleShape(serializers.Serializer[Any]):
    """A rule."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    legal_entity = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    connection = serializers.CharField(allow_blank=True, help_text=f"short name; “{NOT_NAMED}” where you do not see it")
    route = serializers.CharField(allow_blank=True, help_text=f"short name; “{NOT_NAMED}” where you do not see it")
    table = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    rule = serializers.CharField(allow_blank=True)
    words = serializers.CharField(allow_blank=True)
    item = serializers.IntegerField(allow_null=True, help_text="the work item that gathers; null: none yet")
    reason = serializers.CharField()
    kept_by = serializers.CharField()
    kept_at = serializers.DateTimeField()
    hits = serializers.IntegerField(help_text="failures that it has brought together")
    last_hit_at = serializers.DateTimeField(allow_null=True)


class GroupingTrialShape(serializers.Serializer[Any]):
    """What a rule would have brought together in the last 30 days."""

    failures = serializers.IntegerField()
    open = serializers.IntegerField(help_text="of these, open now")
    causes = serializers.IntegerField()
    amounts = SumShape(many=True)
    without_amount = serializers.IntegerField(help_text="records whose amount nobody knows")
    items = serializers.ListField(child=serializers.IntegerField(), help_text="work items of some of these causes")


class RulesDoor(Door):
    """The rules."""

    layer = "experience"
    accepts = paging.NAMES

    @told(GroupingRuleShape, paged=True, sample={"items": [SAMPLE], "next": None})
    def get(self, request: Request) -> Response:
        """List the rules that bring causes together, each with how often it was hit."""
        by = person(request)
        rows = GroupingRule.objects.visible_to(by).select_related("legal_entity", "connection")
        return paging.page(request, rows, ["-pk"], lambda found: _shown(found, by))

    @told(GroupingRuleShape, status=201, form=NewGroupingRuleBody, sample=SAMPLE, sent=WANTED | KEPT)
    def post(self, request: Request) -> Any:
        """Keep a rule for causes that are still to come. What is open stays where it is."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            rule = _made(by, values)
            rule.name = values["name"]
            if values["item"] is not None:
                rule.cause = _item(by, values["item"], rule).fingerprint
            made = verbs.keep_grouping_rule(rule, by=by, reason=values["reason"])
            shown = _shown([made], by)[0]
            headers = {"Location": f"{PLACE}/{made.pk}", "ETag": etags.etag(_steady(shown))}
            return Response(shown, status=201, headers=headers)

        return self.once(request, NewGroupingRuleBody, act)


class RuleTrialsDoor(Door):
    """Trying a rule."""

    layer = "experience"

    @told(GroupingTrialShape, sample=samples.GROUPING_TRIAL, form=GroupingRuleBody, repeats=False, sent=ASKED)
    def post(self, request: Request) -> Response:
        """Tell what a rule would have brought together in the last 30 days. Keeps nothing."""
        by = person(request)
        _, values = forms.read(request, GroupingRuleBody, {})
        rule = _made(by, values)
        require(by, Right.WORK_QUEUE, rule.legal_entity_id)
        rule.name = "tried"
        try:
            grouping.check(rule)
        except verbs.NotPossible as error:
            raise Refused(NOT_POSSIBLE, str(error)) from error
        found = grouping.tried(rule, reckoning.now(), by)
        return Response({
            "failures": found.failures, "open": found.open, "causes": found.causes,
            "amounts": [{"currency": currency, "amount": amount} for currency, amount in found.sums.items()],
            "without_amount": found.without_amount,
            "items": [each.number for each in found.examples if each.number is not None],
        })  # fmt: skip


class RuleDoor(Door):
    """One rule."""

    layer = "experience"

    @told(GroupingRuleShape, tagged=True, sample=SAMPLE)
    def get(self, request: Request, id: int) -> Response:
        """Show a rule, with the ETag for removing it."""
        by = person(request)
        shown = _shown([_row(by, id)], by)[0]
        return Response(shown, headers={"ETag": etags.etag(_steady(shown))})

    @told(None, status=204, edits=True)
    def delete(self, request: Request, id: int) -> Any:
        """Remove a rule: what it has joined stays, and what comes from now on comes apart. Needs If-Match."""
        by = person(request)
        row = _row(by, id)
        require(by, Right.WORK_QUEUE, row.legal_entity_id)
        with transaction.atomic():
            shown = _shown([row], by)[0]
            etags.require(request, _steady(shown), told=lambda: shown)
            verbs.remove_grouping_rule(row, by=by, reason="removed through the API")
        return Response(status=204)


def _made(by: User, values: dict[str, Any]) -> GroupingRule:
    company = entities_visible_to(by).filter(code=values["legal_entity"]).first()
    if company is None:
        raise _wrong("legal_entity", f"There is no legal entity “{values['legal_entity']}” for you.", "the code of one")
    rule = GroupingRule(legal_entity=company, category=values["kind"])
    for name in ("table", "field", "rule", "words"):
        setattr(rule, name, values[name])
    if slug := values["connection"]:
        rule.connection = Connection.objects.visible_to(by).filter(slug=slug).first()
        if rule.connection is None:
            raise _wrong("connection", f"There is no connection “{slug}” for you.", "the short name of one")
    if slug := values["route"]:
        route = Route.objects.visible_to(by).filter(slug=slug).first()
        if route is None:
            raise _wrong("route", f"There is no route “{slug}” for you.", "the short name of one")
        rule.route_id = route.pk
    return rule


def _item(by: User, number: int, rule: GroupingRule) -> WorkItem:
    found = WorkItem.objects.visible_to(by, Right.WORK_QUEUE).filter(number=number).first()
    if found is None or found.legal_entity_id != rule.legal_entity_id:
        raise _wrong("item", f"There is no exception {number} of this company for you.", "the number of one")
    return found


def _wrong(name: str, detail: str, accepted: str) -> Refused:
    return Refused(INVALID_BODY, f"{detail} Nothing was done.", errors=[FieldError(f"/{name}", detail, accepted)])


def _row(by: User, id_: int) -> GroupingRule:
    rows = GroupingRule.objects.visible_to(by).select_related("legal_entity", "connection")
    found = rows.filter(pk=id_).first() if id_ < 2**63 else None
    if found is None:
        raise not_there("grouping rule", id_)
    return found


def _steady(shown: dict[str, Any]) -> dict[str, Any]:
    """Return what of a rule people decide: its hits change while somebody looks."""
    kept = {name: value for name, value in shown.items() if name not in ("hits", "last_hit_at", "item")}
    return kept | {"kept_at": shown["kept_at"].isoformat()}


def _system(row: GroupingRule, seen: frozenset[int] | None) -> str:
    if row.connection is None:
        return ""
    return row.connection.slug if seen is ALL or row.connection.legal_entity_id in seen else NOT_NAMED


def _shown(found: list[GroupingRule], by: User) -> list[dict[str, Any]]:
    rows = grouping.covered(found, by)
    people = names([each.made_by for each in rows])
    seen = entity_ids(by)
    routes = {pk: slug_for(each, seen) for pk, each in Route.objects.in_bulk({row.route_id for row in rows}).items()}
    items = WorkItem.objects.filter(fingerprint__in={each.cause for each in rows}).order_by("number")
    numbers = dict(items.values_list("fingerprint", "number"))
    return [
        {
            "id": row.pk, "name": row.name, "legal_entity": row.legal_entity.code, "kind": row.category,
            "connection": _system(row, seen),
            "route": routes.get(row.route_id, "") if row.route_id else "", "table": row.table, "field": row.field,
            "rule": row.rule, "words": row.words, "item": numbers.get(row.cause), "reason": row.reason,
            "kept_by": people[row.made_by], "kept_at": row.made_at, "hits": row.hits, "last_hit_at": row.hit_at,
        }
        for row in rows
    ]  # fmt: skip
