"""Row-level rights: every row belongs to a legal entity, and a person sees those of the entities they have a role in.

A row without a legal entity is seen only by those whose role counts for all of them. One `visible_to` per model serves
page, admin, API, export, command and counts.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import DEFAULT_DB_ALIAS, connections, models

from governance import asked, narrowing
from governance.actor import Actor, ActorKind, By
from governance.roles import ENTRUSTED, Right, roles_with

Row = TypeVar("Row", bound=models.Model, covariant=True)

ALL = None  # stands for every legal entity, those added tomorrow included


class Held(NamedTuple):
    """A role that somebody has, in a legal entity (its id) or in all of them (None)."""

    role: str
    legal_entity: int | None
    vouched: bool  # whether nobody else has set the password of the account


# Written out: each verb and each part of a page asks, and to put the same query together took most of its time.
GRANTS = """
SELECT g.role, g.legal_entity_id, u.password_set_by
FROM governance_rolegrant g JOIN governance_user u ON u.id = g.user_id
WHERE g.user_id = %s AND u.is_active
"""

_read: ContextVar[dict[tuple[str, str], list[Held]] | None] = ContextVar("grants read", default=None)


@contextmanager
def grants_read_once() -> Iterator[None]:
    """Let rights be asked with one query for each person, however often: for a page that only shows.

    Within another one nothing is read again.
    """
    known = _read.get()
    token = _read.set({} if known is None else known)
    try:
        yield
    finally:
        _read.reset(token)


def roles_held(user: int | str, *, using: str | None = None) -> list[Held]:
    """Return the roles of an account that is not closed. One query; within `grants_read_once` only the first time."""
    kept, whose = _read.get(), (using or DEFAULT_DB_ALIAS, str(user))
    if kept is not None and whose in kept:
        return kept[whose]
    with connections[whose[0]].cursor() as cursor:
        cursor.execute(GRANTS, [int(user)])
        found = [Held(role, entity, not set_by) for role, entity, set_by in cursor.fetchall()]
    if kept is not None:
        kept[whose] = found
    return found


def entity_ids(by: By, right: Right = Right.VIEW, *, using: str | None = None) -> frozenset[int] | None:
    """Return the ids of the legal entities in which somebody has a right; `ALL` (None) for every one.

    One query; within `grants_read_once`, as while a page is made, one for all rights of somebody.
    A rule acts with the rights of the engine: what it may do was decided when a person set it up.
    """
    if isinstance(by, Actor) and by.kind is not ActorKind.PERSON:
        return ALL
    found = narrowing.narrowed(_held(by, right, using))
    asked.note(by.id if isinstance(by, Actor) else by.pk or 0, right, found)
    return found


def has_role(by: By, roles: Collection[str], legal_entity: int | None) -> bool:
    """Return whether somebody has one of some roles in a legal entity; superusers and the engine have each of them.

    For what a firm itself says by role, such as who corrects a field; what the code asks for are rights. At most two
    queries.
    """
    if isinstance(by, Actor) and by.kind is not ActorKind.PERSON:
        return True
    user_id, superuser = _account(by)
    held = [] if superuser else roles_held(user_id)
    return superuser or any(each.role in roles and each.legal_entity in (None, legal_entity) for each in held)


def _account(by: By, right: Right | None = None) -> tuple[int | str, bool]:
    """Return somebody's account, and whether it is a superuser's that is trusted with a right."""
    if isinstance(by, Actor):
        users = apps.get_model("governance", "User")._default_manager
        trusted = _trusted(right) if right else {}
        return by.id, users.filter(pk=by.id, is_superuser=True, is_active=True, **trusted).exists()
    superuser = by.is_active and bool(getattr(by, "is_superuser", False))
    return by.pk or 0, superuser and not (right in ENTRUSTED and bool(getattr(by, "password_set_by", "")))


def _held(by: By, right: Right, using: str | None) -> frozenset[int] | None:
    user_id, superuser = _account(by, right)
    if superuser:
        return ALL
    roles = roles_with(right)
    held = {
        each.legal_entity
        for each in roles_held(user_id, using=using)
        if each.role in roles and (each.vouched or right not in ENTRUSTED)
    }
    return ALL if None in held else frozenset(each for each in held if each is not None)


def _trusted(right: Right) -> dict[str, str]:
    """Return what must hold of an account for a right: none whose password another has set approves anything."""
    return {"password_set_by": ""} if right in ENTRUSTED else {}


class EntityScopedQuerySet(models.QuerySet[Row]):
    """Rows that belong to a legal entity. `entity_path` says how to get there, here or on the model."""

    entity_path = "legal_entity"  # "route__legal_entity", "pk" …

    def visible_to(self, by: By, right: Right = Right.VIEW) -> Self:
        """Keep the rows of the legal entities in which somebody has the right; superusers and the engine keep all."""
        ids = entity_ids(by, right, using=self.db)
        if ids is ALL:
            return self.all()
        return self.filter(**{f"{path_to_entity(self)}__in": ids})


def path_to_entity(queryset: models.QuerySet[models.Model]) -> str:
    """Return the lookup from a row to its legal entity; what the model declares wins over its queryset."""
    return str(getattr(queryset.model, "entity_path", getattr(queryset, "entity_path", "legal_entity")))


def entity_scoped_models_without_visible_to() -> list[str]:
    """Return one line for each model of ours that is neither scoped by legal entity nor declared global, and why.

    A model is scoped when its default manager offers `visible_to` and the path leads somewhere. A model that belongs to
    no legal entity says so with `entity_global = "reason"`, which is not believed of one that has such a field.
    """
    ours = [model for config in apps.get_app_configs() if _is_ours(config) for model in config.get_models()]
    lines = [(model._meta.label, what_is_missing(model)) for model in ours if not _is_history(model)]
    return [f"{label}: {missing}" for label, missing in lines if missing]


def _is_ours(config: AppConfig) -> bool:
    path = Path(config.path)
    return path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts


def _is_history(model: type[models.Model]) -> bool:
    # Tables of simple-history are read only through the row whose history they keep.
    return hasattr(model, "instance_type")


def what_is_missing(model: type[models.Model]) -> str:
    """Return what keeps a model from being scoped by legal entity; "" when nothing does."""
    has_field = _has_field(model, "legal_entity")
    if getattr(model, "entity_global", "") and not has_field:
        return ""
    queryset = model._default_manager.all()
    if not hasattr(queryset, "visible_to"):
        wanted = "an EntityScopedQuerySet as its default manager"
        return f"needs {wanted}" if has_field else f'needs {wanted} with an entity_path, or entity_global = "reason"'
    try:
        queryset.filter(**{f"{path_to_entity(queryset)}__in": []})
    except FieldError as error:
        return f"its entity_path leads nowhere: {error}"
    return ""


def _has_field(model: type[models.Model], name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
