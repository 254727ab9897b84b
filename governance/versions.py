"""The life of a version: draft → submitted → approved by another person → published, now or at a time → retired.

Each verb takes the version's row lock, checks rights, writes its audit entry and is refused in words that name the
remedy. What publishing sets in motion belongs to those who own the kind: they read `published()`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from governance import audit, elsewhere
from governance.actor import ENGINE, Actor, ActorKind, By, as_actor
from governance.models import LegalEntity, State, User, Version
from governance.models.version import PUT_INTO_ROWS, content_hash
from governance.rights import Right, require, require_other_person
from governance.same_person import behind


class WrongState(Exception):
    """A version cannot take this step from where it is. The message says what can be done."""


class ChangedMeanwhile(WrongState):  # reads as what happened
    """Somebody else changed what a person was editing; nothing was overwritten. The message says who, and when."""


AS_IT_IS: Any = object()  # given where None has a meaning of its own
SHIPPED = Actor(ActorKind.RULE, "shipped", "Shipped with Throughline")  # approves what came with the product
LOOK = "Nothing was done: look at it as it is now, then decide."
ONE_PERSON = Actor(ActorKind.RULE, "one-person", "nobody else, since one person was enough")


def published(kind: str, object_key: str) -> Version:
    """Return the version in force; raises Version.DoesNotExist, naming the object, when there is none."""
    found = Version.objects.of(kind, object_key).in_force().first()
    if found is None:
        raise Version.DoesNotExist(f"No version of {kind} {object_key} is published; publish one.")
    return found


def all_published(kind: str, object_keys: Iterable[str]) -> dict[str, Version]:
    """Return the versions in force of several objects, by object; those without one are left out. One query."""
    found = Version.objects.filter(kind=kind, object_key__in=sorted(set(object_keys))).in_force()
    return {version.object_key: version for version in found.only("object_key", "number", "content")}


@transaction.atomic
def draft(
    *,
    kind: str,
    object_key: str,
    content: Any,
    by: By,
    legal_entity: LegalEntity | None = None,
    note: str = "",
    newest_seen: int | None = None,
    based_on: Version | None = None,
    rolls_back_to: Version | None = None,
) -> Version:
    """Make the next version of an object as a draft.

    `based_on` is the version that was in force when its content was written, `rolls_back_to` the one it brings back.
    `newest_seen` is the number of the newest version that the person has seen (0: none); else ChangedMeanwhile.
    """
    require(by, Right.EDIT_CONFIGURATION, legal_entity)
    version = _next(kind, object_key, content, author=as_actor(by).reference, legal_entity=legal_entity, note=note)
    if newest_seen is not None and version.number != newest_seen + 1:
        raise ChangedMeanwhile(_changed(Version.objects.of(kind, object_key).filter(number=version.number - 1).get()))
    version.based_on, version.rolls_back_to = based_on, rolls_back_to
    _contribute(version, *behind(by))
    return _inserted(version, by, "draft", note)


@transaction.atomic
def discard(version: Version, *, by: By, reason: str = "", seen: str | None = None) -> None:
    """Delete a draft that nobody wants any more, `seen` as in `approve`; the audit trail keeps that there was one."""
    row = _locked(version, Right.EDIT_CONFIGURATION, by, State.DRAFT, "discard", "Take it back first.", seen)
    _record(row, by, "discard", reason=reason)
    row.delete()


@transaction.atomic
def revise(
    version: Version,
    *,
    content: Any,
    by: By,
    note: str | None = None,
    content_seen: str | None = None,
    based_on: Version | None = AS_IT_IS,
) -> Version:
    """Replace a draft's content; whoever does so can no longer approve it.

    `content_seen` is the hash of what the person has seen, else ChangedMeanwhile; `based_on` None: nothing is in force.
    """
    row = _locked(version, Right.EDIT_CONFIGURATION, by, State.DRAFT, "edit", "Make a new draft instead.")
    if content_seen is not None and row.content_hash != content_seen:
        raise ChangedMeanwhile(_changed(row))
    before = {"content_hash": row.content_hash}
    row.content, row.content_hash = content, content_hash(content)
    row.note = row.note if note is None else note
    row.based_on = row.based_on if based_on is AS_IT_IS else based_on
    _contribute(row, as_actor(by).reference, *behind(by))
    return _saved(row, by, "revise", before=before, after={"content_hash": row.content_hash})


@transaction.atomic
def submit(version: Version, *, by: By, note: str | None = None) -> Version:
    """Send a draft to another person for approval."""
    row = _locked(version, Right.EDIT_CONFIGURATION, by, State.DRAFT, "submit", "Only drafts are submitted.")
    row.note = row.note if note is None else note
    row.submitted_by, row.submitted_at = as_actor(by).reference, timezone.now()
    _contribute(row, *behind(by))
    return _saved(row, by, "submit", state=State.SUBMITTED, reason=row.note)


@transaction.atomic
def withdraw(version: Version, *, by: By, reason: str = "") -> Version:
    """Turn a submitted or approved version into a draft again, to go on editing it; its approval is void."""
    states, remedy = (State.SUBMITTED, State.APPROVED), "Make a new draft instead."
    row = _locked(version, Right.EDIT_CONFIGURATION, by, states, "withdraw", remedy)
    return _made_draft(row, by, "withdraw", reason)


@transaction.atomic
def send_back(version: Version, *, by: By, reason: str) -> Version:
    """Say no to a submitted or approved version: it is a draft again, with the reason."""
    states = (State.SUBMITTED, State.APPROVED)
    row = _locked(version, Right.APPROVE_CONFIGURATION, by, states, "send back", "Make a new draft.")
    return _made_draft(row, by, "send_back", reason)


@transaction.atomic
def approve(version: Version, *, by: By, reason: str = "", seen: str | None = None) -> Version:
    """Give the second person's consent; to what was `seen` (`Version.shown`) only, else it raises ChangedMeanwhile.

    "", of a page that does not say what it has shown, is refused. None: it was read within this transaction.
    """
    first = "It must be submitted first."
    row = _locked(version, Right.APPROVE_CONFIGURATION, by, State.SUBMITTED, "approve", first, seen)
    require_other_person(by, *row.contributors, row.submitted_by, thing=_capitalised(row))
    elsewhere.require_consent(by, row)
    row.approved_by, row.approved_at = as_actor(by).reference, timezone.now()
    return _saved(row, by, "approve", state=State.APPROVED, reason=reason)


@transaction.atomic
def approve_alone(version: Version, *, by: By, seen: str | None = None) -> Version:
    """Let a draft go on with nobody's consent but its author's. Whether that is enough, those ask who own the kind."""
    open_states = (State.DRAFT, State.SUBMITTED)
    row = _locked(version, Right.EDIT_CONFIGURATION, by, open_states, "put in force", "See above.", seen)
    if row.state == State.DRAFT:
        row = submit(row, by=by)
    row.approved_by, row.approved_at = ONE_PERSON.reference, timezone.now()
    return _saved(row, by, "approve", state=State.APPROVED, reason=ONE_PERSON.name)


@transaction.atomic
def publish(
    version: Version,
    *,
    by: By,
    at: datetime | None = None,
    reason: str = "",
    put: Callable[[Version], None] | None = None,
    seen: str | None = None,
) -> Version:
    """Put an approved version in force, now or at a later moment; the one in force until then is retired.

    `put` writes the content of what stands in rows into them, in the same commit; without it such a kind is refused.
    """
    remedy = "Another person has to approve it first."
    row = _locked(version, Right.PUBLISH_CONFIGURATION, by, State.APPROVED, "publish", remedy, seen)
    if row.kind in PUT_INTO_ROWS and put is None:
        raise WrongState(f"{_capitalised(row)} is put in force on the page of changes.")
    later = at is not None and at > timezone.now()
    if put is not None and not later:
        put(row)
    if later:
        row.publish_at, row.scheduled_by = at, as_actor(by).reference
        return _saved(row, by, "schedule", after={"publish_at": at}, reason=reason)
    return _put_in_force(row, by=by, reason=reason)


@transaction.atomic
def retire(version: Version, *, by: By, reason: str) -> Version:
    """Take the published version out of force without a successor; not what another company asks two people about."""
    row = _locked(version, Right.PUBLISH_CONFIGURATION, by, State.PUBLISHED, "retire", "Only that one is in force.")
    elsewhere.refuse_alone(row, by)
    return _retired(row, by, reason)


@transaction.atomic
def roll_back(version: Version, *, by: By, reason: str) -> Version:
    """Bring a retired version's content back into force at once, as a new version.

    Its content was approved once, so that approval stands; the new version names it.
    """
    old = _locked(version, Right.PUBLISH_CONFIGURATION, by, State.RETIRED, "roll back to", "It is not in the past.")
    if old.kind in PUT_INTO_ROWS:
        raise WrongState(f"Make a draft of {old} on the page of its history: who approves it depends on the company.")
    row = _next(old.kind, old.object_key, old.content, old.author, old.legal_entity, note=reason)
    row.contributors = old.contributors
    row.submitted_by, row.submitted_at = old.submitted_by, old.submitted_at
    row.approved_by, row.approved_at = old.approved_by, old.approved_at
    row.rolls_back_to, row.state = old, State.APPROVED
    _inserted(row, by, "draft", reason)
    return _put_in_force(row, by=by, reason=reason, verb="roll_back")


@transaction.atomic
def install(
    *, kind: str, object_key: str, content: Any, legal_entity: LegalEntity | None = None, note: str = ""
) -> Version:
    """Put what ships with the product in force, unless the object has versions already; return the one in force.

    For the engine at start-up only: nobody's approval is asked, and the row says so.
    """
    existing = Version.objects.of(kind, object_key)
    if current := existing.in_force().first() or existing.first():
        return current
    now = timezone.now()
    row = _next(kind, object_key, content, ENGINE.reference, legal_entity, note=note)
    if row.number > 1:  # another process installed it while this one waited for the lock
        return existing.get(number=row.number - 1)
    row.state, row.submitted_by, row.submitted_at = State.APPROVED, ENGINE.reference, now
    row.approved_by, row.approved_at = SHIPPED.reference, now
    _inserted(row, ENGINE, "draft", note)
    return _put_in_force(row, by=ENGINE, verb="install", reason=note)


@transaction.atomic
def retire_empty(version: Version, *, by: By) -> Version:
    """Retire a version that has taken its thing out: nothing of it is in force."""
    return _retired(_locked(version, Right.PUBLISH_CONFIGURATION, by, State.PUBLISHED, "retire", ""), by, "taken out")


@transaction.atomic
def keep(
    *, kind: str, object_key: str, content: Any, by: By, reason: str = "", legal_entity: LegalEntity | None = None
) -> Version | None:
    """Keep what stands in rows as the version in force, unless it says that already; return the version in force.

    Asks no right: the verb that has changed the rows did. Empty content means that there is nothing any more.
    """
    lock_object(kind, object_key)
    current = Version.objects.of(kind, object_key).in_force().first()
    if content == (current.content if current else {}):
        return current
    if not content and current:
        _retired(current, by, reason or "it was taken out")
        return None
    row = _next(kind, object_key, content, as_actor(by).reference, legal_entity, note=reason)
    now = timezone.now()
    row.state, row.submitted_by, row.submitted_at = State.APPROVED, as_actor(by).reference, now
    row.approved_by, row.approved_at, row.based_on = ONE_PERSON.reference, now, current
    _sign(row, by)
    row.save(force_insert=True)
    return _put_in_force(row, by=by, reason=reason, verb="keep")


@transaction.atomic
def publish_due_one(version: Version, put: Callable[[Version], None] | None = None) -> Version | None:
    """Publish a version whose time has come, unless another process does; `put` as in `publish`."""
    rows = Version.objects.select_for_update(skip_locked=True)
    row = rows.filter(pk=version.pk, state=State.APPROVED, publish_at=version.publish_at).first()
    if row is not None and put is not None:
        put(row)
    return row and _put_in_force(row, by=ENGINE, who=row.scheduled_by, reason="its time has come")


def _made_draft(row: Version, by: By, verb: str, reason: str) -> Version:
    row.submitted_by = row.submitted_at = row.approved_by = row.approved_at = None
    row.scheduled_by = row.publish_at = None
    return _saved(row, by, verb, state=State.DRAFT, reason=reason)


def _put_in_force(row: Version, *, by: By, reason: str, verb: str = "publish", who: str | None = None) -> Version:
    """Retire the one in force and publish this one; `who` answers for it when it is not the one who acts."""
    elsewhere.refuse_half_approved(row, by)
    lock_object(row.kind, row.object_key)
    for current in Version.objects.select_for_update().of(row.kind, row.object_key).in_force():
        _retired(current, by, f"followed by version {row.number}")
    row.published_by, row.published_at = who or as_actor(by).reference, timezone.now()
    return _saved(row, by, verb, state=State.PUBLISHED, reason=reason)


def _retired(row: Version, by: By, reason: str) -> Version:
    row.retired_by, row.retired_at = as_actor(by).reference, timezone.now()
    return _saved(row, by, "retire", state=State.RETIRED, reason=reason)


def _next(
    kind: str, object_key: str, content: Any, author: str, legal_entity: LegalEntity | None, note: str = ""
) -> Version:
    lock_object(kind, object_key)
    last = Version.objects.of(kind, object_key).values_list("number", flat=True).first() or 0
    return Version(
        kind=kind,
        object_key=object_key,
        number=last + 1,
        legal_entity=legal_entity,
        content=content,
        content_hash=content_hash(content),
        note=note,
        author=author,
        contributors=[author],
    )


def lock_object(kind: str, object_key: str) -> None:
    """Let one transaction at a time number or publish an object's versions; there may be no row yet to lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"version {kind} {object_key}"])


def _locked(
    version: Version, right: Right, by: By, states: State | Iterable[State], verb: str, remedy: str,
    seen: str | None = None,
) -> Version:  # fmt: skip
    row = Version.objects.select_for_update(of=("self",)).filter(pk=version.pk).first()
    if row is None:
        raise WrongState(f"You cannot {verb} {version}: it was thrown away meanwhile.")
    require(by, right, row.legal_entity)
    accepted = (states,) if isinstance(states, State) else tuple(states)
    if row.state not in accepted:
        raise WrongState(f"You cannot {verb} {row}: it is {row.get_state_display().lower()}. {remedy}")
    if seen == "":
        raise WrongState(f"The page did not say what of {row} it has shown you. {LOOK}")
    if seen is not None and row.shown != seen:
        raise ChangedMeanwhile(_changed(row, LOOK))
    return row


def _contribute(row: Version, *references: str) -> None:
    row.contributors = list(dict.fromkeys([*row.contributors, *references]))


def _inserted(row: Version, by: By, verb: str, reason: str) -> Version:
    _sign(row, by)
    row.save(force_insert=True)
    _record(row, by, verb, reason=reason)
    return row


def _saved(
    row: Version,
    by: By,
    verb: str,
    *,
    state: State | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> Version:
    if state is not None:
        before, after = {"state": row.state, **(before or {})}, {"state": state, **(after or {})}
        row.state = state
    _sign(row, by)
    row.save()
    _record(row, by, verb, before=before, after=after, reason=reason)
    return row


def _sign(row: Version, by: By) -> None:
    """Name the person in the row of the history table; rules and the engine are named by the audit entry alone."""
    actor = as_actor(by)
    user = User.objects.filter(pk=actor.id).first() if actor.kind is ActorKind.PERSON else None
    row._history_user = user  # type: ignore[attr-defined]  # how simple-history is told


def _record(
    row: Version,
    by: By,
    verb: str,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    after = {"content_hash": row.content_hash, **(after or {})}
    audit.record(by=by, verb=verb, thing=row, before=before, after=after, reason=reason, legal_entity=row.legal_entity)


def _changed(row: Version, outcome: str = "Nothing was overwritten.") -> str:
    """Say who brought a version to what it is now, and when."""
    last = row.history.select_related("history_user").first()
    who = as_actor(last.history_user).name if last and last.history_user else ENGINE.name
    when = f" on {last.history_date:%Y-%m-%d at %H:%M} (UTC)" if last else ""
    return f"{who} has changed this{when}, after you opened it: {row} stands there now. {outcome}"


def _capitalised(row: Version) -> str:
    return f"{row}"[:1].upper() + f"{row}"[1:]
