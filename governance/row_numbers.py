"""Reads the number of a row where somebody may have typed anything: in an address, a filter or a hidden field."""

from django.core.exceptions import ValidationError
from django.db import models

DIGITS = 18  # of the numbers that a row can have


def number_in(text: str | None) -> int | None:
    """Return the number that a text is, written as the hub writes it: 12, not 012, 1_2, ١٢ or ²; None for all else."""
    if not text or len(text) > DIGITS or not (text.isascii() and text.isdecimal()):
        return None
    return int(text) if text == "0" or text[0] != "0" else None


def names_a_row(model: type[models.Model], text: str) -> bool:
    """Return whether a text could be the key of a row of a model."""
    key = model._meta.pk
    if isinstance(key, models.IntegerField):
        return number_in(text) is not None
    try:
        return key.to_python(text) is not None
    except (ValueError, ValidationError):
        return False
