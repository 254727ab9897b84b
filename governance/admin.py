"""The admin of governance: legal entities, people and their roles, calendars; versions and audit entries to look at."""

from collections.abc import Callable
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.paginator import InfinitePaginator

from governance import client_admin as client_admin
from governance import deed_page, passwords, provider_links, second_factor
from governance.deed_page import Deed, ReasonForm, button
from governance.grants import grant, revoke
from governance.models import (
    AuditEntry,
    BusinessCalendar,
    CalendarDay,
    LegalEntity,
    RoleGrant,
    User,
    Version,
    WeekdayHours,
)
from governance.roles import Right, Role
from governance.scoped_admin import ScopedAdmin, ScopedInline

admin.site.unregister(Group)  # rights come from roles per legal entity, never from groups
# What signing in keeps is changed by its own pages and verbs; providers are the operator's, in the environment.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession])


class LookOnly:
    """Shows rows; they are changed by verbs elsewhere, or never."""

    def has_add_permission(self, *_: Any) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(LegalEntity)
class LegalEntityAdmin(ScopedAdmin):
    """The companies of the firm."""

    list_display = ("code", "name", "country", "currency")
    search_fields = ("code", "name")


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ScopedAdmin):  # type: ignore[type-arg]  # unfold carries no types
    """People who sign in; seen and changed by those who manage users."""

    right_to_view = right_to_change = Right.MANAGE_USERS
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff")}),
    )
    actions_detail = ["reset_second_factor", "unlink_providers"]

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Keep those who are not superusers from changing one, whose password would open everything."""
        if isinstance(obj, User) and obj.is_superuser and not getattr(request.user, "is_superuser", False):
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save; a new account starts with a password that another person has set."""
        super().save_model(request, obj, form, change)
        if not change:
            passwords.was_set(obj, by=request.user)
        if "email" in form.changed_data:
            provider_links.email_was_set(obj, by=request.user)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a password, with an audit entry and what follows for the account."""
        found = User.objects.filter(pk=id) if id.isascii() and id.isdigit() else User.objects.none()
        before = found.values_list("password", flat=True).first()
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        after = User.objects.filter(pk=id).first() if before is not None else None
        if after is not None and after.password != before:
            passwords.was_set(after, by=request.user)
        return answer

    @button("Reset second factor", "second-factor-resets", "mend_sign_in")
    def reset_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the second factor from somebody who has lost it."""
        about = "The second factor and the recovery codes are taken away and all sessions end. The password stays."
        return _mend(request, object_id, "Reset the second factor of", second_factor.reset, about)

    @button("Unlink providers", "provider-unlinkings", "mend_sign_in")
    def unlink_providers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the next sign-in through a provider find the account by its e-mail address anew."""
        about = "For somebody who got another account at the provider. Check the e-mail address first."
        return _mend(request, object_id, "Unlink the providers of", provider_links.unlink, about)

    def has_mend_sign_in_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those whom the verbs let, for others than themselves."""
        return object_id != str(request.user.pk) and self.has_change_permission(
            request, User.objects.filter(pk=object_id).first() if object_id else None
        )

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: somebody who leaves is made inactive, so that their name stays with what they did."""
        return False


def _mend(request: HttpRequest, object_id: str, what: str, verb: Callable[..., None], about: str) -> HttpResponse:
    """Show the page of a verb that mends how somebody signs in, or do it."""
    assert isinstance(request.user, User)
    by, account = request.user, get_object_or_404(User, pk=object_id)
    title = f"{what} {account.get_full_name() or account.get_username()}"

    def act(form: Form) -> str:
        verb(account, by=by, reason=form.cleaned_data["reason"])
        return f"{title}: done."

    back = reverse("admin:governance_user_change", args=[account.pk])
    form = ReasonForm(deed_page.sent(request))
    return deed_page.shown(request, Deed(title, title, form, act, back, about, danger=True))


@admin.register(RoleGrant)
class RoleGrantAdmin(ScopedAdmin):
    """Who has which role where. Given and taken by the verbs, which ask the rights and write the audit entry."""

    right_to_view = right_to_change = Right.MANAGE_USERS
    list_display = ("user", "role", "legal_entity", "granted_at")
    list_filter = ("role", "legal_entity")
    fields = ("user", "role", "legal_entity")

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: a role is taken and another one given."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give the role."""
        row = grant(user=obj.user, role=Role(obj.role), legal_entity=obj.legal_entity, by=request.user)
        obj.pk = row.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Take the role."""
        revoke(user=obj.user, role=Role(obj.role), legal_entity=obj.legal_entity, by=request.user)


class WeekdayHoursInline(ScopedInline):
    """Opening hours, edited with their calendar."""

    model = WeekdayHours


class CalendarDayInline(ScopedInline):
    """Exceptions, edited with their calendar."""

    model = CalendarDay


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(ScopedAdmin):
    """When each legal entity works."""

    list_display = ("legal_entity", "country", "subdivision", "time_zone")
    inlines: ClassVar = [WeekdayHoursInline, CalendarDayInline]


@admin.register(Version)
class VersionAdmin(LookOnly, ScopedAdmin):
    """Versions of everything configurable."""

    list_display = ("object_key", "kind", "number", "state", "created_at", "legal_entity")
    list_filter = ("kind", "state", "legal_entity")
    search_fields = ("object_key",)


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly, ScopedAdmin):
    """Who did what to what."""

    list_display = ("at", "actor_name", "verb", "thing_name", "reason", "channel")
    list_filter = ("verb", "channel")
    search_fields = ("thing_name", "actor_name")
    exclude = ("digest",)
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing
    ordering = ("-at",)
