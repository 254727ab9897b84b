"""Users and legal entities: who may see and do what, where."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class LegalEntity(models.Model):
    """A company of the firm; every business row belongs to one, and rights are given per one."""

    code = models.CharField(max_length=20, unique=True)  # as the ERP calls it: "NL-DE"
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    currency = models.CharField(max_length=3)  # ISO 4217

    class Meta:
        verbose_name_plural = "legal entities"

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class User(AbstractUser):
    """A person who signs in."""
