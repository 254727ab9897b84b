"""Answers in JSON whose decimals are texts, so that no digit is lost on the way."""

from decimal import Decimal
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class ExactEncoder(JSONEncoder):
    """Writes decimals with the digits they have; the framework would make them floats."""

    def default(self, obj: Any) -> Any:
        """Return a value as JSON can have it."""
        return str(obj) if isinstance(obj, Decimal) else super().default(obj)


class ExactJSON(JSONRenderer):
    """Renders answers."""

    encoder_class = ExactEncoder
