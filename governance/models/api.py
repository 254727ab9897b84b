"""Clients of the API, how much each has asked lately, and what was answered to requests that may come again."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from oauth2_provider.models import AbstractApplication


class ApiClient(AbstractApplication):  # type: ignore[misc]  # the library carries no types
    """A program that calls the API. As itself it acts as `user`, an account of its own whose roles bound it.

    With the authorization code it acts for the person who lets it.
    """

    scopes = ArrayField(models.CharField(max_length=60), default=list)  # the most that its tokens may have
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)  # empty: the operator's setting
    enabled = models.BooleanField(default=True)  # switched off, its tokens count no more
    # Who was shown a secret of it, as actors' references, the first one first: they count as one person with it.
    secret_known_to = ArrayField(models.CharField(max_length=100), default=list, blank=True, editable=False)

    entity_global = "a client has no rows of its own; what it sees is decided by the roles of the account it acts as"

    class Meta(AbstractApplication.Meta):  # type: ignore[misc]
        ordering: ClassVar = ["name"]
        verbose_name = "API client"

    def __str__(self) -> str:
        return str(self.name)

    def is_usable(self, request: Any) -> bool:
        """Return whether its tokens count."""
        return self.enabled


class ApiUse(models.Model):
    """How often somebody asked the API within one minute."""

    pk = models.CompositePrimaryKey("caller", "begins")
    caller = models.CharField(max_length=60)  # "client:3", or an actor's reference
    begins = models.BigIntegerField()  # the minute, counted since 1970
    used = models.PositiveIntegerField(default=0)

    entity_global = "counts requests of a caller, whatever they are about"

    def __str__(self) -> str:
        return f"{self.caller} {self.used}"


class ApiAnswer(models.Model):
    """What was answered to a request with an Idempotency-Key: the same request gets the same answer again."""

    caller = models.CharField(max_length=60)  # the person, and with a token its client and what it was made for
    place = models.CharField(max_length=400)  # method and path
    key = models.CharField(max_length=200)
    body_hash = models.BinaryField(max_length=16)  # BLAKE2b-128 of the bytes
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    content = models.TextField(blank=True)  # JSON
    # How far the caller's rights reached that were asked, as `governance.asked` notes them. None: by an older release.
    asked = models.JSONField(null=True)
    answered_at = models.DateTimeField(auto_now_add=True)

    entity_global = "given back only to the caller who got it first, as far as their rights still reach"

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "place", "key"], name="api_answer_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["answered_at"], name="api_answer_age")]

    def __str__(self) -> str:
        return f"{self.place} {self.key}"
