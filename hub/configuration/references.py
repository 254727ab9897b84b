"""Secrets by reference: `env:NAME` or `file:/its/path`. A file says where a secret lies, never what it is."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from connectors.manifest.source import read_source
from hub.configuration.form import Data

REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/.+")  # as the schema has it


class NoSecret(ValueError):
    """Nothing lies where a reference points; the message says what is missing, the remedy what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def reference_of(slug: str, question: str) -> str:
    """Return where an export says that a connection's secret is expected, if no other has that: env:HARVEST_TOKEN."""
    return "env:" + re.sub(r"\W", "_", f"{slug}_{question}", flags=re.ASCII).upper().lstrip("0123456789")


def secret_at(reference: str) -> str:
    """Return the secret that a reference points to. Raises NoSecret, which names the place only."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        found = os.environ.get(place, "")
        if not found:
            raise NoSecret(f"the environment has no {place}.", f"Set {place} for this command, or name another place.")
        return found
    path = Path(place)
    try:
        found = path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text"
        raise NoSecret(f"the file {path} cannot be read: {cause}.", "Put the secret there, or name another.") from None
    if not found:
        raise NoSecret(f"the file {path} is empty.", "Put the secret there, or name another place.")
    return found


def references_of(things: Mapping[str, Mapping[str, Data]]) -> Iterator[tuple[Data, str]]:
    """Yield where references to secrets stand in things by kind and name: the map that holds one, and its key."""
    for each in things.get("connections", {}).values():
        for name in each.get("secrets", {}):
            yield each["secrets"], name
    for each in things.get("subscriptions", {}).values():
        yield each, "secret"


def placed_references(folder: Path, things: Mapping[str, Mapping[str, Data]]) -> None:
    """Let every secret of an export have a place of its own, in place: the one that the folder's files name already.

    Several names can come to one place (`erp-de` and `erp_de`). Then each of them gets a mark that only it has: else
    who applies the export would give one system another's secret. What a person wrote into the files stays, except two
    times the same that an export wrote. Unreadable files are left alone.
    """
    written = {kind: _by_name(folder / kind, key) for kind, key in (("connections", "slug"), ("subscriptions", "name"))}
    known = {
        (kind, name, key): place
        for kind, values in written.items()
        for name, value in values.items()
        for key, place in _named(value)
    }
    asked = [
        ((kind, name, key), holder)
        for kind in written
        for name, each in things.get(kind, {}).items()
        for holder, key in references_of({kind: {name: each}})
    ]
    usual = {secret: holder[secret[2]]["secret"] for secret, holder in asked}
    often = Counter(usual.values())
    used = {*known.values(), *usual.values()}
    free = {place for place in usual.values() if often[place] == 1} - set(known.values())
    for secret, holder in asked:
        own = usual[secret]
        place = known.get(secret, "")
        if not place or (place == own and often[own] > 1):
            place = own if own in free else _marked(own, secret, used)
            used.add(place)
        holder[secret[2]] = {"secret": place}


def _marked(place: str, secret: tuple[str, str, str], used: set[str]) -> str:
    """Return a place that no other secret has: the usual one with a mark of what it is of."""
    mark = sha256("\x1f".join(secret).encode()).hexdigest().upper()
    return next(made for length in range(6, len(mark)) if (made := f"{place}_{mark[:length]}") not in used)


def _by_name(folder: Path, key: str) -> dict[str, Data]:
    paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    values = [read_source(path.read_text(encoding="utf-8", errors="replace"), path.name).value for path in paths]
    return {str(value.get(key)): value for value in values if isinstance(value, dict)}


def _named(value: Data) -> Iterator[tuple[str, str]]:
    """Yield the references of a file, by the names of their secrets."""
    secrets = value.get("secrets")
    for name, given in {"secret": value.get("secret"), **(secrets if isinstance(secrets, dict) else {})}.items():
        place = given.get("secret") if isinstance(given, dict) else None
        if isinstance(place, str) and REFERENCE.fullmatch(place):
            yield name, place
