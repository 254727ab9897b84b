"""A configuration that somebody chose, also as a text: "now", "then", or a mapping's version as "ledger-time-out@2".

A version takes the place of the one in force; everything else, rows of tables included, is as it is now (ADR 127).
"""

from collections.abc import Mapping
from typing import Any, Literal

from governance.actor import By
from governance.models import Version
from governance.models.version import State
from governance.rights import Right

Configuration = Literal["now", "then"] | Version  # as it is in force, as it was, or with one version of a mapping
ONCE_IN_FORCE = (State.PUBLISHED, State.RETIRED)  # what may be sent with; a draft is only tried
BIGGEST = 9  # digits of a number


class NotThere(LookupError):  # reads as what happened
    """A text names no configuration that somebody may choose; the message says what could be."""


def named(configuration: Configuration) -> str:
    """Return a configuration as a text."""
    return configuration if isinstance(configuration, str) else f"{configuration.object_key}@{configuration.number}"


def in_words(configuration: Configuration) -> str:
    """Return what begins the reason of a move that was made with a configuration; "" for that of now."""
    if configuration == "now":
        return ""
    if configuration == "then":
        return AS_THEN
    assert isinstance(configuration, Version)
    return f"with version {configuration.number} of “{configuration.object_key}”: "


AS_THEN = "as then: "  # begins the reason of a move that used the rows of an earlier time


def version_named(text: str) -> Version | None:
    """Return the version of a mapping that a text such as "ledger-time-out@2" names, whatever its state."""
    name, _, number = text.rpartition("@")
    if not (number.isascii() and number.isdecimal() and len(number) <= BIGGEST):
        return None
    return Version.objects.filter(kind="mapping", object_key=name, number=int(number)).first()


def to_send(text: str, *, by: By) -> Configuration:
    """Return the configuration that a text names, for a real send. Raises NotThere; of a draft it says why."""
    if text in ("", "now"):
        return "now"
    if text == "then":
        return "then"
    found = version_named(text)
    if found is None or not Version.objects.usable_by(by).filter(pk=found.pk).exists():
        raise NotThere(
            f"There is no version “{text[:80]}” of a mapping that you see. Choose now, then, or a version that was "
            "published, as mapping@version."
        )
    if found.state not in ONCE_IN_FORCE:
        raise NotThere(
            f"Version {found.number} of “{found.object_key}” is a draft, and a draft is only tried. Have it published, "
            "and send with the configuration of now."
        )
    return found


def kept(text: str) -> Configuration:
    """Return the configuration of a text that was checked before it was written down."""
    found = version_named(text) if "@" in text else None
    return found or ("then" if text == "then" else "now")


def right_to_send(configuration: Configuration) -> Right:
    """Return the right to send again with a configuration: what is out of force takes one of its own."""
    out_of_force = isinstance(configuration, Version) and configuration.state != State.PUBLISHED
    return Right.RESUBMIT_VERSION if out_of_force else Right.RESUBMIT


def has_part(version: Version, content: Mapping[str, Any], destination: int | None) -> bool:
    """Return whether a route's configuration uses a version's mapping, for one destination or (None) at all."""
    places = [each for each in content["destinations"] if destination in (None, each["id"])]
    used = [content["normalise"], *(each["translate"] for each in places)]
    return version.object_key in {each["name"] for each in used if each}
