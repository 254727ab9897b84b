"""The forms of people's accounts and roles, in our words, and the filter of their list."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminRadioSelectWidget

from governance import reach
from governance.actor import By
from governance.deed_page import ReasonForm
from governance.models import LegalEntity, RoleGrant, User
from governance.roles import Right, Role
from governance.scoping import ALL, entity_ids

EVERYWHERE = "everywhere"  # how the form calls all companies
ALL_COMPANIES = "All companies, those added tomorrow included"
WAYS = (("true", "With the password below"), ("false", "Only through a provider"))
USER_NAME_HELP = "With which the person signs in: letters, digits and @ . + - _, at most 150."
NEXT = f"{USER_NAME_HELP} Names, address and roles come on the next page."
FOR_ANOTHER = (
    "At least 12 characters, not digits alone, none of the common ones, and not too much like the person's name or "
    "address. They approve nothing and give no roles until they have chosen one of their own and somebody has vouched."
)
ONCE_MORE = "The same password once more."
ABOUT = "Without a password somebody comes in only through a provider that the hub is set up for."


class PlaceField(forms.ChoiceField):
    """Asks where a role counts: in one company, or in all, which only those are offered who may give it everywhere."""

    def __init__(self) -> None:
        super().__init__(label="Company", error_messages={"required": "Choose a company."})

    def offer_to(self, by: By) -> None:
        """Offer where somebody may give roles."""
        places = LegalEntity.objects.visible_to(by, Right.MANAGE_USERS).order_by("code")
        everywhere = [(EVERYWHERE, ALL_COMPANIES)] if entity_ids(by, Right.MANAGE_USERS) is ALL else []
        self.choices = [("", "Choose…"), *everywhere, *((each.pk, str(each)) for each in places)]

    def clean(self, value: Any) -> LegalEntity | None:
        """Return the company; None for all."""
        chosen = super().clean(value)
        return None if chosen == EVERYWHERE else LegalEntity.objects.get(pk=chosen)


class ForAnother:
    """Asks for a password that one person sets for another, and says what is wrong with it where it is typed first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, forms.Field] = self.fields  # type: ignore[attr-defined]  # of the form beside this class
        if "password1" in fields:
            fields["password1"].help_text, fields["password2"].help_text = FOR_ANOTHER, ONCE_MORE
            fields["password2"].label = "Once more"

    def validate_password_for_user(self, user: User, **_: Any) -> None:
        """Tell what the policy refuses beside the password, and not beside its repetition."""
        asked: Any = super()  # the form beside this class
        asked.validate_password_for_user(user, password_field_name="password1")  # noqa: S106 - the name of the field


class PersonForm(UserChangeForm):  # type: ignore[misc]  # unfold carries no types
    """An account that is there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:
            self.fields["username"].help_text = USER_NAME_HELP


class SetPasswordForm(ForAnother, AdminPasswordChangeForm):  # type: ignore[misc]  # unfold carries no types
    """Another password for an account."""


class NewPersonForm(ForAnother, UserCreationForm):  # type: ignore[misc]  # unfold carries no types  # type: ignore[misc]  # unfold carries no types
    """A new account: its name, and whether it has a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = NEXT
        field = self.fields.get("usable_password")
        if field is not None:
            field.label, field.help_text, field.choices = "Signs in", ABOUT, WAYS
            field.widget = UnfoldAdminRadioSelectWidget(choices=WAYS)


class GiveForm(ReasonForm):
    """Which role, and where; nothing is chosen before somebody does."""

    role = forms.ChoiceField(choices=[("", "Choose…"), *Role.choices])
    legal_entity = PlaceField()
    field_order = ("user", "role", "legal_entity", "reason")

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False
        field = self.fields["legal_entity"]
        assert isinstance(field, PlaceField)
        field.offer_to(by)


class GiveToForm(GiveForm):
    """To whom, which role, and where."""

    user = forms.ModelChoiceField(queryset=User.objects.order_by("username"), label="Person")


class TakeForm(ReasonForm):
    """Which role is taken."""

    held = forms.ModelChoiceField(label="Role", queryset=RoleGrant.objects.none(), empty_label="Choose…")
    field_order = ("held", "reason")

    def __init__(self, *args: Any, held: "models.QuerySet[RoleGrant]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["held"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = held


class RoleFilter(admin.SimpleListFilter):
    """Filters people by a role that they have where the person may see it."""

    title, parameter_name = "role", "grants__role__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the roles."""
        return list(Role.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the people who have the chosen one."""
        if not self.value():
            return queryset
        return queryset.filter(pk__in=reach.seen_by(_person(request)).filter(role=self.value()).values("user"))


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
