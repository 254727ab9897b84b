"""Reads all settings at once, so that whoever has made three mistakes hears of three."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import quote

from hub.environment import declared, libpq
from hub.environment.declared import VARIABLES, Variable
from hub.environment.kinds import LONGEST_PATH, Because, shown
from hub.sign_in.providers import WrongProviders, providers

T = TypeVar("T")


class WrongSettings(Exception):
    """Settings that cannot be used: `wrong` has a sentence for each, in the order of the operator's guide."""

    def __init__(self, wrong: list[str]) -> None:
        super().__init__(" ".join(wrong))
        self.wrong = wrong
        number = "A setting" if len(wrong) == 1 else f"{len(wrong)} settings"
        self.thing = f"{number} of the environment cannot be used"
        self.remedy = "Put right what is named, or leave it away to have its default; docs/operator.md lists them all."

    def lines(self) -> str:
        """Return the message as it is printed in a terminal."""
        each = "\n".join(f"          {sentence}" for sentence in self.wrong).lstrip()
        return f"Throughline cannot start: {self.thing}.\n  Cause:  {each}\n  Remedy: {self.remedy}"


class Environment:
    """The settings' values: those that were given, else the defaults."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given

    def __getitem__(self, variable: Variable[T]) -> T:
        return cast(T, self._given.get(variable.name, variable.default))


def read(environment: Mapping[str, str]) -> Environment:
    """Return the values of all settings; raise WrongSettings that names every one that cannot be used."""
    given: dict[str, object] = {}
    wrong: list[str] = []
    spoilt: set[str] = set()  # the names of what is wrong by itself
    for variable in VARIABLES:
        try:
            text = _text(variable, environment)
            if text:
                given[variable.name] = variable.kind.read(text)
        except _Wrong as error:
            wrong.append(str(error))
        except (ValueError, OSError) as error:
            instead = "" if variable.secret else f", not “{shown(text)}”"
            why = f" ({error})" if isinstance(error, Because) else ""
            wrong.append(f"{variable.name} must be {variable.kind.accepted}{instead}{why}.")
        if len(wrong) > len(spoilt):
            spoilt.add(variable.name)
    found = Environment(given)
    wrong += [said for names, said in _contradictions(found) if not spoilt.intersection(names)]
    try:
        providers(environment)
    except WrongProviders as error:
        wrong += error.wrong
    if wrong:
        raise WrongSettings(wrong)
    if found[declared.DATABASE_PASSWORD]:
        url = _with_password(found[declared.DATABASE_URL], found[declared.DATABASE_PASSWORD])
        return Environment(given | {declared.DATABASE_URL.name: url})
    return found


class _Wrong(Exception):
    """One sentence on a setting that cannot be read at all."""


def _text(variable: Variable[object], environment: Mapping[str, str]) -> str:
    """Return what was given for a setting, in the environment or a file; "" where nothing was."""
    text = environment.get(variable.name, "").strip()
    place = environment.get(variable.file, "") if variable.secret else ""
    if place and text:
        raise _Wrong(f"{variable.name} and {variable.file} are both given; keep one of them.")
    if place:
        text = _in_file(variable.file, place)
    if "\0" in text or any("\ud800" <= mark <= "\udfff" for mark in text):
        raise _Wrong(f"{variable.name} is no text in UTF-8. Type it again.")
    return text


def _in_file(name: str, place: str) -> str:
    try:
        text = Path(place).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise _Wrong(f"{name} names {shown(place, LONGEST_PATH)}, which cannot be read: {why}.") from error
    if not text:
        raise _Wrong(f"{name} names {shown(place, LONGEST_PATH)}, which is empty.")
    return text


def _contradictions(found: Environment) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield which settings do not fit each other, and how that is said."""
    lease, longest = found[declared.LEASE_SECONDS], found[declared.REQUEST_TIMEOUT_SECONDS]
    if longest >= lease / 2:  # else a request could still be on its way when another worker takes over
        said = f"REQUEST_TIMEOUT_SECONDS ({longest:g}) must be less than half of LEASE_SECONDS ({lease:g})."
        yield ("REQUEST_TIMEOUT_SECONDS", "LEASE_SECONDS"), said
    if found[declared.DATABASE_PASSWORD]:
        url, names = found[declared.DATABASE_URL], ("DATABASE_URL", "DATABASE_PASSWORD")
        if not url:
            yield names, "DATABASE_PASSWORD is given without DATABASE_URL; the embedded database has no password."
        elif libpq.parameters(url).get("password"):
            yield names, "DATABASE_URL names a password and DATABASE_PASSWORD another; keep one of them."


def _with_password(url: str, password: str) -> str:
    """Return the address with the password among its parameters, where every form of address may have it."""
    return f"{url}{'&' if '?' in url else '?'}password={quote(password, safe='')}"
