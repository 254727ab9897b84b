"""The admin of governance: legal entities, people and their roles, calendars; versions and audit entries to look at."""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from unfold.paginator import InfinitePaginator

from governance import calendar_admin as calendar_admin
from governance import client_admin as client_admin
from governance import deed_page, deeds, discreet, second_person, settled
from governance import people_admin as people_admin
from governance import version_admin as version_admin
from governance.actor import names
from governance.columns import headed
from governance.deed_page import Deed, ReasonForm, button
from governance.history import CHANNELS
from governance.in_lines import in_lines
from governance.look_only import LookOnly
from governance.models import AuditEntry, LegalEntity, User
from governance.rights import Right, allowed
from governance.scoped_admin import ScopedAdmin

admin.site.unregister(Group)  # rights come from roles per legal entity, never from groups
# What signing in keeps is changed by its own pages and verbs; providers are the operator's, in the environment.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession])


@admin.register(LegalEntity)
class LegalEntityAdmin(ScopedAdmin):
    """The companies of the firm."""

    list_display = ("code", "name", "country", "currency", "second_person")
    search_fields = ("code", "name")
    readonly_fields = ("needs_a_second_person",)
    fields = ("code", "name", "country", "currency", "needs_a_second_person")
    actions_detail: ClassVar = ["ask", "ask_no_more", "agree"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Say beside the code that it cannot change any more, once something is kept under it."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None and "code" in form.base_fields and settled.has_settled_code(obj):
            form.base_fields["code"].help_text = settled.SETTLED_CODE
            form.base_fields["code"].widget.attrs["readonly"] = True
        return form

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would be deleted, and what forbids it: in words, instead of each state that is kept."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        settled_ones = [each for each in objs if settled.has_settled_code(each)]
        if settled_ones:
            protected, lacking = [settled.KEPT.format(company=each) for each in settled_ones], set()
        return deleted, counts, lacking, protected

    @admin.display(description="Changes of connections, routes, schedules and calendars")
    def needs_a_second_person(self, company: LegalEntity) -> str:
        """Tell whether a second person is needed, and who is bound although none is."""
        if company.second_person:
            return "need a second person"
        if not company.loosened_by:
            return "count at once"
        people = ", ".join(names(company.loosened_by).values())
        return f"count at once, but not those of {people} until somebody else agrees"

    @button("Ask for a second person", "second-person", "ask")
    def ask(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let changes need a second person."""
        about = "From now on changes of its connections, routes, schedules and calendars need another's approval."
        return _deed(request, object_id, "Ask for a second person", second_person.ask, about)

    @button("Ask for no second person", "one-person", "ask_no_more")
    def ask_no_more(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let changes count at once again."""
        about = "Changes count at once again. Your own need a second person until somebody else agrees to this."
        return _deed(request, object_id, "Ask for no second person", second_person.ask_no_more, about)

    @button("Agree to one person", "agreements", "agree")
    def agree(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Agree that changes need no second person."""
        about = "Whoever switched it off may change configuration here alone again."
        return _deed(request, object_id, "Agree to one person", second_person.agree, about)

    def has_ask_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it where no second person is asked for, to those who edit configuration."""
        return _offers(request, object_id, Right.EDIT_CONFIGURATION, lambda row: not row.second_person)

    def has_ask_no_more_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it where a second person is asked for, to those who edit configuration."""
        return _offers(request, object_id, Right.EDIT_CONFIGURATION, lambda row: row.second_person)

    def has_agree_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those who approve, for what another has switched off."""

        def waits(row: LegalEntity) -> bool:
            return not row.second_person and bool(row.loosened_by)

        return _offers(request, object_id, Right.APPROVE_CONFIGURATION, waits)


def _deed(
    request: HttpRequest, object_id: str, words: str, verb: Callable[..., LegalEntity], about: str
) -> HttpResponse:
    company = get_object_or_404(LegalEntity.objects.visible_to(request.user), pk=object_id)
    form = ReasonForm(deed_page.sent(request))

    def act(typed: forms.Form) -> str:
        verb(company, by=request.user, reason=typed.cleaned_data["reason"])
        return f"{company}: it is kept."

    back = reverse("admin:governance_legalentity_change", args=[company.pk])
    return deed_page.shown(request, Deed(f"{words}: {company}", words, form, act, back, about))


def _offers(request: HttpRequest, object_id: str | None, right: Right, fits: Callable[[LegalEntity], bool]) -> bool:
    row = LegalEntity.objects.filter(pk=object_id).first() if object_id else None
    return row is not None and fits(row) and allowed(request.user, right, row)


class DeedFilter(SimpleListFilter):
    """Filters audit entries by what was done, in words; asks the database for no list of what there is."""

    title, parameter_name = "what was done", "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return one choice for each of the words, in their order; several verbs may share theirs."""
        by_words = {words: verb for verb, words in reversed(deeds.DEEDS.items())}
        return [(verb, capfirst(words)) for words, verb in sorted(by_words.items())]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the entries of the verbs that share the chosen one's words."""
        chosen = self.value()
        if not chosen:
            return queryset
        alike = [verb for verb, words in deeds.DEEDS.items() if words == deeds.deed(chosen)]
        return queryset.filter(verb__in=alike or [chosen])


class ChannelFilter(SimpleListFilter):
    """Filters audit entries by the way through which somebody came in."""

    title, parameter_name = "through", "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the ways in."""
        return [(channel, capfirst(words)) for channel, words in CHANNELS.items() if channel]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the entries of the chosen way."""
        return queryset.filter(channel=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly, ScopedAdmin):
    """Who did what to what."""

    list_display = ("moment", "who", "done", "about", "reason", "through")
    list_filter = (DeedFilter, ChannelFilter)
    search_fields = ("thing_name", "actor_name")
    fields = ("moment", "who", "done", "kind", "about", "company", "reason", "through", "was", "became", "ids")
    readonly_fields = ("moment", "who", "done", "kind", "about", "company", "through", "was", "became", "ids")
    moment, who = headed("at", "When"), headed("actor_name", "Who")
    about = headed("thing_name", "What it was about", sorts=False)
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing
    ordering = ("-at",)

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return an entry as the person may read it."""
        found = super().get_object(request, *args, **kwargs)
        return found and discreet.covered_whole(found, cast(User, request.user))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Return the entries that go by what was typed; by a person's address those that tell it to who asks."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        return discreet.told_by_name(found, search_term, cast(User, request.user)), doubled

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return a page of entries as the person may read them."""
        found = super().get_changelist_instance(request)
        found.result_list = discreet.covered(found.result_list, cast(User, request.user))
        return found

    @admin.display(description="What was done", ordering="verb")
    def done(self, entry: AuditEntry) -> str:
        """Tell the verb in words."""
        return capfirst(deeds.deed(entry.verb))

    @admin.display(description="To what")
    def kind(self, entry: AuditEntry) -> str:
        """Tell the kind of the thing in words."""
        return capfirst(deeds.thing(entry.thing_kind))

    @admin.display(description="Company")
    def company(self, entry: AuditEntry) -> str:
        """Name the company; it may be gone since, as the entry outlives it."""
        found = LegalEntity.objects.filter(pk=entry.legal_entity_id).first() if entry.legal_entity_id else None
        return str(found or "–")

    @admin.display(description="Through", ordering="channel")
    def through(self, entry: AuditEntry) -> str:
        """Tell the way through which the person came in."""
        return capfirst(CHANNELS.get(entry.channel, entry.channel)) or "–"

    @admin.display(description="Before")
    def was(self, entry: AuditEntry) -> str:
        """Tell what stood there, in lines."""
        return in_lines(entry.before, plainly=True)

    @admin.display(description="After")
    def became(self, entry: AuditEntry) -> str:
        """Tell what stands there since, in lines."""
        return in_lines(entry.after, plainly=True)

    @admin.display(description="Technical")
    def ids(self, entry: AuditEntry) -> str:
        """Give the names and numbers by which programs know the deed, its doer and the thing."""
        actor, thing = f"{entry.actor_kind} {entry.actor_id}", f"{entry.thing_kind} {entry.thing_id}"
        return format_html("<span data-technical>{} · {} · {}</span>", entry.verb, actor, thing)
