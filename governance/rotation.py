"""Re-encrypts every secret of every model with the newest key."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from governance import audit
from governance.actor import By
from governance.encrypted import EncryptedJSONField
from governance.keys import KeyLost, decrypt, encrypt, is_newest, newest_fingerprint


@dataclass(frozen=True, slots=True)
class Lost:
    """A secret that cannot be read any more and has to be entered again."""

    thing: str  # "connectors.connection 12"
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did."""

    rotated: int
    lost: list[Lost]


def encrypted_fields() -> Iterator[tuple[type[models.Model], EncryptedJSONField]]:
    """Walk over every EncryptedJSONField of every model, history tables and those without a manager included."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field


def rotate(*, by: By) -> Rotation:
    """Re-encrypt with the newest key whatever is not yet. May be repeated, interrupted, and run beside the hub."""
    rotated, lost = 0, []
    for model, field in encrypted_fields():
        for pk, sealed in list(_old(model, field)):
            try:
                plain = decrypt(sealed)
            except KeyLost as error:
                lost.append(Lost(f"{model._meta.label_lower} {pk}", field.name, str(error)))
                continue
            rotated += _replace(model, field, pk, sealed, encrypt(plain))
    name = newest_fingerprint()
    thing = ("governance.keys", name, f"encryption key {name}")
    audit.record(by=by, verb="rotate", thing=thing, after={"rotated": rotated, "lost": len(lost)})
    return Rotation(rotated, lost)


def lost_secrets() -> list[Lost]:
    """Return what has to be entered again because its key is gone. Reads every secret once."""
    found = []
    for model, field in encrypted_fields():
        for pk, sealed in _sealed(model, field):
            try:
                decrypt(sealed)
            except KeyLost as error:
                found.append(Lost(f"{model._meta.label_lower} {pk}", field.name, str(error)))
    return found


def _old(model: type[models.Model], field: EncryptedJSONField) -> Iterator[tuple[Any, str]]:
    return ((pk, sealed) for pk, sealed in _sealed(model, field) if not is_newest(sealed))


def _sealed(model: type[models.Model], field: EncryptedJSONField) -> list[tuple[Any, str]]:
    """Read the encrypted text itself, past the field, which would decrypt it."""
    table, column, key = _names(model, field)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {key}")  # noqa: S608 - quoted
        return list(cursor.fetchall())


def _replace(model: type[models.Model], field: EncryptedJSONField, pk: Any, old: str, new: str) -> int:
    """Write only where the old text still stands: what somebody entered meanwhile is newer than this."""
    table, column, key = _names(model, field)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s", [new, pk, old])  # noqa: S608 - quoted
        return int(cursor.rowcount)


def _names(model: type[models.Model], field: EncryptedJSONField) -> tuple[str, str, str]:
    quote = connection.ops.quote_name
    primary = model._meta.pk
    assert primary is not None
    return quote(model._meta.db_table), quote(str(field.column)), quote(str(primary.column))
