"""Reads from the environment through which providers people may sign in (OpenID Connect); knows no Django model.

`OIDC_PROVIDERS` lists names: "entra,keycloak". Each has settings of its own: OIDC_ENTRA_ISSUER, OIDC_ENTRA_CLIENT_ID,
OIDC_ENTRA_CLIENT_SECRET or OIDC_ENTRA_CLIENT_SECRET_FILE, OIDC_ENTRA_TITLE, OIDC_ENTRA_EMAIL_IS_VERIFIED.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.environment.kinds import LONGEST_PATH, shown
from hub.environment.places import web_address

NAME = re.compile(r"[a-z][a-z0-9]{0,29}")  # part of addresses and of names in the environment
ISSUER = re.compile(r"OIDC_([A-Z][A-Z0-9]{0,29})_ISSUER")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class WrongProviders(Exception):
    """What the environment says of providers cannot be used: `wrong` names each setting, for the operator."""

    def __init__(self, wrong: list[str]) -> None:
        super().__init__(" ".join(wrong))
        self.wrong = wrong


def providers(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return each provider in allauth's form; raise WrongProviders with everything that is wrong."""
    names = [each.strip() for each in environment.get("OIDC_PROVIDERS", "").split(",") if each.strip()]
    readers = [_Reader(name, environment) for name in names]
    found = [each.read() for each in readers]
    wrong = [line for each in readers for line in each.wrong]
    wrong += [f"OIDC_PROVIDERS names {name} twice." for name in sorted({n for n in names if names.count(n) > 1})]
    wrong += _unused(environment, names)
    if wrong:
        raise WrongProviders(list(dict.fromkeys(wrong)))
    return found


def _unused(environment: Mapping[str, str], names: Collection[str]) -> Iterator[str]:
    """Yield what is wrong where an issuer is given whose provider nobody would be offered."""
    listed = {name.upper() for name in names}
    for entry in sorted(environment):
        found = ISSUER.fullmatch(entry)
        if found and environment[entry].strip() and found[1] not in listed:
            name = found[1].lower()
            yield f"{entry} is given, but OIDC_PROVIDERS does not name {name}: add it there, or leave {entry} away."


def is_private(url: str) -> bool:
    """Return whether nobody on the way can read or change what goes to an address: https, or this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:  # unbalanced brackets
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _is_web_address(text: str) -> bool:
    try:
        web_address(text)
    except ValueError:
        return False
    return True


class _Reader:
    """Reads one provider's settings and collects what is wrong with them."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.name, self.wrong = name, list[str]()
        self._prefix, self._environment = f"OIDC_{name.upper()}_", environment

    def read(self) -> dict[str, Any]:
        if not NAME.fullmatch(self.name):
            self.wrong.append(f"OIDC_PROVIDERS names “{shown(self.name)}”: use small letters and digits, as in entra.")
            return {}
        settings = {"server_url": self._issuer()}
        return {
            "provider_id": self.name,
            "name": self._optional("TITLE") or self.name.capitalize(),
            "client_id": self._needed("CLIENT_ID"),
            "secret": self._secret(),
            "settings": settings | dict(self._trust()),
        }

    def _issuer(self) -> str:
        issuer = self._needed("ISSUER").rstrip("/")
        if not issuer:
            return ""
        if not is_private(issuer):
            self.wrong.append(f"{self._prefix}ISSUER={shown(issuer)} must begin with https:// (or http://localhost).")
        elif not _is_web_address(issuer):
            self.wrong.append(f"{self._prefix}ISSUER={shown(issuer)} is no address like https://login.example/firm.")
        if "/.well-known/" in issuer:
            self.wrong.append(f"{self._prefix}ISSUER is the part before /.well-known/: leave out the rest.")
        return issuer

    def _secret(self) -> str:
        file = self._optional("CLIENT_SECRET_FILE")
        if not file:
            return self._needed("CLIENT_SECRET", " or its _FILE")
        told = "it is empty"
        try:
            if found := Path(file).read_text(encoding="utf-8").strip():
                return found
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", "") or "it is no text in UTF-8"
        self.wrong.append(f"{self._prefix}CLIENT_SECRET_FILE={shown(file, LONGEST_PATH)} cannot be read: {told}.")
        return ""

    def _trust(self) -> Iterator[tuple[str, bool]]:
        given = self._optional("EMAIL_IS_VERIFIED")
        if given not in ("", "0", "1"):
            self.wrong.append(f"{self._prefix}EMAIL_IS_VERIFIED must be 0 or 1, not “{shown(given)}”.")
        if given == "1":
            yield "verified_email", True

    def _optional(self, name: str) -> str:
        given = self._environment.get(self._prefix + name, "").strip()
        if not given.isprintable():
            self.wrong.append(f"{self._prefix}{name} holds what is no text on one line. Type it again.")
            return "?"
        return given

    def _needed(self, name: str, other: str = "") -> str:
        value = self._optional(name)
        if not value:
            self.wrong.append(f"{self._prefix}{name}{other} is missing. Take it from the provider's own pages.")
        return value
