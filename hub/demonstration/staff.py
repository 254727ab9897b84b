"""The firm's companies with their calendars, and the staff who use the hub, with their roles."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password

from governance import calendars
from governance.actor import ENGINE
from governance.grants import grant
from governance.models import LegalEntity, User
from governance.rights import Role
from hub.supervisor import left_out

ZONES = {"HP-DE": "Europe/Berlin", "HP-US": "America/New_York", "HP-GB": "Europe/London"}
PASSWORD_FILE = "demonstration.password"  # noqa: S105 - a file name; below STATE, readable by its owner only

OTHER_PASSWORDS = "demonstration.other-passwords"  # below STATE/run: a note that the password opens nothing


@dataclass(frozen=True)
class Person:
    """Somebody who uses the hub. `legal_entity` empty: for all companies."""

    user_name: str
    first_name: str
    last_name: str
    role: Role
    legal_entity: str = ""
    emergency: str = ""  # the company in which they may work in emergency mode, too


STAFF = (
    Person("ingrid", "Ingrid", "Solheim", Role.INTEGRATION_ADMIN),
    Person("farid", "Farid", "Amini", Role.FINANCE, emergency="HP-DE"),
    Person("clara", "Clara", "Voss", Role.CONTROLLER),
    Person("viktor", "Viktor", "Lang", Role.VIEWER, "HP-GB"),
    Person("olga", "Olga", "Petrenko", Role.OPERATOR),
)


def companies(rows: list[dict[str, Any]]) -> dict[str, LegalEntity]:
    """Make the legal entities and their calendars; return them by code."""
    made = {}
    for row in rows:
        values = {name: row[name] for name in ("name", "country", "currency")}
        entity, _ = LegalEntity.objects.get_or_create(code=row["code"], defaults=values)
        region = {"GB": "ENG"}.get(row["country"], row["region"])
        calendars.set_up(legal_entity=entity, time_zone=ZONES[row["code"]], subdivision=region, by=ENGINE)
        made[entity.code] = entity
    return made


def people(entities: dict[str, LegalEntity]) -> dict[str, User]:
    """Make the staff who are not there yet, with roles and the demonstration's password; return them by user name."""
    return {person.user_name: _user(person, entities) for person in STAFF}


def gone() -> list[str]:
    """Return the user names of the staff who are not there."""
    names = [person.user_name for person in STAFF]
    there = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    return [name for name in names if name not in there]


def _user(person: Person, entities: dict[str, LegalEntity]) -> User:
    mail = f"{person.first_name}.{person.last_name}@halden-partner.example".lower()
    names = {"first_name": person.first_name, "last_name": person.last_name, "email": mail, "is_staff": True}
    user, is_new = User.objects.get_or_create(username=person.user_name, defaults=names)
    if is_new:
        user.set_password(password())
        user.save(update_fields=["password"])
        where = entities[person.legal_entity] if person.legal_entity else None
        grant(user=user, role=person.role, legal_entity=where, by=ENGINE, reason=left_out.REASON)
        if person.emergency:
            grant(
                user=user, role=Role.EMERGENCY, legal_entity=entities[person.emergency], by=ENGINE,
                reason=left_out.REASON,
            )  # fmt: skip
    return user


def password() -> str:
    """Return the password of the demonstration's staff, made at the first need and kept in STATE."""
    path = Path(settings.STATE) / PASSWORD_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    made = secrets.token_urlsafe(9)
    with os.fdopen(descriptor, "w") as file:
        file.write(made + "\n")
    return made


def opens() -> bool:
    """Tell whether the password in STATE opens any account of the staff: not after another hub's was restored."""
    try:
        kept = (Path(settings.STATE) / PASSWORD_FILE).read_text().strip()
    except FileNotFoundError:
        return False
    names = [person.user_name for person in STAFF]
    return any(check_password(kept, user.password) for user in User.objects.filter(username__in=names).order_by("pk"))


def told() -> str:
    """Return with what the staff sign in, after "with ": the password where it opens something."""
    if opens():
        return f"the password {password()}"
    return "the passwords that they had in the hub that this database comes from"


def note() -> None:
    """Note below STATE, for the last lines of `make run`, whether the password opens nothing."""
    path = Path(settings.STATE) / "run" / OTHER_PASSWORDS
    path.parent.mkdir(exist_ok=True)
    if opens():
        path.unlink(missing_ok=True)
    else:
        path.touch()
