"""Approving a draft of a thing and putting it in force: its document goes into the rows in one commit with that."""

import logging
from contextlib import nullcontext
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from governance import elsewhere, second_person, versions
from governance.actor import ENGINE, Actor, ActorKind, By, names
from governance.models import LegalEntity, ProposedSecrets, Version
from governance.models.version import PUT_INTO_ROWS
from governance.rights import NotAllowed, Right, allowed, called, require
from governance.versions import WrongState
from hub.changes import putting, things
from hub.configuration.alone import lock
from hub.configuration.form import Data

log = logging.getLogger("throughline.changes")


class Overtaken(WrongState):  # reads as what happened
    """What is in force is not what a draft was written on any more."""


def is_overtaken(version: Version, here: Data) -> bool:
    """Return whether something else is in force by now than when a draft was written."""
    return is_behind(version, here) or has_other_secrets(version)


def is_behind(version: Version, here: Data) -> bool:
    """Return whether another document is in force by now than when a draft was written."""
    return here != (version.based_on.content if version.based_on else {})


def has_other_secrets(version: Version) -> bool:
    """Return whether secrets in force were entered anew since those of an open draft of a connection were."""
    if version.kind != "connection" or version.state not in things.OPEN:
        return False
    entered = ProposedSecrets.objects.filter(version=version).values_list("entered_over", flat=True).first()
    return entered is not None and entered != things.seal_in_force(version)


def asking(version: Version, companies: "list[LegalEntity] | None" = None) -> list[LegalEntity]:
    """Return the companies that want a second person's consent to a version; each is asked, not only its own.

    Whoever knows the companies that it concerns gives them.
    """
    concerned = things.companies(version) if companies is None else companies
    return [each for each in concerned if elsewhere.asks_about(each, version)]


def lacks(version: Version, by: By) -> LegalEntity | None:
    """Return a company that wants a second person and where somebody may not be it; None where there is none."""
    return next((each for each in asking(version) if not allowed(by, Right.APPROVE_CONFIGURATION, each)), None)


@transaction.atomic
def approve(version: Version, *, by: By, reason: str = "", seen: str | None = None) -> Version:
    """Give the second person's consent to a draft. Raises NotAllowed, WrongState, Overtaken, and ChangedMeanwhile where
    it is not as `seen` (`Version.shown`) any more; so do the other steps.

    Where its route uses connections of other companies that ask for a second person, their consent is meant, too.
    """
    done = versions.approve(version, by=by, reason=reason, seen=seen)
    if elsewhere := lacks(done, by):
        require(by, Right.APPROVE_CONFIGURATION, elsewhere)
    _refuse_overtaken(done)
    return done


@transaction.atomic
def publish(
    version: Version, *, by: By, reason: str = "", seen: str | None = None, at: datetime | None = None
) -> Version:
    """Put an approved draft in force, now or at a later moment. Raises NotAllowed, WrongState, Overtaken, NotPossible.

    What would keep it from being put in force is said at once, also where its time is yet to come.
    """

    def put(row: Version) -> None:
        _put(row, by=by, reason=reason)

    lock()  # before any row, as those do who apply a folder
    if at is not None and at > timezone.now():
        _refuse_overtaken(version)
        if wrong := putting.problems(version, by=by):
            raise putting.NotPossible("\n".join(wrong))
        return versions.publish(version, by=by, at=at, reason=reason, put=put, seen=seen)
    done = versions.publish(version, by=by, reason=reason, put=put, seen=seen)
    return versions.retire_empty(done, by=by) if not done.content else done


def publish_due(*, now: datetime | None = None) -> list[Version]:
    """Put in force every draft whose time has come, in the name of whoever has set it, each in its own transaction.

    One that cannot be as things are by then waits, and is tried again; its page says why, and so does `doctor`.
    """
    found = []
    for version in Version.objects.due(now or timezone.now()).filter(kind__in=PUT_INTO_ROWS):
        try:
            found += _publish_due_one(version)
        except (WrongState, NotAllowed) as wrong:
            log.warning("not put in force in time", extra={"version": str(version.pk), "reason": type(wrong).__name__})
        except Exception:  # what is wrong with one keeps no other from its time
            log.exception("unforeseen while putting in force in time", extra={"version": str(version.pk)})
    return found


@transaction.atomic
def _publish_due_one(version: Version) -> list[Version]:
    lock()
    setter = _actor(version.scheduled_by or "")
    require(setter, Right.PUBLISH_CONFIGURATION, version.legal_entity)
    done = versions.publish_due_one(version, lambda row: _put(row, by=setter, reason="its time has come"))
    if done is None:
        return []
    return [versions.retire_empty(done, by=ENGINE) if not done.content else done]


@transaction.atomic
def approve_and_publish(
    version: Version, *, by: By, reason: str = "", seen: str | None = None, at: datetime | None = None
) -> Version:
    """Agree to a draft and put it in force at once, as somebody who may do both. Raises as the two do."""
    require(by, Right.PUBLISH_CONFIGURATION, version.legal_entity)
    lock()
    return publish(approve(version, by=by, reason=reason, seen=seen), by=by, reason=reason, at=at)


@transaction.atomic
def publish_alone(
    version: Version, *, by: By, reason: str = "", seen: str | None = None, at: datetime | None = None
) -> Version:
    """Put one's own draft in force where no second person is asked for. Raises also NeedsSecondPerson."""
    lock()
    if at is not None:
        second_person.require_agreed(by, things.companies(version), thing=things.title(version))
    return publish(versions.approve_alone(version, by=by, seen=seen), by=by, reason=reason, at=at)


def _put(row: Version, *, by: By, reason: str) -> None:
    """Put a version's document into the rows, with the secrets that came with it."""
    alone = row.approved_by == versions.ONE_PERSON.reference
    if alone:
        second_person.require_agreed(by, things.companies(row), thing=things.title(row))
    with nullcontext() if alone else second_person.agreed():
        _refuse_overtaken(row)
        if not alone:
            _refuse_half_approved(row, by)
        said = f"version {row.number}" + (f": {row.note}" if row.note else "")
        putting.refuse_lost(row)
        secrets = putting.secrets_of(row)
        putting.put(row.kind, row.object_key, row.content, by=by, secrets=secrets, reason=reason or said)
    ProposedSecrets.objects.filter(version=row).delete()


def _actor(reference: str) -> Actor:
    kind, _, identity = reference.partition(":")
    return Actor(ActorKind(kind), identity, names([reference])[reference])


def _refuse_half_approved(version: Version, by: By) -> None:
    """Refuse what was approved before another company came in, or asked, at which the approver has no say."""
    approver = _actor(things.second_person_of(version))
    elsewhere = lacks(version, approver)
    if elsewhere and elsewhere != version.legal_entity:
        named = called(elsewhere, by)
        raise WrongState(
            f"{things.title(version)} concerns {named}, which asks for a second person too, and {approver} may not "
            f"approve there. Take the draft back, and send it to somebody who may approve for {named} as well."
        )


def _refuse_overtaken(version: Version) -> None:
    putting.refuse_foreign(version)
    if is_overtaken(version, things.document(version.kind, version.object_key)):
        raise Overtaken(
            f"{things.title(version)} was changed since this draft was written, so the differences that were shown are "
            "others by now. Take the draft back, look at what it would change now, and send it in again."
        )
