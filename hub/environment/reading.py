"""Reads all settings at once, so that whoever has made three mistakes hears of three."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import quote, urlsplit

from hub.environment import declared
from hub.environment.declared import VARIABLES, Variable
from hub.sign_in.providers import WrongProviders, providers

T = TypeVar("T")
LONGEST_SHOWN = 60  # characters of a wrong value


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
    for variable in VARIABLES:
        try:
            text = _text(variable, environment)
            if text:
                given[variable.name] = variable.kind.read(text)
        except _Wrong as error:
            wrong.append(str(error))
        except ValueError:
            shown = "" if variable.secret else f", not “{_shortened(text)}”"
            wrong.append(f"{variable.name} must be {variable.kind.accepted}{shown}.")
    found = Environment(given)
    wrong += _contradictions(found)
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
    if not place:
        return text
    if text:
        raise _Wrong(f"{variable.name} and {variable.file} are both given; keep one of them.")
    try:
        text = Path(place).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise _Wrong(f"{variable.file} names {place}, which cannot be read: {why}.") from error
    if not text:
        raise _Wrong(f"{variable.file} names {place}, which is empty.")
    return text


def _contradictions(found: Environment) -> Iterator[str]:
    lease, longest = found[declared.LEASE_SECONDS], found[declared.REQUEST_TIMEOUT_SECONDS]
    if longest >= lease / 2:  # else a request could still be on its way when another worker takes over
        yield f"REQUEST_TIMEOUT_SECONDS ({longest:g}) must be less than half of LEASE_SECONDS ({lease:g})."
    if found[declared.DATABASE_PASSWORD]:
        url = found[declared.DATABASE_URL]
        if not url:
            yield "DATABASE_PASSWORD is given without DATABASE_URL; the embedded database has no password."
        elif urlsplit(url).password:
            yield "DATABASE_URL names a password and DATABASE_PASSWORD another; keep one of them."


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    who, _, where = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{who}:{quote(password, safe='')}@{where}").geturl()


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
