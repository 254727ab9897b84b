"""Which roles correct which field, as a route says it: "bill rate: controller; role: finance, controller".

Roles are named as files or as pages call them. Knows nothing of who asks.
"""

from collections.abc import Mapping

from canonical.entity import Entity
from governance.roles import ROLE_RIGHTS, Right, Role

FORM = "Write each field, a colon and its roles; a semicolon between two: bill rate: controller; role: finance."


def roles_of(text: str) -> Mapping[str, frozenset[Role]]:
    """Return the roles that correct a field, by field; what is not understood is nobody, so that nobody does."""
    return {
        name: frozenset(role for each in roles if (role := _role(each)) is not None) for name, roles in _parts(text)
    }


def problems(text: str, entity: Entity) -> list[str]:
    """Return in words everything that is wrong with what a person or file has written."""
    found: list[str] = []
    seen: set[str] = set()
    for name, roles in _parts(text):
        words = name.replace("_", " ")
        if name not in entity.by_name:
            known = ", ".join(each.replace("_", " ") for each in sorted(entity.by_name))
            found.append(f"There is no field “{words[:40]}” in a {entity.name.replace('_', ' ')}: {known}. {FORM}")
            continue
        if name in entity.key:
            found.append(f"The {words} is part of what a record is known by, so nobody corrects it. Leave it out.")
        if name in seen:
            found.append(f"The {words} stands twice. Name all its roles in one place, with commas between them.")
        seen.add(name)
        if not roles:
            found.append(f"No role is named for the {words}. {FORM}")
        found += [_unknown(each, words) for each in roles if _may_not(each)]
    return found


def told(text: str, field: str) -> str:
    """Return in words which roles correct a field: "Controller or Finance operations"; "" where no role is named."""
    return " or ".join(role.label for role in Role if role in roles_of(text).get(field, ()))


def _parts(text: str) -> list[tuple[str, list[str]]]:
    """Return fields with what is written behind them, in the order of the text."""
    parts = [part.partition(":") for part in text.replace("\n", ";").split(";") if part.strip()]
    return [
        ("_".join(name.split()).lower(), [each.strip() for each in roles.split(",") if each.strip()])
        for name, _, roles in parts
    ]


def _role(words: str) -> Role | None:
    asked = " ".join(words.replace("_", " ").split()).casefold()
    return next((role for role in Role if asked in (role.value.replace("_", " "), role.label.casefold())), None)


def _may_not(words: str) -> bool:
    role = _role(words)
    return role is None or Right.EDIT_OVERLAY not in ROLE_RIGHTS[role]


def _unknown(words: str, field: str) -> str:
    role = _role(words)
    able = " or ".join(each.label for each in Role if Right.EDIT_OVERLAY in ROLE_RIGHTS[each])
    if role is None:
        return f"There is no role “{words[:40]}” for the {field}. Roles that correct fields are {able}."
    return f"The role {role.label} corrects no fields at all, so it cannot correct the {field}. Name {able}."
