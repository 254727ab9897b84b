"""The admin of who gets what: teams, fallback teams and routing rules, with what a rule would have done."""

from contextvars import ContextVar
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from exceptions_queue import routing, routing_trial, teams
from exceptions_queue.closeness import conditions
from exceptions_queue.models import FallbackTeam, RoutingRule, Team, WorkItem
from exceptions_queue.models.routing import ANY
from exceptions_queue.pages.items import rows_of
from exceptions_queue.reckoning import now
from exceptions_queue.routing_forms import TRIED, FallbackTeamForm, RoutingRuleForm, TeamForm
from exceptions_queue.routing_words import result_told
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.row_numbers import number_in
from governance.scoped_admin import ScopedAdmin

KNOWN: ContextVar[routing.Firm | None] = ContextVar("known", default=None)  # what the list that is drawn goes by


@admin.register(Team)
class TeamAdmin(ScopedAdmin):
    """Who looks at items together."""

    form = TeamForm
    list_display = ("name", "company", "people", "leads_to")
    list_select_related = ("legal_entity",)
    search_fields = ("name",)
    list_after_template = "admin/teams.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the members along."""
        return super().get_queryset(request).prefetch_related("members")

    @admin.display(description="Company", ordering="legal_entity")
    def company(self, row: Team) -> str:
        """Tell where it counts."""
        return row.legal_entity.code if row.legal_entity else "all"

    @admin.display(description="Who belongs to it")
    def people(self, row: Team) -> str:
        """Tell who belongs to it."""
        role = f"whoever is {row.get_role_display()}" if row.role else ""
        return ", ".join(filter(None, (role, *sorted(as_actor(each).name for each in row.members.all()))))

    @admin.display(description="Stands in the place of")
    def leads_to(self, row: Team) -> str:
        """Tell of a name that every hub has."""
        return "the hub's own team" if row.name.casefold() in {name.casefold() for name in teams.SHIPPED} else ""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the teams that every hub has beside those of the firm."""
        told = [(name, role.label) for name, role in teams.SHIPPED.items()]
        context = {**(kwargs.pop("extra_context", None) or {}), "shipped": told}
        return super().changelist_view(request, *args, extra_context=context, **kwargs)


@admin.register(FallbackTeam)
class FallbackTeamAdmin(ScopedAdmin):
    """To which team an item falls when no rule fits."""

    form = FallbackTeamForm
    list_display = ("what", "company", "team")
    list_select_related = ("legal_entity",)
    looked_at_as_listed = True
    list_after_template = "admin/fallback_teams.html"

    @admin.display(description="What comes to it", ordering="category")
    def what(self, row: FallbackTeam) -> str:
        """Tell the kind in words."""
        told = teams.title_of(row.category)
        return told[:1].upper() + told[1:]

    @admin.display(description="Company", ordering="legal_entity")
    def company(self, row: FallbackTeam) -> str:
        """Tell where it counts."""
        return row.legal_entity.code if row.legal_entity else "all"

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show what holds where nothing is said."""
        told = [(teams.title_of(category), team) for category, team in teams.USUAL.items()]
        usual = [*told, (teams.title_of(ANY), teams.LAST)]
        context = {**(kwargs.pop("extra_context", None) or {}), "usual": usual}
        return super().changelist_view(request, *args, extra_context=context, **kwargs)


@admin.register(RoutingRule)
class RoutingRuleAdmin(ScopedAdmin):
    """What comes to whom."""

    looked_at_as_listed = True
    form = RoutingRuleForm
    list_display = ("name", "asks", "leads", "position", "on", "trouble")
    list_select_related = ("legal_entity", "person")
    search_fields = ("name",)
    change_form_after_template = "admin/routing_preview.html"
    fieldsets: ClassVar = [
        (None, {"fields": ("name", "legal_entity", "is_on", "position")}),
        ("Which items", {"fields": ("categories", "entities", "clients", "projects", "contract_types",
                                    "workers", "periods", "routes", "amount_from", "amount_below", "unknown_too")}),
        ("To whom they come", {"fields": ("team", "person", "priority", "tags")}),
    ]  # fmt: skip

    @admin.display(description="Fits")
    def asks(self, row: RoutingRule) -> str:
        """Tell its conditions."""
        return self._firm.told(row)

    @admin.display(description="Comes to")
    def leads(self, row: RoutingRule) -> str:
        """Tell its result."""
        return result_told(row, as_actor(row.person).name if row.person else "")

    @admin.display(description="In use", ordering="is_on", boolean=True)
    def on(self, row: RoutingRule) -> bool:
        """Tell whether it counts."""
        return row.is_on

    @admin.display(description="Look at")
    def trouble(self, row: RoutingRule) -> str:
        """Tell what is wrong with it: people who may not work there, teams of nobody, rules that fit as closely."""
        return " ".join(filter(None, (routing_trial.lost(row, self._firm), self._nobody(row))))

    def _nobody(self, row: RoutingRule) -> str:
        places = [row.legal_entity_id] if row.legal_entity_id else list(self._firm.companies)
        if not row.team or any(self._firm.teams.people(row.team, place) for place in places):
            return ""
        return f"Nobody of {row.team} may work there: it comes to the last resort."

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Read once what the columns tell; they are drawn after this has returned."""
        KNOWN.set(routing.firm(reader=request.user if isinstance(request.user, User) else None))
        return super().changelist_view(request, *args, **kwargs)

    @property
    def _firm(self) -> routing.Firm:
        return KNOWN.get() or routing.firm()

    def get_urls(self) -> list[Any]:
        """Add the trial of what is typed."""
        view = self.admin_site.admin_view(self.trial)
        return [path("trial/", view, name="exceptions_queue_routingrule_trial"), *super().get_urls()]

    def trial(self, request: HttpRequest) -> HttpResponse:
        """Show what the rule in the form would have done with the last thirty days, before it is kept."""
        if not self.has_view_permission(request) or not isinstance(request.user, User):
            raise PermissionDenied
        row = RoutingRule.objects.visible_to(request.user).filter(pk=number_in(request.GET.get("of"))).first()
        form = RoutingRuleForm(request.GET, instance=row)
        companies = LegalEntity.objects.visible_to(request.user, self.right_to_view)
        form.fields["legal_entity"].queryset = companies  # type: ignore[attr-defined]
        form.is_valid()
        wrong = form.errors.keys() & {*TRIED}
        given: dict[str, Any] = {"asked": not wrong and bool(request.GET.get("team") or request.GET.get("person"))}
        if given["asked"]:
            rule = form.instance
            rule.is_on, rule.name = True, rule.name or "this rule"
            found = routing_trial.tried(rule, request.user, now())
            items: list[WorkItem] = [each.item for each in found.examples]
            shown = zip(rows_of(items, request.user), found.examples, strict=True)
            given |= {"tried": found, "days": routing_trial.DAYS, "examples": list(shown),
                      "conditions": conditions(rule)}  # fmt: skip
        return render(request, "admin/routing_trial.html", given)
