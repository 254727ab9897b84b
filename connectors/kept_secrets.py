"""Decides which stored secrets a connection keeps when its answers change: none where they would go to another host.

Who may edit a connection may not read its secrets, so an address of one's own must not get them. Every way in which
answers are taken over (form, typed test, API, folder of files) asks here before it puts secrets into the connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.answered import origins
from connectors.registry import UnknownConnector, registry

if TYPE_CHECKING:
    from connectors.models import Connection

ENTER_AGAIN = "Enter it again: the address has changed."


@dataclass(frozen=True, slots=True)
class Stored:
    """A connection's connector, answers and secrets before anything of it is changed."""

    connector: str
    answers: Mapping[str, Any]
    secrets: Mapping[str, Any]  # none where their key is lost

    @classmethod
    def of(cls, row: "Connection") -> "Stored":
        """Take down what a connection holds now."""
        return cls(row.connector, dict(row.answers), row.kept_secrets())

    def moves_to(self, row: "Connection", typed: Mapping[str, Any]) -> bool:
        """Return whether the connection, as it is now, would send its secrets to another scheme, host or port.

        The addresses of all ways to sign in count, else a secret of one way could follow when it is chosen later.
        """
        try:
            before = origins(registry.connector(self.connector).manifest, self.answers, self.secrets)
            after = origins(registry.connector(row.connector).manifest, row.answers, {**self.secrets, **typed})
        except UnknownConnector:
            return (self.connector, self.answers) != (row.connector, row.answers)
        return row.connector != self.connector or any(before.get(name) != each for name, each in after.items())


def put_secrets(row: "Connection", stored: Stored, typed: Mapping[str, Any]) -> list[str]:
    """Put the secrets that were typed, and those that stay, into a connection that has its new answers and its way.

    Return the names of those that have to be entered again, since the address has changed: they are not used. Where
    it has, secrets that the way to sign in does not ask for are forgotten. A new connection has nothing that stays.
    """
    moved = bool(row.pk) and stored.moves_to(row, typed)
    secrets = dict(typed) if moved else {**stored.secrets, **typed}
    if moved or not row.pk or secrets != stored.secrets:
        row.secrets = secrets
    return asked_again(row, stored, typed) if moved else []


def asked_again(row: "Connection", stored: Stored, typed: Mapping[str, Any]) -> list[str]:
    """Return which secrets of before the way to sign in asks for and nobody typed anew; they went to another host."""
    try:
        manifest = registry.connector(row.connector).manifest
    except UnknownConnector:
        return sorted(stored.secrets.keys() - typed.keys())
    way = manifest.auth_named(row.auth).name
    asked = [each.name for each in manifest.questions if each.secret and each.asked_for(way)]
    return [name for name in asked if stored.secrets.get(name) and name not in typed]
