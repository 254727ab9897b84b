"""A model field for secrets: a JSON object that is encrypted on its way to the database and never shown by accident."""

import hashlib
import json
from typing import Any, NoReturn

from django.core import checks
from django.db import models
from django.db.models.functions import Cast

from governance.keys import KeyLost, KeysUnusable, decrypt, encrypt


class Secrets(dict[str, Any]):
    """Secrets by name. Printing them, in a log or a traceback, shows the names only."""

    def __repr__(self) -> str:
        return f"<secrets: {', '.join(sorted(map(str, self))) or 'none'}>"

    __str__ = __repr__


class LostSecrets(Secrets):
    """Secrets that cannot be read: the row can be listed and saved; reading a secret raises why, with the remedy.

    KeyLost where the key is gone, KeysUnusable where no key can be used at the moment.
    """

    def __init__(self, sealed: str, message: str, why: type[KeyLost | KeysUnusable] = KeyLost) -> None:
        super().__init__()
        self.sealed = sealed  # written back as it is, so that nothing is lost if the key comes back
        self.message = message
        self._why = why

    def _lost(self, *_: object, **__: object) -> NoReturn:
        raise self._why(self.message)

    __getitem__ = __contains__ = __iter__ = __len__ = _lost
    get = keys = values = items = copy = _lost

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LostSecrets) and other.sealed == self.sealed

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.sealed)

    def __repr__(self) -> str:
        return "<secrets: key lost>"

    __str__ = __repr__


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """A JSON object, encrypted with `governance.keys`. Cannot be searched. Reads as `Secrets`."""

    description = "Encrypted JSON object"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", Secrets)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Secrets | None:
        """Decrypt; lost or unusable keys do not keep the row from being read, only the secrets."""
        if value is None:
            return None
        try:
            return Secrets(json.loads(decrypt(value)))
        except (KeyLost, KeysUnusable) as error:
            return LostSecrets(value, str(error), type(error))

    def get_prep_value(self, value: object) -> str | None:
        """Encrypt."""
        if value is None or isinstance(value, LostSecrets):
            return value.sealed if isinstance(value, LostSecrets) else None
        return encrypt(json.dumps(_object(value), allow_nan=False).encode())

    def to_python(self, value: object) -> Secrets | None:
        """Take a dict, or its JSON text from a form."""
        if value is None or isinstance(value, Secrets):
            return value
        return Secrets(_object(json.loads(value) if isinstance(value, str) else value))

    def value_to_string(self, obj: models.Model) -> str:
        """Give serializers (dumpdata, exports) the encrypted text, never the secrets."""
        return self.get_prep_value(self.value_from_object(obj)) or ""

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse searching: equal secrets are encrypted differently each time."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Refuse to be part of a history table, where old secrets would live on past every rotation."""
        problems = super().check(**kwargs)
        if hasattr(self.model, "instance_type"):
            problems.append(
                checks.Error(
                    f"{self.model._meta.label}.{self.name} keeps secrets in a history table.",
                    hint=f'Exclude it there: HistoricalRecords(excluded_fields=["{self.name}"]).',
                    obj=self,
                    id="governance.E001",
                )
            )
        return problems


def seals(rows: "models.QuerySet[Any]", field: str) -> str:
    """Return a short text that is another one once secrets in these rows were entered anew; "" where there are none.

    It is of what stands in the database, which differs each time, also for equal secrets: it tells nothing of them.
    """
    sealed = list(rows.order_by("pk").values_list(Cast(field, models.TextField()), flat=True))
    return hashlib.sha256(repr(sealed).encode()).hexdigest()[:16] if sealed else ""


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"Secrets are a JSON object of names and values, not {type(value).__name__}.")
    return value
