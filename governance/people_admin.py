"""The admin of people: their accounts, what they may do where, and the roles that give it. The verbs do it."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html

from governance import accounts, custody, deed_page, passwords, people_forms, provider_links, reach, second_factor
from governance.actor import names
from governance.columns import headed
from governance.deed_page import Deed, ReasonForm, button
from governance.grants import grant, revoke
from governance.in_words import in_words
from governance.models import AuditEntry, RoleGrant, User
from governance.roles import Right, Role
from governance.scoped_admin import ScopedAdmin
from governance.scoping import ALL, entity_ids

LOOKS = "May look at the administration"
LOOKS_HELP = (
    "Needed only by those whose roles have no work there, such as Finance operations and Viewer. The roles Integration "
    "admin, Controller and Operator open it by themselves. What anybody sees and changes there, the roles decide."
)
OF_SIGNING_IN = ("sign_in", "sign_out", "refuse_sign_in")  # what says from where somebody works


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ScopedAdmin):  # type: ignore[type-arg]  # unfold carries no types
    """People who sign in; seen and changed by those who manage users."""

    right_to_view = right_to_change = Right.MANAGE_USERS
    form = people_forms.PersonForm
    add_form = people_forms.NewPersonForm
    change_password_form = people_forms.SetPasswordForm
    add_form_template = None  # the words of its form say what comes next
    list_display = ("user_name", "first_name", "last_name", "email", "roles", "is_open", "looks")
    user_name, is_open = headed("username", "User name"), headed("is_active", "Account open", yes_or_no=True)
    list_filter = ("is_active", people_forms.RoleFilter)
    filter_horizontal = ()
    readonly_fields = (
        "sign_in",
        "password_words",
        "password_told",
        "looks",
        "roles",
        "second_factor",
        "vouched",
        "last_login",
    )
    fieldsets = (
        (None, {"fields": ("username",)}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Access",
            {"fields": ("sign_in", "password_words", "is_staff", "roles", "second_factor", "vouched", "last_login")},
        ),
    )
    actions_detail: ClassVar = [
        "show_rights", "give_role", "take_role",
        {"title": "Account", "items": ["close_account", "open_account", "reset_second_factor", "unlink_providers"]},
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[models.Model]:
        """Return people with those of their roles that the person may see: a constant number of queries for a list."""
        seen = reach.seen_by(_person(request)).select_related("legal_entity")
        everywhere = entity_ids(_person(request), self.right_to_view) is ALL
        rows = super().get_queryset(request).prefetch_related(models.Prefetch("grants", seen, to_attr="grants_seen"))
        found: models.QuerySet[models.Model] = rows.annotate(roles_are_all=models.Value(everywhere))
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep people from letting themselves into the administration or out of it."""
        own = obj is not None and obj.pk == request.user.pk
        return (*self.readonly_fields, "is_staff") if own else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, in people's words."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if field := form.base_fields.get("is_staff"):
            field.label, field.help_text = LOOKS, LOOKS_HELP
        return form

    @admin.display(description=LOOKS, boolean=True, ordering="is_staff")
    def looks(self, row: User) -> bool:
        """Return whether the account opens the administration, whatever its roles."""
        return row.is_staff

    def field_words(self, kind: str, name: str) -> str:
        """Return what people call a field of an audit entry."""
        return LOOKS if name == "is_staff" else super().field_words(kind, name)

    @admin.display(description="Account")
    def sign_in(self, row: User) -> str:
        """Return whether the person can sign in."""
        return "open" if row.is_active else "closed: nobody can sign in with it"

    @admin.display(description="Password")
    def password_words(self, row: User) -> str:
        """Return the way to set another one; what is kept of it is nobody's to read."""
        if not row.has_usable_password():
            return "none: the person comes in through a provider, or not at all"
        return format_html('kept as a hash; <a href="{}">set another one</a>', "../password/")

    @admin.display(description="Password")
    def password_told(self, row: User) -> str:
        """Return whether there is one, to who sets none."""
        return "kept as a hash" if row.has_usable_password() else self.password_words(row)

    @admin.display(description="Roles")
    def roles(self, row: User) -> str:
        """Return the roles and where they hold."""
        seen: Any = row
        if row.is_superuser:
            return "superuser: may do everything in all companies"
        told = [
            f"{g.get_role_display()} ({g.legal_entity.code if g.legal_entity else 'all'})" for g in seen.grants_seen
        ]
        return ", ".join(told) or ("none" if seen.roles_are_all else "none in your companies")

    @admin.display(description="Second factor")
    def second_factor(self, row: User) -> str:
        """Return whether signing in asks for a code."""
        if second_factor.is_on(row):
            return "on: signing in asks for a code from a telephone"
        if second_factor.is_missing(row):
            return "missing: it is asked for at the next sign-in, before anything else"
        return "off: the password is enough"

    @admin.display(description="Whose password it is")
    def vouched(self, row: User) -> str:
        """Return whether the account's rights to approve and to give roles count."""
        if not row.password_set_by and row.credentials_set_by:
            people = " and ".join(sorted(names(row.credentials_set_by).values()))
            return f"their own; {people} counts as the same person for approvals until a second factor is set up anew"
        if not row.password_set_by:
            return "their own"
        setter = names([row.password_set_by])[row.password_set_by]
        return f"set by {setter}; approving and giving roles wait until a third person vouches for the account"

    def history_of(self, request: HttpRequest, obj: Any) -> Any:
        """Return what happened to the account and to its roles; roles of companies that are not the person's not."""
        name = obj.get_username()
        roles = AuditEntry.objects.filter(
            Q(before__user=name) | Q(after__user=name), thing_kind=RoleGrant._meta.label_lower
        ).visible_to(request.user, self.right_to_view)
        own = AuditEntry.objects.filter(thing_kind=self.opts.label_lower, thing_id=str(obj.pk))
        if not self.has_change_permission(request, obj):  # it works for others, too
            own = own.exclude(verb__in=OF_SIGNING_IN)
        return AuditEntry.objects.filter(Q(pk__in=own.values("pk")) | Q(pk__in=roles.values("pk"))).order_by(
            "-at", "-pk"
        )

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask for the right wherever the account has a role: its password would open that; one's own form is plain."""
        if isinstance(obj, User) and obj.pk is not None and obj.pk != request.user.pk:
            return _may_act_on(request, obj)
        return super().has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the parts of the page; to who may only read it they say who may do more."""
        parts: Any = super().get_fieldsets(request, obj)
        changes, own = self.has_change_permission(request, obj), obj is not None and obj.pk == request.user.pk
        if obj is not None and (own or not changes):
            swapped = {"is_staff": "looks"} | ({} if changes else {"password_words": "password_told"})
            parts = [(name, part | {"fields": tuple(swapped.get(each, each) for each in part["fields"])})
                     for name, part in parts]  # fmt: skip
        if obj is None or changes:
            return parts
        who = custody.who_may(obj, seen_by=_person(request))
        told = {"description": f"{who[:1].upper()}{who[1:]} may change this account, set its password or close it."}
        return [(name, part | told if name is None else part) for name, part in parts]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save; a new account starts with a password that another person has set."""
        if change and obj.pk != request.user.pk:
            custody.require_to_act_on(custody.lock(obj), who=_person(request), deed="change the account of")
        super().save_model(request, obj, form, change)
        if not change:
            passwords.was_set(obj, by=request.user)
        if "email" in form.changed_data:
            provider_links.email_was_set(obj, by=request.user)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a password, with an audit entry and what follows for the account; who may not is told who may."""
        return in_words(request, lambda: self._password_set(request, id, form_url))

    def _password_set(self, request: HttpRequest, id: str, form_url: str) -> HttpResponse:
        found = User.objects.filter(pk=id) if id.isascii() and id.isdigit() else User.objects.none()
        account = found.first()
        if account is not None and account.pk != request.user.pk and self.has_view_permission(request, account):
            custody.require_to_act_on(account, who=_person(request), deed="set the password of")
        before = found.values_list("password", flat=True).first()
        with transaction.atomic():  # no password without its note and without the end of what it opened
            answer: HttpResponse = super().user_change_password(request, id, form_url)
            after = User.objects.filter(pk=id).first() if before is not None else None
            if after is not None and after.password != before:
                passwords.was_set(after, by=request.user)
        return answer

    @button("Rights", "rights", "show_rights")
    def show_rights(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what somebody may do where, and by which role."""
        account = get_object_or_404(User, pk=object_id)
        if not self.has_view_permission(request, account):
            raise PermissionDenied("Ask an operator who manages users.")
        given = {
            "title": f"What {_name(account)} may do",
            "reach": reach.of(account, _person(request)),
            "back": _page_of(account),
        }
        return render(request, "admin/rights.html", deed_page.site(request) | given)

    @button("Give a role", "roles", "change_roles")
    def give_role(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give somebody a role in one company or in all."""
        by, account = _person(request), get_object_or_404(User, pk=object_id)

        def act(form: forms.Form) -> str:
            return _given(account, form, by)

        form = people_forms.GiveForm(deed_page.sent(request), by=by)
        deed = Deed(
            f"Give {_name(account)} a role", "Give the role", form, act, _page_of(account), "", _facts(account, by)
        )
        return deed_page.shown(request, deed)

    @button("Take a role", "role-endings", "change_roles")
    def take_role(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take one of somebody's roles."""
        by, account = _person(request), get_object_or_404(User, pk=object_id)
        held = RoleGrant.objects.visible_to(by, Right.MANAGE_USERS).filter(user=account)
        form = people_forms.TakeForm(deed_page.sent(request), held=held.select_related("legal_entity", "user"))

        def act(typed: forms.Form) -> str:
            row = typed.cleaned_data["held"]
            role, reason = Role(row.role), typed.cleaned_data["reason"]
            revoke(user=account, role=role, legal_entity=row.legal_entity, by=by, reason=reason)
            return f"{_name(account)} is {role.label} in {row.legal_entity or 'all companies'} no more."

        deed = Deed(f"Take a role from {_name(account)}", "Take the role", form, act, _page_of(account), danger=True)
        return deed_page.shown(request, deed)

    @button("Close the account", "closings", "close_account")
    def close_account(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let somebody sign in no more."""
        about = "Nobody can sign in with it, its sessions end, and no program acts for it. What the person did stays."
        return _mend(request, object_id, "Close the account of", accounts.close, about)

    @button("Open the account", "openings", "open_account")
    def open_account(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let somebody sign in again."""
        about = "The roles that the account has count again; look at them first."
        return _mend(request, object_id, "Open the account of", accounts.open_again, about)

    @button("Reset second factor", "second-factor-resets", "mend_sign_in")
    def reset_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the second factor from somebody who has lost it."""
        about = (
            "The second factor and the recovery codes are taken away; sessions and programs end. The password stays."
        )
        return _mend(request, object_id, "Reset the second factor of", second_factor.reset, about)

    @button("Unlink providers", "provider-unlinkings", "mend_sign_in")
    def unlink_providers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the next sign-in through a provider find the account by its e-mail address anew."""
        about = "For somebody who got another account at the provider. Check the e-mail address first."
        return _mend(request, object_id, "Unlink the providers of", provider_links.unlink, about)

    def has_show_rights_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those who see the account."""
        return self.has_view_permission(request)

    def has_mend_sign_in_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those whom the verbs let, for others than themselves."""
        return object_id != str(request.user.pk) and self.has_change_permission(
            request, User.objects.filter(pk=object_id).first() if object_id else None
        )

    def has_change_roles_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to who manages users anywhere, for others than themselves; the verb asks where the role counts."""
        return object_id != str(request.user.pk) and self.has_view_permission(request)

    def has_close_account_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for accounts that are open."""
        return self._is_active(object_id) is True and self.has_mend_sign_in_permission(request, object_id)

    def has_open_account_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for accounts that are closed."""
        return self._is_active(object_id) is False and self.has_mend_sign_in_permission(request, object_id)

    def _is_active(self, object_id: str | None) -> bool | None:
        return User.objects.filter(pk=object_id).values_list("is_active", flat=True).first() if object_id else None

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: the account of somebody who leaves is closed, so that their name stays with what they did."""
        return False


@admin.register(RoleGrant)
class RoleGrantAdmin(ScopedAdmin):
    """Who has which role where. Given and taken by the verbs, which ask the rights and write the audit entry."""

    right_to_view = right_to_change = Right.MANAGE_USERS
    list_display = ("person", "role", "legal_entity", "giver", "given")
    person, given = headed("user", "Person"), headed("granted_at", "Given")
    list_filter = ("role", "legal_entity")
    list_select_related = ("user", "legal_entity")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    fields = ("user", "role", "legal_entity", "giver", "given")
    readonly_fields = ("giver", "given")

    @admin.display(description="Given by")
    def giver(self, row: RoleGrant) -> str:
        """Return who gave it."""
        return names([row.granted_by])[row.granted_by]

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: a role is taken and another one given."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Give somebody a role."""
        if not self.has_add_permission(request):
            raise PermissionDenied("Ask an operator who manages users.")
        by = _person(request)

        def act(form: forms.Form) -> str:
            return _given(form.cleaned_data["user"], form, by)

        back = reverse("admin:governance_rolegrant_changelist")
        form = people_forms.GiveToForm(deed_page.sent(request), by=by, initial={"user": request.GET.get("user")})
        return deed_page.shown(request, Deed("Give a role", "Give the role", form, act, back))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: *Take a role*, on the person's page, asks for the reason."""
        return False


def _given(account: User, form: forms.Form, by: User) -> str:
    given = form.cleaned_data
    role, place = Role(given["role"]), given["legal_entity"]
    grant(user=account, role=role, legal_entity=place, by=by, reason=given["reason"])
    return f"{_name(account)} is {role.label} in {place or 'all companies'} now."


def _facts(account: User, by: User) -> list[tuple[str, str]]:
    held = reach.seen_by(by).filter(user=account).select_related("legal_entity")
    told = [f"{each.get_role_display()} in {each.legal_entity or 'all companies'}" for each in held]
    return [("Has now", "; ".join(told) or "no role")]


def _mend(request: HttpRequest, object_id: str, what: str, verb: Callable[..., None], about: str) -> HttpResponse:
    """Show the page of a verb about somebody's account that wants a reason, or do it."""
    by, account = _person(request), get_object_or_404(User, pk=object_id)
    title = f"{what} {_name(account)}"

    def act(form: forms.Form) -> str:
        verb(account, by=by, reason=form.cleaned_data["reason"])
        return f"{title}: done."

    form = ReasonForm(deed_page.sent(request))
    return deed_page.shown(request, Deed(title, title, form, act, _page_of(account), about, danger=True))


def _may_act_on(request: HttpRequest, account: User) -> bool:
    """Return whether the person may act on an account; asked once while a page is shown."""
    known: dict[int, bool] = request.__dict__.setdefault("_may_act_on", {}) if request.method == "GET" else {}
    if account.pk not in known:
        known[account.pk] = custody.may_act_on(account, who=_person(request))
    return known[account.pk]


def _name(account: User) -> str:
    return str(account.get_full_name() or account.get_username())


def _page_of(account: User) -> str:
    return reverse("admin:governance_user_change", args=[account.pk])


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
