"""A connection: one account at one system, its credentials, its pace, and whether it may be used now."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ExpressionWrapper, Func
from simple_history.models import HistoricalRecords

from connectors import uses
from connectors.answered import refused_addresses
from connectors.manifest.model import Manifest
from connectors.manifest.patterns import compile_pattern
from connectors.registry import UnknownConnector, registry
from connectors.spec import ConnectionSpec
from governance.encrypted import EncryptedJSONField
from governance.keys import KeyLost, KeysUnusable
from governance.models import LegalEntity
from governance.scoping import EntityScopedQuerySet
from governance.taken import NamedOnce


class BreakerState(models.TextChoices):
    """Whether the connection is paused because it keeps failing."""

    CLOSED = "closed", "working"
    OPEN = "open", "paused after failures"
    PROBING = "probing", "one request is trying whether it works again"


class Environment(models.TextChoices):
    """Which of the vendor's worlds the account lives in."""

    SANDBOX = "sandbox", "sandbox"
    PRODUCTION = "production", "production"


# Columns that traffic changes by itself: they are no edits and stay out of the history.
_MOVING = ["secrets", "breaker_state", "breaker_category", "breaker_message", "breaker_trips"]
_MOVING += ["breaker_opened_at", "breaker_probe_at", "slow_until"]


STAYS = (
    "Records were read from this account, or written to it, and are known by their numbers there: those of another "
    "account would be taken for them. Make a new connection for the other account, and new routes for it."
)


class Connection(NamedOnce, models.Model):
    """A connector plus one account."""

    named_once: ClassVar = {"slug": "short name"}

    slug = models.SlugField(unique=True)  # how routes, files and commands call it
    name = models.CharField(max_length=200)
    connector = models.CharField(max_length=100)  # name of the vendor folder
    environment = models.CharField(max_length=20, choices=Environment, default=Environment.PRODUCTION)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="connections")
    auth = models.CharField("way to sign in", max_length=100, blank=True)  # empty: the manifest's first
    answers = models.JSONField(default=dict, blank=True)  # to the manifest's questions, the secret ones excepted
    secrets = EncryptedJSONField()
    concurrency = models.PositiveSmallIntegerField(default=8)  # requests at once, over all workers
    timeout_seconds = models.FloatField(null=True, blank=True)  # for one request; empty: the operator's
    requests_allowed = models.PositiveIntegerField(null=True, blank=True)  # per period; empty: the manifest's budget
    period_seconds = models.FloatField(null=True, blank=True)
    paused = models.BooleanField(default=False)  # by a person
    paused_reason = models.CharField(max_length=300, blank=True)
    breaker_state = models.CharField(max_length=20, choices=BreakerState, default=BreakerState.CLOSED)
    breaker_category = models.CharField(max_length=30, blank=True)  # a failure category
    breaker_message = models.TextField(blank=True)
    breaker_trips = models.PositiveIntegerField(default=0)  # in a row; lengthens the pause
    breaker_opened_at = models.DateTimeField(null=True, blank=True)
    breaker_probe_at = models.DateTimeField(null=True, blank=True)  # when one request may try again
    slow_until = models.DateTimeField(null=True, blank=True)  # the system asked for patience until then

    objects = EntityScopedQuerySet["Connection"].as_manager()
    history = HistoricalRecords(excluded_fields=_MOVING)

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(concurrency__gte=1), name="connection_concurrency_positive"),
            models.CheckConstraint(
                condition=models.Q(breaker_state="closed") | models.Q(breaker_opened_at__isnull=False),
                name="connection_open_breaker_says_since_when",
            ),
            models.CheckConstraint(
                condition=models.Q(requests_allowed__isnull=True, period_seconds__isnull=True)
                | models.Q(requests_allowed__gt=0, period_seconds__gt=0),
                name="connection_rate_has_count_and_period",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save what people edit; what traffic moves is left as it is in the database.

        After an edit an open breaker tries again at once: what was wrong may be right now.
        """
        if not self._state.adding and kwargs.get("update_fields") is None and not args:
            edited = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = edited - (set(_MOVING) - {"secrets"})
        super().save(*args, **kwargs)
        now = ExpressionWrapper(Func(function="hub_now"), output_field=models.DateTimeField())
        still_open = Connection.objects.filter(pk=self.pk).exclude(breaker_state=BreakerState.CLOSED)
        still_open.update(breaker_state=BreakerState.OPEN, breaker_probe_at=now)

    def companies_concerned(self) -> list[LegalEntity]:
        """Return the companies that may want a second person for a change: its own first, then those that use it."""
        own, using = [self.legal_entity] if self.legal_entity_id else [], uses.companies([self.pk])
        return [*own, *LegalEntity.objects.filter(pk__in=using).order_by("code")] if using else own

    def spec(self) -> ConnectionSpec:
        """Return the frozen snapshot that the engine works with; reads the secrets (KeyLost when their key is gone)."""
        timeout = min(self.timeout_seconds or settings.REQUEST_TIMEOUT_SECONDS, settings.REQUEST_TIMEOUT_SECONDS)
        return ConnectionSpec(
            id=self.pk,
            slug=self.slug,
            connector=registry.connector(self.connector),
            answers=dict(self.answers),
            secrets=dict(self.secrets.items()),
            auth=self.auth,
            environment=self.environment,
            legal_entity=self.legal_entity.code,
            concurrency=self.concurrency,
            timeout=timeout,
        )

    def clean(self) -> None:
        """Check answers and secrets against the manifest's questions; every problem at once."""
        try:
            manifest = registry.connector(self.connector).manifest
        except UnknownConnector as error:
            raise ValidationError({"connector": str(error)}) from error
        auth = manifest.auth_named(self.auth)
        problems: dict[str, list[str]] = {}
        if self.auth and auth.name != self.auth:
            names = ", ".join(way.name for way in manifest.auth)
            problems["auth"] = [f"{self.auth!r} is no way to sign in to {manifest.title}. One of: {names}."]
        questions = {question.name: question for question in manifest.questions}
        for name, words in self.answer_problems(manifest).items():
            titled = [f"{questions[name].title}: {each}" for each in words]
            problems.setdefault("secrets" if questions[name].secret else "answers", []).extend(titled)
        if problems:
            raise ValidationError(problems)

    def kept_secrets(self) -> dict[str, Any]:
        """Return the secrets that can be read; none where their key is lost, so that they can be entered again."""
        try:
            return dict(self.secrets.items()) if self.secrets is not None else {}
        except (KeyLost, KeysUnusable):
            return {}

    def answer_problems(self, manifest: Manifest) -> dict[str, list[str]]:
        """Return what is wrong with answers and secrets by the question's name; whoever shows it says its title."""
        auth, secrets = manifest.auth_named(self.auth), self.kept_secrets()
        refused = refused_addresses(manifest, auth, self.answers, secrets)
        problems: dict[str, list[str]] = {name: [STAYS] for name in self._other_account(manifest)}
        for question in manifest.questions:
            given: dict[str, Any] = secrets if question.secret else self.answers
            value = str(given.get(question.name) or "")
            if not value and question.required and question.asked_for(auth.name):
                where = f" Where to find it: {question.where}" if question.where else ""
                problems[question.name] = [f"An answer is needed.{where}"]
            if question.name in refused:
                problems[question.name] = [" ".join(refused[question.name])]
            elif value and question.pattern and not compile_pattern(question.pattern).fullmatch(value):
                usual = question.example or question.default
                example = f" For example {usual}." if usual else ""
                problems[question.name] = [f"The answer has not the right form.{example}"]
        return problems

    def _other_account(self, manifest: Manifest) -> list[str]:
        """Return which answers would make it another account's connection where it has records of the present one."""
        stored = Connection.objects.filter(pk=self.pk).values_list("answers", flat=True).first() if self.pk else None
        before, now = manifest.completed(stored or {}), manifest.completed(self.answers)
        names = [each.name for each in manifest.questions if each.account]
        moved = [name for name in names if name in before and before[name] != now.get(name)]
        return moved if moved and uses.holds_records(self.pk) else []


class MaintenanceWindow(models.Model):
    """A time in which a connection is left alone: once, or every week."""

    entity_path = "connection__legal_entity"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="windows")
    reason = models.CharField(max_length=200)
    starts_at = models.DateTimeField(null=True, blank=True)  # once: from
    ends_at = models.DateTimeField(null=True, blank=True)  # once: to
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)  # weekly: 0 is Monday
    from_time = models.TimeField(null=True, blank=True)  # weekly: local time
    minutes = models.PositiveIntegerField(null=True, blank=True)  # weekly: how long
    time_zone = models.CharField(max_length=60, default="UTC")  # weekly: IANA name

    objects = EntityScopedQuerySet["MaintenanceWindow"].as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["connection", "starts_at", "weekday"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    starts_at__isnull=False,
                    ends_at__gt=models.F("starts_at"),
                    weekday__isnull=True,
                    minutes__isnull=True,
                )
                | models.Q(
                    starts_at__isnull=True,
                    ends_at__isnull=True,
                    weekday__lte=6,
                    from_time__isnull=False,
                    minutes__gt=0,
                ),
                name="maintenance_window_once_or_weekly",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.reason}"

    def validate_constraints(self, exclude: Any = None) -> None:
        """Say in words what the database's guard of the two kinds of windows asks for."""
        try:
            super().validate_constraints(exclude)
        except ValidationError:
            raise ValidationError(
                "A maintenance window is either once, from one moment to a later one, or weekly, with a weekday, a "
                "time and at least one minute."
            ) from None
