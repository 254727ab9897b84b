"""Keeps each state of a thing as a version, whoever changed it and how, so that there is a way back to it.

Every verb that changes configuration writes an audit entry; after its commit, what stands in the rows is kept. A state
that gets lost here, by a crash between the two commits, is found when the next draft is written.
"""

from contextlib import nullcontext
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save

from connectors.models import Connection
from exceptions_queue import agreeing
from governance import audit, versions
from governance.actor import Actor, ActorKind
from governance.models import AuditEntry, BusinessCalendar, User, Version
from routes.models import Destination, Route

WATCHED: dict[str, tuple[tuple[str, ...], Any, str]] = {  # kind of the audit entry: kinds that may differ, and names
    "routes.route": (("route", "schedule"), Route, "slug"),
    "routes.destination": (("route",), Destination, "route__slug"),
    "connectors.connection": (("connection",), Connection, "slug"),
    "governance.businesscalendar": (("calendar",), BusinessCalendar, "legal_entity__code"),
}


def listen() -> None:
    """Keep what changes from now on."""
    post_save.connect(_written, sender=AuditEntry, dispatch_uid="hub.changes.keeping")
    if _may_agree not in agreeing.ASKED:
        agreeing.ASKED.append(_may_agree)


def _may_agree(version: Version, user: User) -> bool:
    """Return whether somebody may approve at every company that a change concerns and that wants to be asked."""
    from hub.changes import publishing  # see below

    return publishing.lacks(version, user) is None


def _written(instance: AuditEntry, **_: Any) -> None:
    found = WATCHED.get(instance.thing_kind)
    if found is None:
        return
    kinds, model, field = found
    here = instance.thing_id.isdigit()  # an entry about what was tried in a form, and never saved, names no row
    names = set(model._default_manager.filter(pk=instance.thing_id).values_list(field, flat=True)) if here else set()
    before = instance.before if isinstance(instance.before, dict) else {}
    old = str(before["slug"]) if "slug" in before else ""  # the name that it had: nothing bears it any more
    by = Actor(ActorKind(instance.actor_kind), instance.actor_id, instance.actor_name)
    for name in (*names, *({old} - names - {""})):
        for kind in kinds:
            soon(kind, name, by=by, reason=instance.reason, channel=instance.channel)
    for name in names - {old} if old else ():
        for kind in kinds:
            transaction.on_commit(partial(_follow, kind, old, name, by), robust=True)


def soon(kind: str, name: str, *, by: Actor, reason: str = "", channel: str = "") -> None:
    """Keep what stands in the rows of a thing once this transaction is committed.

    A `channel` is that of the change: a commit may come when what has opened it is over.
    """
    transaction.on_commit(partial(_keep, kind, name, by, reason, channel), robust=True)


def _follow(kind: str, old: str, name: str, by: Actor) -> None:
    from hub.changes import following  # as below

    following.follow(kind, old, name, by=by)


@transaction.atomic
def _keep(kind: str, name: str, by: Actor, reason: str, channel: str) -> None:
    from hub.changes import things  # it brings the forms along, which most programs never need

    here = things.document(kind, name)
    last = Version.objects.of(kind, name).in_force().first()
    company = things.owner(kind, here, last.content if last else {})
    with audit.through(channel) if channel else nullcontext():
        versions.keep(kind=kind, object_key=name, content=here, by=by, reason=reason, legal_entity=company)
