"""Who does something: a person, a rule or the engine. Every verb names its actor in `by=`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from django.apps import apps

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

By: TypeAlias = "Actor | AbstractBaseUser | AnonymousUser"  # what a verb's `by=` accepts


class ActorKind(StrEnum):
    """Person: somebody signed in. Rule: something a person set up acts for them. Engine: the hub itself."""

    PERSON = "person"
    RULE = "rule"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, in a form that outlives the user's row."""

    kind: ActorKind
    id: str  # the user's primary key, the rule's name, or "engine"
    name: str  # as shown to people

    @property
    def reference(self) -> str:
        """Return "person:12": equal exactly when the actor is the same one."""
        return f"{self.kind}:{self.id}"

    def __str__(self) -> str:
        return self.name


ENGINE = Actor(ActorKind.ENGINE, "engine", "Throughline")


def as_actor(by: By) -> Actor:
    """Return the actor for a signed-in user; an actor is returned as it is. Refuses a user who is not signed in."""
    if isinstance(by, Actor):
        return by
    if by.pk is None:
        raise ValueError(
            "An action needs a signed-in person, a rule or the engine as its actor; sign in and try again."
        )
    name = getattr(by, "get_full_name", str)() or by.get_username()
    return Actor(ActorKind.PERSON, str(by.pk), name)


def names(references: Iterable[str]) -> dict[str, str]:
    """Return the name to show for each reference, with one query; a user who is gone is shown by number."""
    wanted = dict.fromkeys(references, "")
    ids = [each.partition(":")[2] for each in wanted if each.startswith(ActorKind.PERSON)]
    found = apps.get_model("governance", "User")._default_manager.filter(pk__in=ids) if ids else []
    shown = {as_actor(user).reference: as_actor(user).name for user in found}
    return {each: shown.get(each) or _stand_in(each) for each in wanted}


def _stand_in(reference: str) -> str:
    kind, _, identity = reference.partition(":")
    if kind == ActorKind.PERSON:
        return f"former user {identity}"
    return ENGINE.name if kind == ActorKind.ENGINE else identity
