"""What a folder changes where a second person is asked for: a draft that waits, and goes on when another applies it.

The same as mappings do (ADR 67): the first person's folder becomes a draft that is sent in; when another person applies
the same folder it is approved, and put in force by whoever may. Which secrets lie where a folder says is part of it:
with another value it is another folder. Who has no value there agrees to the one that was entered.
"""

from collections.abc import Iterable
from contextlib import suppress

from django.db import transaction

from connectors.kept_secrets import Stored
from connectors.models import Connection
from governance import second_person, versions
from governance.actor import ENGINE, names
from governance.models import State, Version
from governance.models.version import content_hash
from governance.rights import Right, allowed
from governance.same_person import has_made
from hub.changes import drafting, publishing, putting, things
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kind import Kind, Put
from hub.configuration.references import NoSecret
from hub.configuration.work import Work

WAITS = "is submitted: another person has to approve it"
NOT_YET = "is not approved yet"


def put(work: Work, kind: Kind, file: File, here: Data | None) -> Put:
    """Take a file's document as far as this person may; mistakes are told as if it were put in force."""
    of_kind = things.kind_of(kind.folder)
    given = _given(of_kind, file)
    stored = Stored.of(_row(of_kind, file.name) or Connection())
    with second_person.agreed(), transaction.atomic():
        kind.put(work, file, here)
        content = things.document(of_kind, file.name)
        row = _row(of_kind, file.name)
        moved = row is not None and stored.moves_to(row, given)
        transaction.set_rollback(True)
    if work.is_faulty:
        return Put()
    new = given if moved else {name: each for name, each in given.items() if each != stored.secrets.get(name)}
    done = _advanced(work, of_kind, file.name, content, given, new)
    if here is None and not things.document(of_kind, file.name):
        work.waiting[file.kind, file.name] = NOT_YET
    return done


def consent(work: Work, kind: Kind, file: File, here: Data | None) -> Put | None:
    """Agree to the draft that says the same as a file, as somebody who approves what they may not edit.

    Return None where no such draft waits, or not for them.
    """
    of_kind, trial = things.kind_of(kind.folder), Work(ENGINE, prune=work.prune)
    if not of_kind:
        return None
    with second_person.agreed(), transaction.atomic():
        with trial.on(file, kind.one):
            kind.put(trial, file, here)
        content = things.document(of_kind, file.name)
        transaction.set_rollback(True)
    given, found = _given(of_kind, file), _saying(of_kind, file.name, content)
    waiting = [each for each in found if each.state != State.DRAFT]
    fitting = next((each for each in waiting if not _other_secrets(each, given)), None)
    meant = fitting or next(iter(waiting), None)
    if meant is None or trial.mistakes or not allowed(work.by, Right.APPROVE_CONFIGURATION, meant.legal_entity):
        return None
    if fitting is None:
        return Put((f"{_differing(meant, given)}, so nobody has agreed to it here",), changed=False)
    return _said(_taken_on(work, fitting), fitting.state)


def remove(work: Work, kind: Kind, name: str) -> Put:
    """Take the removal of a thing that the folder does not have as far as this person may."""
    return _advanced(work, things.kind_of(kind.folder), name, {}, {}, {})


def _advanced(work: Work, kind: str, name: str, content: Data, given: Data, new: Data) -> Put:
    """Take on the draft that says this already, secrets included; else the own one is changed, or another one made."""
    same = _saying(kind, name, content)
    waiting = next((each for each in same if not _other_secrets(each, given)), None)
    if waiting is not None:
        return _said(_taken_on(work, waiting), waiting.state)
    words = tuple(_differing(each, given) for each in same)
    own = next((each for each in same if has_made(work.by, each)), None)
    if own is not None:
        made = own if own.state == State.DRAFT else versions.withdraw(own, by=work.by, reason=work.reason)
        made = drafting.revise(made, content, by=work.by, secrets=given)
        others = (_differing(each, given) for each in same if each != own)
        words = (*others, f"version {own.number} has a new secret now")
    else:
        try:
            made = drafting.draft(kind, name, content, by=work.by, note=work.reason, secrets=new)
        except drafting.NothingChanged:
            return Put(words, changed=False)
    done = _said(_taken_on(work, made), "")
    return Put((*words, *done.notes), changed=done.changed)


def _saying(kind: str, name: str, content: Data) -> list[Version]:
    """Return the open drafts that say something, locked, so that nobody changes them until this person has decided."""
    rows = things.open_drafts(kind, name).filter(content_hash=content_hash(content))
    return list(rows.select_for_update(of=("self",)))


def _other_secrets(version: Version, given: Data) -> list[str]:
    """Return the names of secrets of which a draft would keep another value than is given."""
    row = _row(version.kind, version.object_key)
    meant = {**(row.kept_secrets() if row is not None else {}), **putting.secrets_of(version)}
    return sorted(name for name, each in given.items() if each != meant.get(name))


def _differing(version: Version, given: Data) -> str:
    """Say which secrets are others than a draft has. Their values are never told."""
    named = " and ".join(things.secrets_said(version, _other_secrets(version, given)))
    return f"version {version.number} by {_people(version.contributors)} has another value of {named} than lies here"


def _people(references: Iterable[str]) -> str:
    return ", ".join(names(references).values())


def _said(done: Version, was: str) -> Put:
    words = {State.SUBMITTED: WAITS, State.APPROVED: "is approved: an integration admin puts it in force"}
    said = words.get(State(done.state), "is approved and in force")
    return Put((f"version {done.number} by {_people(done.contributors)} {said}",), changed=done.state != was)


def _taken_on(work: Work, version: Version) -> Version:
    """Send in, approve and put in force, as far as this person may."""
    company = version.legal_entity
    if version.state == State.DRAFT:
        version = drafting.submit(version, by=work.by, note=version.note or work.reason)
    mine = has_made(work.by, version)
    may = allowed(work.by, Right.APPROVE_CONFIGURATION, company) and not publishing.lacks(version, work.by)
    if version.state == State.SUBMITTED and not mine and may:
        version = versions.approve(version, by=work.by, reason=work.reason)
    if version.state == State.APPROVED and allowed(work.by, Right.PUBLISH_CONFIGURATION, company):
        version = publishing.publish(version, by=work.by, reason=work.reason)
    return version


def _given(kind: str, file: File) -> Data:
    """Return the secrets that lie where a connection's file says."""
    found: Data = {}
    for name, reference in file.value.get("secrets", {}).items() if kind == "connection" else ():
        with suppress(NoSecret):
            found[name] = file.secret(name, reference.get("secret", ""))
    return found


def _row(kind: str, name: str) -> Connection | None:
    return Connection.objects.filter(slug=name).first() if kind == "connection" else None
