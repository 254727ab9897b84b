"""Legal entities, users and the roles that users hold: who may see and do what, where."""

import re
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from simple_history.models import HistoricalRecords

from governance.iso_codes import check_country, check_currency
from governance.roles import Role
from governance.scoping import EntityScopedQuerySet
from governance.taken import NamedOnce

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)  # what can stand in addresses, and as a file's name
CODE_WORDS = (
    "Letters from A to Z, digits, hyphens, underscores and dots are possible, and nothing else; it begins with a "
    "letter or a digit, as in HP-DE."
)


class LegalEntity(NamedOnce, models.Model):
    """A company of the firm; every business row belongs to one, and rights are given per one."""

    entity_path = "pk"
    named_once: ClassVar = {"code": "code"}

    code = models.CharField(max_length=20, unique=True)  # as the ERP calls it: "HP-DE"
    name = models.CharField(max_length=200)
    country = models.CharField(  # ISO 3166-1 alpha-2
        max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$", "A country is two capital letters, such as DE.")]
    )
    currency = models.CharField(  # ISO 4217
        max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$", "A currency is three capital letters, such as EUR.")]
    )
    second_person = models.BooleanField(  # whether a change of its connections, routes and calendars needs one
        "changes need a second person", default=False, editable=False
    )
    # Who switched that off, as actors' references, until somebody else has agreed: they stay bound by it.
    loosened_by = ArrayField(models.CharField(max_length=100), default=list, blank=True, editable=False)

    objects = EntityScopedQuerySet["LegalEntity"].as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = "company", "companies"
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(country__regex=r"^[A-Z]{2}$"), name="legal_entity_country_is_iso"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="legal_entity_currency_is_iso"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        """Refuse a country or a currency that there is not, and what is settled, each at its field.

        The form of a country or a currency is judged by the fields.
        """
        from governance import settled

        wrong: dict[str, list[str]] = {}
        kept = self.pk is not None and type(self)._default_manager.filter(pk=self.pk, code=self.code).exists()
        if self.code and not CODE.fullmatch(self.code) and not kept:  # one of an older release stays
            wrong["code"] = [CODE_WORDS]
        for name, check, letters in (("country", check_country, 2), ("currency", check_currency, 3)):
            code = getattr(self, name) or ""
            if len(code) == letters and code.isascii() and code.isalpha() and code.isupper():
                try:
                    check(code)
                except ValidationError as error:
                    wrong[name] = error.messages
        wrong |= {name: [words] for name, words in settled.refusals(self).items()}
        if wrong:
            raise ValidationError(wrong)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete it. Raises ProtectedError, in words, where states of its configuration are kept."""
        from governance import settled

        settled.refuse_delete(self)
        return super().delete(*args, **kwargs)


class User(AbstractUser):  # type: ignore[django-manager-missing]  # clients come from a library without types
    """A person who signs in."""

    # Who set the password if it was another person, as an actor's reference; until a third person has vouched for it.
    password_set_by = models.CharField(max_length=100, blank=True, editable=False)
    password_is_own = models.BooleanField(default=True, editable=False)  # chosen by the account's owner
    # Who set the e-mail address if it was another person: the same matters once a provider lets people in by it.
    email_set_by = models.CharField(max_length=100, blank=True, editable=False)
    # Everybody else who has set what opens the account, since its owner had it to themselves: they count as one person.
    credentials_set_by = ArrayField(models.CharField(max_length=100), default=list, blank=True, editable=False)
    # How long somebody works in emergency mode, in whatever company: for the banner of every page, not for any right.
    emergency_until = models.DateTimeField(null=True, editable=False)
    single_keys = models.BooleanField(default=True, db_default=True, editable=False)  # whether they work on pages

    entity_global = "a person may work for several legal entities; what they see there is decided by their roles"


class RoleGrant(models.Model):
    """A role that a user holds in one legal entity, or in all of them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role)
    legal_entity = models.ForeignKey(  # empty: all of them, those added tomorrow included
        LegalEntity, on_delete=models.CASCADE, related_name="grants", null=True, blank=True
    )
    granted_by = models.CharField(max_length=100)  # actor's reference; a grant is never without its giver
    granted_at = models.DateTimeField(auto_now_add=True)

    objects = EntityScopedQuerySet["RoleGrant"].as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["user", "role"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "role", "legal_entity"], name="role_grant_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_grant_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.get_role_display()} in {self.legal_entity or 'all companies'}"
