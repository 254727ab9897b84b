"""Puts a version's document into the rows, by the kinds that put files there; for good, or to see what is wrong."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from connectors.manifest.source import Source
from governance import second_person
from governance.actor import ENGINE, By
from governance.encrypted import LostSecrets
from governance.keys import KeyLost, KeysUnusable
from governance.models import LegalEntity, Version
from governance.rights import NotAllowed
from governance.versions import WrongState
from hub.changes import gone, things
from hub.configuration.alone import lock
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.mistakes import Mistake, Place
from hub.configuration.references import NoSecret
from hub.configuration.work import Work
from routes.unseen import Unseen

NOBODY = AnonymousUser()  # nobody in particular, who sees nothing of a company
ANEW = "entered with the draft"
GONE = (
    "It was removed, or it has another short name by now. Edit the draft: its form has it under its new name, or lets "
    "you choose another."
)
NAMED = {"connections": "connection", "routes": "route"}  # kinds whose things a draft refers to
NOT_TO_USE = "The name {} cannot be used. Make a new draft with another one."


class NotPossible(WrongState):  # reads as what happened
    """A document that cannot be put in force as things are; the message names everything that is wrong, by lines."""


class _Undo(Exception):
    """Rolls back what was only tried."""


class Proposed(File):
    """A version's document, with the secrets that were typed for it."""

    secrets: Mapping[str, Any] = {}
    unseen = Unseen(None)  # what is not named to who reads the mistakes

    def mistake(self, place: Place, message: str, remedy: str = "") -> Mistake:
        """Return a mistake at a place, in the words of the document's fields."""
        where = things.field_of(self.value, place)
        return Mistake("", 0, "" if message.startswith(f"{where}:") else where, message, remedy)

    def missing(self, kind: str, one: str, name: object) -> tuple[str, str]:
        """Return what is said where a draft refers to something that is not there, and the way on."""
        if kind in NAMED and self.unseen.hides(NAMED[kind], name):
            return "what stood here of another company is there no more.", GONE
        return f"there is no {one} {name} any more.", GONE

    def secret(self, name: str, reference: str) -> str:
        """Return a secret that was typed with the draft. Raises NoSecret for one that was not, which stays."""
        if name not in self.secrets:
            raise NoSecret("no secret is kept, and none was entered with the draft.", "Edit the draft, and enter it.")
        return str(self.secrets[name])


def put(
    kind: str, name: str, content: Data, *, by: By, secrets: Mapping[str, Any], reason: str, reader: "By | None" = None
) -> None:
    """Put a document into the rows, within the caller's transaction; an empty one takes the thing out.

    Raises NotPossible with everything that is wrong, as `reader` (else `by`) may read it, and NeedsSecondPerson where
    one is wanted and has not agreed.
    """
    if wrong := _put(kind, name, content, by=by, secrets=secrets, reason=reason, reader=reader):
        raise NotPossible(_told(wrong))


def put_to_edit(version: Version, *, reader: By) -> list[Mistake]:
    """Put a draft into the rows to show it to `reader` in its form, within a transaction that the caller undoes.

    What it refers to is brought back for that long, or found under its new name, and another company's thing of the
    same name is put aside. Return what is wrong with it. Raises NotPossible where it is so wrong that the rows do not
    hold all that it says.
    """
    kind, name = version.kind, version.object_key
    if things.is_foreign(version):
        if kind == "schedule":  # which says no more than when that route runs
            refuse_foreign(version)
        gone.put_aside(kind, name)
    content, lost = gone.brought_back(kind, version.content, Unseen(reader))
    wrong = _put(kind, name, content, by=ENGINE, secrets=secrets_of(version), reason="", reader=reader)
    if wrong and things.document(kind, name) != content:
        raise NotPossible(_told(wrong))
    return [*lost, *wrong]


def _told(wrong: list[Mistake]) -> str:
    return "\n".join(dict.fromkeys(str(each) for each in wrong))


def _put(
    kind: str, name: str, content: Data, *, by: By, secrets: Mapping[str, Any], reason: str, reader: "By | None" = None
) -> list[Mistake]:
    lock()
    of_kind, here = things.OF_KIND[kind], things.document(kind, name)
    work = Work(by, prune=True, reason=reason, reader=reader)
    if content:
        value = {**content}
        if kind == "connection":
            kept = {n: ref for each in of_kind.rows(ENGINE) if of_kind.name_of(each) == name
                    for n, ref in each["secrets"].items()}  # fmt: skip
            here = {**here, "secrets": kept} if here else {}  # so that the audit entry says what was entered anew
            value["secrets"] = kept | {each: {"secret": ANEW} for each in secrets}
        file = Proposed(of_kind.folder, "", value, Source("", value), name)
        file.secrets, file.unseen = secrets, Unseen(reader or by)
        with work.on(file, of_kind.one):
            of_kind.put(work, file, here or None)
    elif here:
        if why := of_kind.stays(name, here):
            raise NotPossible(f"The {of_kind.one} {name} stays: {why}.")
        of_kind.remove(work, name)
    return sorted(work.mistakes)


def secrets_of(version: Version) -> dict[str, Any]:
    """Return the secrets that were typed with a draft; none where their key is lost, so that they are entered again."""
    kept = getattr(version, "proposed_secrets", None)
    try:
        return dict(kept.secrets.items()) if kept is not None else {}
    except (KeyLost, KeysUnusable):
        return {}


def refuse_lost(version: Version) -> None:
    """Raise NotPossible where secrets were entered with a version, and so are part of it, that nobody can read now."""
    kept = getattr(version, "proposed_secrets", None)
    if isinstance(kept and kept.secrets, LostSecrets):
        raise NotPossible(
            "The secrets that were entered with this draft cannot be read, because their encryption key is gone. Enter "
            "them again, or ask an operator to restore the key."
        )


def refuse_foreign(version: Version) -> None:
    """Raise NotPossible where what is in force under a version's name is another company's, and say no more of it."""
    if things.is_foreign(version):
        raise NotPossible(NOT_TO_USE.format(version.object_key))


def refuse_unseen(by: By, kind: str, name: str, here: Data) -> None:
    """Raise NotAllowed where what is in force under a name is a company's that somebody does not see: say no more."""
    owner = things.owner(kind, here)
    if owner is not None and not LegalEntity.objects.visible_to(by).filter(pk=owner.pk).exists():
        raise NotAllowed(NOT_TO_USE.format(name))


def problems(version: Version, *, by: By = NOBODY, is_foreign: bool | None = None) -> list[str]:
    """Return everything that keeps a version from being put in force, in words; nothing is left of the trial.

    What uses a thing is named as far as `by` may see it. Whoever knows whether it `is_foreign` says so.
    """
    try:
        if is_foreign is None or is_foreign:
            refuse_foreign(version)
        refuse_lost(version)
        with suppress(_Undo), second_person.agreed(), transaction.atomic():
            put(
                version.kind, version.object_key, version.content, by=ENGINE, secrets=secrets_of(version), reason="",
                reader=by,
            )  # fmt: skip
            raise _Undo
    except NotPossible as wrong:
        return str(wrong).splitlines()
    return []
