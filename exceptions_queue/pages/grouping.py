"""Grouping rules: who made which and why, how often each was hit; tried on the last days before one is kept."""

import hashlib
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from canonical.entities import ENTITIES
from canonical.failure import CATEGORIES, Category
from connectors.models import Connection
from exceptions_queue import grouping, reckoning, verbs, words
from exceptions_queue.handling_forms import HandlingForm, ReasonForm, reason_field
from exceptions_queue.models import GroupingRule, WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.item import item_of
from exceptions_queue.pages.items import companies_with
from exceptions_queue.parts import parts_of
from exceptions_queue.permitted import masks_by_entity, masks_of, rights_in
from governance.actor import names
from governance.models import User
from governance.rights import Right, allowed, allowed_anywhere, require
from mappings.ends import end_words
from mappings.models import LookupTable
from routes.models import Route

ANY = ("", "any")
MOST = 500  # rules that are listed
CHANGED = "You have changed it since you tried it. See what it would have done, then keep it."


class RuleForm(HandlingForm):
    """What causes have to agree in to be one exception."""

    name = forms.CharField(max_length=80, help_text="By which people know it again: New services without a row.")
    legal_entity = forms.TypedChoiceField(coerce=int, label="Company")
    category = forms.ChoiceField(label="Kind of cause")
    connection = forms.TypedChoiceField(coerce=int, empty_value=None, required=False, label="System at which it stops")
    route = forms.TypedChoiceField(coerce=int, empty_value=None, required=False)
    table = forms.ChoiceField(required=False, label="Table or record that lacks a key")
    field = forms.ChoiceField(required=False, label="Failing field")
    rule = forms.CharField(max_length=120, required=False, label="Rule that it is against")
    words = forms.CharField(
        max_length=200, required=False, label="Words of the message",
        help_text="A part of what is told of the cause. Capital and small letters are the same.",
    )  # fmt: skip
    item = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = reason_field()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        systems = Connection.objects.visible_to(user).order_by("name").values_list("pk", "name")
        routes = Route.objects.visible_to(user).order_by("name").values_list("pk", "name")
        companies = companies_with(user, Right.WORK_QUEUE)
        self._choose("legal_entity", [(each.pk, str(each)) for each in companies])
        self._choose("category", [(each.value, CATEGORIES[each].title) for each in Category])
        self._choose("connection", [ANY, *systems])
        self._choose("route", [ANY, *routes])
        self._choose("table", [ANY, *_tables(user)])
        self._choose("field", [ANY, *_fields(user)])

    def _choose(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def made(self, item: WorkItem | None) -> GroupingRule:
        """Return the rule that was typed, not yet kept."""
        typed = self.cleaned_data
        plain = {name: typed[name].strip() for name in ("name", "category", "table", "field", "rule", "words")}
        own = item if item is not None and item.legal_entity_id == typed["legal_entity"] else None
        return GroupingRule(
            **plain, legal_entity_id=typed["legal_entity"], connection_id=typed["connection"],
            route_id=typed["route"], cause=own.fingerprint if own else "",
        )  # fmt: skip


def _tables(user: User) -> list[tuple[str, str]]:
    """Return what may lack a key, by name and as people call it: tables, records of the hub, and what lacked one."""
    known = {**_stopped(user, "table"), **{name: end_words(name) for name in ENTITIES}}
    return _by_words(
        known | dict(LookupTable.objects.visible_to(user).filter(deleted_at=None).values_list("name", "title"))
    )


def _fields(user: User) -> list[tuple[str, str]]:
    """Return the fields that may fail, by name and as people call them: of the hub's records, and what has failed."""
    own = (field.name for entity in ENTITIES.values() for field in entity.fields)
    return _by_words({**_stopped(user, "field"), **{name: words.plain(name) for name in own}})


def _stopped(user: User, column: str) -> dict[str, str]:
    """Return the names at which something of somebody's has stopped, each as it is read aloud. One query."""
    rows = WorkItem.objects.visible_to(user).exclude(**{column: ""}).order_by()
    return {name: words.plain(name) for name in rows.values_list(column, flat=True).distinct()[:MOST]}


def _by_words(known: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(known.items(), key=lambda each: each[1].casefold())


@page
def rules(request: HttpRequest) -> HttpResponse:
    """List the grouping rules, each with who made it, why, and how often it was hit."""
    user = person(request)
    return _listed(request, user)


def _listed(request: HttpRequest, user: User, refused: tuple[int, ReasonForm] | None = None) -> HttpResponse:
    rows = GroupingRule.objects.visible_to(user).select_related("legal_entity", "connection")[:MOST]
    found = grouping.covered(rows, user)
    people = names([each.made_by for each in found])
    routes = Route.objects.in_bulk({each.route_id for each in found if each.route_id})
    items = WorkItem.objects.visible_to(user).filter(fingerprint__in={each.cause for each in found})
    numbers = dict(items.order_by("number").values_list("fingerprint", "number"))
    may = {each.pk for each in companies_with(user, Right.WORK_QUEUE)}
    shown = [
        (
            each, grouping.conditions(each, user, routes), people[each.made_by], numbers.get(each.cause),
            _removal(each, refused) if each.legal_entity_id in may else None,
        )
        for each in found
    ]  # fmt: skip
    more = context("grouping", rules=shown, may=bool(may))
    return render(request, "queue/grouping_rules.html", more, status=422 if refused else 200)


def _removal(rule: GroupingRule, refused: tuple[int, ReasonForm] | None) -> ReasonForm:
    form = refused[1] if refused and refused[0] == rule.pk else ReasonForm()
    form.auto_id = f"rule-{rule.pk}-%s"
    return form


@page
def new(request: HttpRequest) -> HttpResponse:
    """Draft a rule, of what the causes of an item have in common or from nothing; try it on what was, and keep it."""
    user = person(request)
    if not allowed_anywhere(user, Right.WORK_QUEUE):
        require(user, Right.WORK_QUEUE, None)
    item = _item(request, user)
    form = RuleForm(request.POST or None, user=user, initial=_drafted(request, item, user))
    found = None
    if request.method == "POST" and form.is_valid():
        rule = form.made(item)
        require(user, Right.WORK_QUEUE, rule.legal_entity_id)
        try:
            if request.POST.get("keep") == _stamp(rule):
                verbs.keep_grouping_rule(rule, by=user, reason=form.cleaned_data["reason"])
                messages.success(request, f"The rule “{rule.name}” is kept. It counts for what stops from now on.")
                return redirect("queue:grouping-rules")
            grouping.check(rule)
            found = _shown(grouping.tried(rule, reckoning.now(), user), rule, user) | {"stamp": _stamp(rule)}
            if "keep" in request.POST:
                messages.info(request, CHANGED)
        except verbs.NotPossible as error:
            form.add_error(None, str(error))
    wrong = request.method == "POST" and bool(form.errors)
    more = context("grouping", form=form, item=item, tried=found, days=grouping.DAYS.days)
    return render(request, "queue/grouping_rule_new.html", more, status=422 if wrong else 200)


def _stamp(rule: GroupingRule) -> str:
    """Return what stands for what a rule asks for: a rule is kept as it was tried."""
    asked = [rule.legal_entity_id, rule.category, *(getattr(rule, name) for name in grouping.CONDITIONS)]
    return hashlib.blake2s(repr(asked).encode(), digest_size=8).hexdigest()


def _item(request: HttpRequest, user: User) -> WorkItem | None:
    given = request.POST.get("item") or request.GET.get("item") or ""
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        return None
    found = item_of(user, int(given))
    return found if allowed(user, Right.WORK_QUEUE, found.legal_entity_id) else None


def _drafted(request: HttpRequest, item: WorkItem | None, user: User) -> dict[str, Any]:
    if item is None or request.method == "POST":
        return {}
    try:
        rule = grouping.drafted(item)
    except verbs.NotPossible as error:
        messages.error(request, str(error))
        return {}
    masks = masks_of(rights_in(user, item.legal_entity_id))
    if not all(words.tells(each.item, masks) for each in parts_of(item)):
        rule.words = ""  # they may quote what is hidden from this person
    if not Route.objects.visible_to(user).filter(pk=rule.route_id or 0).exists():
        rule.route_id = None  # a company's records may come by another's route
    if not Connection.objects.visible_to(user).filter(pk=rule.connection_id or 0).exists():
        rule.connection_id = None
    return {
        "item": item.number, "legal_entity": rule.legal_entity_id, "category": rule.category,
        "connection": rule.connection_id, "route": rule.route_id, "table": rule.table, "field": rule.field,
        "rule": rule.rule, "words": rule.words,
    }  # fmt: skip


def _shown(found: grouping.Tried, rule: GroupingRule, user: User) -> dict[str, Any]:
    """Return what a rule would have done in words that somebody may read: what messages quote is not shown to all."""
    numbers = [each.number for each in found.examples if each.number]
    rows = WorkItem.objects.select_related("connection").in_bulk(numbers)
    masks = masks_by_entity(user, {rule.legal_entity_id})[rule.legal_entity_id]
    examples = []
    for each in found.examples:
        item = rows.get(each.number or 0)
        title = words.title_for(item, masks, user) if item else CATEGORIES[Category(rule.category)].title
        examples.append((each, title))
    return {"found": found, "examples": examples, "conditions": grouping.conditions(rule, user)}


@page
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a rule."""
    user = person(request)
    row = GroupingRule.objects.visible_to(user).filter(pk=pk).first() if pk < 2**63 else None
    if row is None:
        raise Http404("There is no such rule, or somebody has removed it already.")
    require(user, Right.WORK_QUEUE, row.legal_entity_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _listed(request, user, (pk, form))
    verbs.remove_grouping_rule(row, by=user, reason=form.cleaned_data["reason"])
    messages.success(request, f"The rule “{row.name}” is removed. What it has joined stays; new ones come apart.")
    return redirect("queue:grouping-rules")
