"""Drafts of things: written, changed, sent in, taken up anew, thrown away. Nothing of it changes what is in force."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from connectors.kept_secrets import ENTER_AGAIN, Stored, asked_again
from connectors.models import Connection
from governance import versions
from governance.actor import By
from governance.models import ProposedSecrets, State, Version
from governance.rights import Right, require
from governance.versions import ChangedMeanwhile, WrongState
from hub.changes import gone, naming, putting, things
from hub.configuration.connections import manifest_of, misplaced
from hub.configuration.form import Data

OPEN = "This answer is a secret. Send it under secrets, where it is never told; replace it if it was real."


class NothingChanged(WrongState):  # reads as what happened
    """A draft that would say what is in force already."""


class NotKept(WrongState):  # reads as what happened
    """A document that no draft may hold. `mistakes` are the places in it, each with what is wrong there."""

    def __init__(self, mistakes: dict[tuple[str, ...], str]) -> None:
        """Say all of it, by lines."""
        self.mistakes = mistakes
        super().__init__("\n".join(f"{'.'.join(place)}: {words}" for place, words in mistakes.items()))


@transaction.atomic
def draft(
    kind: str,
    name: str,
    content: Data,
    *,
    by: By,
    note: str = "",
    secrets: Mapping[str, Any] | None = None,
    rolls_back_to: Version | None = None,
) -> Version:
    """Keep a document of a thing as the draft of its next version; an empty one proposes to take the thing out.

    `secrets` are those typed anew for a connection: they are kept encrypted beside it until they are in force. Raises
    NotAllowed, NothingChanged where all of it is in force already, and NotKept.
    """
    _refuse_open_secrets(kind, content)
    here = things.document(kind, name)
    putting.refuse_unseen(by, kind, name, here)
    for each in (here, content):
        if each:
            require(by, Right.EDIT_CONFIGURATION, things.owner(kind, each))
    _refuse_unknown(kind, content, by, here)
    if content == here and not secrets:
        raise NothingChanged("There is no difference from what is in force, so there is no draft.")
    made = versions.draft(
        kind=kind, object_key=name, content=content, by=by, legal_entity=things.owner(kind, here, content), note=note,
        based_on=things.in_force(kind, name), rolls_back_to=rolls_back_to,
    )  # fmt: skip
    _keep_secrets(made, secrets or {})
    return made


@transaction.atomic
def revise(
    version: Version,
    content: Data,
    *,
    by: By,
    secrets: Mapping[str, Any] | None = None,
    content_seen: str | None = None,
    note: str | None = None,
) -> Version:
    """Put another document in a draft, and another note where one is given.

    Raises NotAllowed, WrongState, and ChangedMeanwhile as `versions.revise`.

    Secrets that somebody typed for it do not follow to another host: NotKept says which have to be entered again.
    """
    _refuse_open_secrets(version.kind, content)
    before = Version.objects.select_for_update(of=("self",)).filter(pk=version.pk).first()
    if before is None:
        raise WrongState(f"You cannot edit {version}: it was thrown away meanwhile.")
    for owner in (before.legal_entity, *([things.owner(version.kind, content)] if content else [])):
        require(by, Right.EDIT_CONFIGURATION, owner)
    _refuse_unknown(version.kind, content, by, before.content, things.here_for(before))
    row = versions.revise(version, content=content, by=by, content_seen=content_seen, note=note)
    _keep_secrets(row, secrets or {}, _that_stay(before, content, secrets or {}))
    return row


@transaction.atomic
def put_on_top(
    version: Version,
    content: Data,
    *,
    by: By,
    seen: str,
    secrets: Mapping[str, Any] | None = None,
    note: str | None = None,
) -> Version:
    """Keep a document as somebody's draft who knows what became of it meanwhile: it is as they have `seen` it last.

    Where it was sent in it is taken back, and where it came into force, or was thrown away, a new draft is made; that
    one is returned. Raises NotAllowed, WrongState, NotKept, and ChangedMeanwhile where it is not as seen
    (`Version.shown`) any more.
    """
    require(by, Right.EDIT_CONFIGURATION, version.legal_entity)
    row = Version.objects.select_for_update(of=("self",)).filter(pk=version.pk).first()
    if row is None and things.is_thrown_away(version):  # nothing changes it any more
        row = version
    elif row is None or row.shown != seen:
        raise ChangedMeanwhile("This draft was changed again. Nothing was overwritten.")
    if things.is_thrown_away(row) or row.published_at is not None:
        return draft(row.kind, row.object_key, content, by=by, secrets=secrets, note=note or row.note)
    if row.state != State.DRAFT:
        row = versions.withdraw(row, by=by, reason="to go on editing it")
    return revise(row, content, by=by, secrets=secrets, note=note)


@transaction.atomic
def take_up(version: Version, *, by: By) -> Version:
    """Let a draft, as it stands, follow what is in force by now: the differences are told against that."""
    require(by, Right.EDIT_CONFIGURATION, version.legal_entity)
    putting.refuse_foreign(version)
    current = things.in_force(version.kind, version.object_key)
    ProposedSecrets.objects.filter(version=version).update(entered_over=things.seal_in_force(version))
    return versions.revise(version, content=version.content, by=by, based_on=current)


@transaction.atomic
def submit(version: Version, *, by: By, note: str = "") -> Version:
    """Send a draft to another person for approval. Raises NotAllowed, WrongState, NotPossible with what is wrong."""
    require(by, Right.EDIT_CONFIGURATION, version.legal_entity)
    if wrong := putting.problems(version, by=by):
        raise putting.NotPossible("\n".join(wrong))
    return versions.submit(version, by=by, note=note or version.note)


@transaction.atomic
def go_back(version: Version, *, by: By, reason: str = "") -> Version:
    """Make an earlier state of a thing the draft of its next version. It is approved like any other draft."""
    require(by, Right.EDIT_CONFIGURATION, version.legal_entity)
    if version.published_at is None:
        raise WrongState(f"{version} was never in force, so there is nothing to go back to.")
    return draft(
        version.kind, version.object_key, version.content, by=by, note=reason, rolls_back_to=version
    )  # fmt: skip


def _refuse_open_secrets(kind: str, content: Data) -> None:
    """Raise NotKept for answers that are or might be secrets: a document is read by many, and kept as it stands."""
    answers = content.get("answers", {}) if kind == "connection" else {}
    manifest = manifest_of(str(content.get("connector"))) if answers else None
    if answers and manifest is None:
        raise NotKept({("connector",): "no such connector is installed, so its answers may be secrets."})
    if manifest is not None and (wrong := misplaced(manifest, answers)):
        secret = {question.name for question in manifest.questions if question.secret}
        raise NotKept({("answers", name): OPEN if name in secret else " ".join(words) for name, words in wrong.items()})


def _refuse_unknown(kind: str, content: Data, by: By, *stand: Data) -> None:
    """Raise NotKept for connections, routes and mappings that somebody does not see: a draft tells whose they are, and
    if any.

    What the documents that `stand` have at the same place already may stay there, also under its new name.
    """
    if kind == "route" and (wrong := naming.unseen(content, by, [*stand, *map(gone.renamed, stand)])):
        raise NotKept(wrong)


def _that_stay(before: Version, content: Data, typed: Mapping[str, Any]) -> Data:
    """Return the secrets of a draft that its new document may have. Raises NotKept."""
    kept = putting.secrets_of(before)
    if not kept:
        return {}
    stored = Stored(
        before.content.get(
            "connector",
        ),
        before.content.get("answers", {}),
        kept,
    )
    wanted = Connection(**{name: content.get(name, "") for name in ("connector", "auth")})
    wanted.answers = content.get("answers", {})
    if not stored.moves_to(wanted, typed):
        return kept
    if again := asked_again(wanted, stored, typed):
        raise NotKept({("secrets", name): ENTER_AGAIN for name in again})
    return {}


def _keep_secrets(version: Version, typed: Mapping[str, Any], staying: Mapping[str, Any] | None = None) -> None:
    kept = {**(staying or {}), **typed}
    if kept and not typed and kept == putting.secrets_of(version):
        return  # nobody has entered any anew, so that the version's seal stays
    if kept:
        row, _ = ProposedSecrets.objects.update_or_create(
            version=version, defaults={"secrets": kept, "entered_over": things.seal_in_force(version)}
        )  # type: ignore[misc]  # a field of ours
        version.proposed_secrets = row
    else:
        ProposedSecrets.objects.filter(version=version).delete()
