"""Re-encrypts every secret with the newest key: of every model's encrypted fields, and of second factors."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, models, transaction

from governance import audit
from governance.actor import By
from governance.encrypted import EncryptedJSONField
from governance.keys import KeyLost, KeysUnusable, decrypt, encrypt, file, is_newest, newest_fingerprint


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


def ask_tables() -> None:
    """Ask every table that holds secrets for a row.

    Raises:
        django.db.Error: One of them does not answer.
    """
    for model in {model for model, _ in encrypted_fields()}:
        model._base_manager.exists()


class Place:
    """Where secrets are kept: a column of a table that holds one as text in each row."""

    def __init__(self, model: type[models.Model], name: str) -> None:
        self.model, self.name = model, name
        quote, primary, field = connection.ops.quote_name, model._meta.pk, model._meta.get_field(name)
        assert primary is not None
        assert isinstance(field, models.Field)
        self.table, self.key = quote(model._meta.db_table), quote(str(primary.column))
        self.column = quote(str(field.column))
        self.text = self.column  # the encrypted text, in SQL

    def sealed(self) -> list[tuple[Any, str]]:
        """Read the encrypted texts themselves, past the field, which would decrypt them."""
        return self._read()

    def replace(self, pk: Any, old: str, new: str) -> int:
        """Write only where the old text still stands: what somebody entered meanwhile is newer than this."""
        return self._write(f"{self.column} = %s", f"{self.column} = %s", [new, pk, old])

    def lost(self, pk: Any, error: KeyLost) -> Lost:
        """Return what to say of a secret that cannot be read."""
        return Lost(f"{self.model._meta.label_lower} {pk}", self.name, str(error))

    def keys(self, ask: Callable[[str], Iterable[tuple[str]]]) -> set[str]:
        """Return the fingerprints of the keys that its texts are encrypted with; `ask` runs a statement."""
        name = (
            f"SELECT DISTINCT split_part({self.text}, '.', 1) FROM {self.table} WHERE {self.text} ~ '^[0-9a-f]{{8}}[.]'"  # noqa: S608 - quoted
        )
        return {found for (found,) in ask(name)}

    def _read(self) -> list[tuple[Any, str]]:
        text = self.text
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {self.key}, {text} FROM {self.table} WHERE {text} IS NOT NULL ORDER BY {self.key}")  # noqa: S608 - quoted
            return list(cursor.fetchall())

    def _write(self, change: str, condition: str, values: list[Any]) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {self.table} SET {change} WHERE {self.key} = %s AND {condition}", values)  # noqa: S608 - quoted
            return int(cursor.rowcount)


class Member(Place):
    """The same for a text within a JSON object: allauth keeps the secrets of a second factor so."""

    def __init__(self, model: type[models.Model], name: str, member: str) -> None:
        super().__init__(model, name)
        self.member = f"'{member}'"  # of MEMBERS: a word of ours, no text from outside
        self.text = f"({self.column} ->> {self.member})"

    def replace(self, pk: Any, old: str, new: str) -> int:
        """Write the one text, and only where the old one still stands; its neighbours may change meanwhile."""
        change = f"{self.column} = jsonb_set({self.column}, ARRAY[{self.member}], to_jsonb(%s::text))"
        return self._write(change, f"{self.text} = %s", [new, pk, old])


MEMBERS = ("secret", "seed")  # of an app for codes; of recovery codes


def places() -> Iterator[Place]:
    """Walk over every place that holds secrets."""
    for model, field in encrypted_fields():
        yield Place(model, field.name)
    for member in MEMBERS:
        yield Member(Authenticator, "data", member)


def keys_in_use(ask: Callable[[str], Iterable[tuple[str]]]) -> list[str]:
    """Return the fingerprints of the keys that the secrets of a database are encrypted with; `ask` runs a statement."""
    return sorted(set().union(*(place.keys(ask) for place in places())))


def require_none_in_use() -> None:
    """Raise KeysUnusable where secrets are encrypted already: a first key beside them would hide that
    theirs is gone.
    """

    def ask(statement: str) -> list[tuple[str]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    if names := keys_in_use(ask):
        raise KeysUnusable(
            f"The encryption keys are gone: {file()} is not there, and the database holds secrets that were encrypted "
            f"with {', '.join(names)}. Put the file back from your backup. Where it is lost for good, `manage.py "
            "rotate_keys --without-old` makes a new key, and names what has to be entered again."
        )


def rotate(*, by: By) -> Rotation:
    """Re-encrypt with the newest key whatever is not yet. May be repeated, interrupted, and run beside the hub.

    Raises KeysUnusable where the keys fail on the way; it says how far it came, and how to go on.
    """
    rotated, lost = 0, []
    try:
        for place in places():
            for pk, sealed in place.sealed():
                if is_newest(sealed):
                    continue
                try:
                    plain = decrypt(sealed)
                except KeyLost as error:
                    lost.append(place.lost(pk, error))
                    continue
                rotated += place.replace(pk, sealed, encrypt(plain))
    except KeysUnusable as error:
        raise KeysUnusable(
            f"{error} Until then {rotated} secrets were encrypted with the new key, and the others were left as they "
            "are: nothing is lost while all keys are kept. Mend it, then type `manage.py rotate_keys --same-key`, "
            "which does the rest."
        ) from error
    name = newest_fingerprint()
    thing = ("governance.keys", name, f"encryption key {name}")
    audit.record(by=by, verb="rotate", thing=thing, after={"rotated": rotated, "lost": len(lost)})
    return Rotation(rotated, lost)


def lost_secrets() -> list[Lost]:
    """Return what has to be entered again because its key is gone. Reads every secret once."""
    found = []
    for place in places():
        for pk, sealed in place.sealed():
            try:
                decrypt(sealed)
            except KeyLost as error:
                found.append(place.lost(pk, error))
    return found
