"""Compares a folder with what is here, shows what applying it would do, and does it.

The plan is no guess: the folder is put in force in a transaction that is rolled back, so that every check of every verb
has spoken, all mistakes at once. Applying does the same again and commits, if it is still the same plan.
"""

from contextlib import suppress

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from governance import audit
from governance.actor import By
from governance.models import User
from governance.rights import NotAllowed
from governance.second_person import NeedsSecondPerson
from hub.changes import applied
from hub.configuration import form, partial
from hub.configuration.alone import lock
from hub.configuration.file import File
from hub.configuration.folder import Folder
from hub.configuration.form import Data
from hub.configuration.kind import Kind, Put
from hub.configuration.kinds import KINDS
from hub.configuration.mistakes import Mistakes
from hub.configuration.work import Action, Step, Work


class PlanChanged(Exception):
    """Somebody has changed the configuration since the plan was shown; nothing was applied."""


class _Undo(Exception):
    """Rolls a transaction back in which everything was only tried."""


def everything(by: By, only: tuple[str, ...] = ()) -> dict[str, dict[str, Data]]:
    """Return all configuration that somebody sees, by kind and name."""
    return {name: kind.kept(by) for name, kind in KINDS.items() if not only or name in only}


def compare(folder: Folder, *, by: By) -> list[Step]:
    """Return what is different between a folder and what is here; nothing is tried. Raises Mistakes."""
    if folder.mistakes:
        raise Mistakes(folder.mistakes)
    steps: list[Step] = []
    for name, files in folder.files.items():
        kind = KINDS[name]
        here = kind.kept(by)
        steps += [_compared(kind, file, here.get(file.name)) for file in files]
        gone = here.keys() - {file.name for file in files}
        steps += [Step(Action.WOULD_REMOVE, kind.one, each, ("not in the folder",)) for each in sorted(gone)]
    return steps


def _compared(kind: Kind, file: File, here: Data | None) -> Step:
    if here is None:
        return Step(Action.CREATE, kind.one, file.name, ("not here yet",))
    words = tuple(map(str, kind.compared(here, form.canonical(kind.folder, file.value))))
    return Step(Action.CHANGE if words else Action.LEAVE, kind.one, file.name, words)


def plan(folder: Folder, *, by: User, prune: bool) -> list[Step]:
    """Return what applying a folder would do. Raises Mistakes with every one of them."""
    done: list[Step] = []
    with suppress(_Undo), transaction.atomic():
        done = _gone_through(folder, by=by, prune=prune)
        raise _Undo
    return done


@transaction.atomic
def apply(folder: Folder, *, by: User, prune: bool, expected: list[Step]) -> list[Step]:
    """Put a folder in force as it was planned, all of it or nothing. Raises Mistakes, PlanChanged."""
    done = _gone_through(folder, by=by, prune=prune)
    if done != expected:
        raise PlanChanged(
            "Somebody has changed the configuration since this plan was made, and nothing was applied. "
            "Look at the new plan: give the same command again."
        )
    return done


def _gone_through(folder: Folder, *, by: User, prune: bool) -> list[Step]:
    lost, mistakes = set(folder.lost), list(folder.mistakes)
    work = Work(by, prune=prune, instead="keep its file", of_folder=True, mistakes=mistakes, lost=lost)
    with audit.through("command"):
        lock()
        here = {name: KINDS[name].kept(by) for name in folder.files}
        for name, files in folder.files.items():
            for file in KINDS[name].in_order(files):
                _put(work, KINDS[name], file, here[name].get(file.name))
        for name, files in reversed(folder.files.items()):
            for gone in sorted(here[name].keys() - {file.name for file in files}):
                if not folder.is_lost(name, gone):
                    _remove(work, KINDS[name], gone, here[name][gone])
    if work.mistakes:
        raise Mistakes(work.mistakes)
    return work.steps


def _put(work: Work, kind: Kind, file: File, here: Data | None) -> None:
    if not file.name or any((part,) in file.spoilt for part in kind.key):
        return  # which thing it describes is not said, and that was told
    words: list[str] = []
    if here is not None and not work.prune:
        file.value, lacks = partial.filled(kind.folder, here, file.value)
        for what, stands in lacks.items():
            work.step(Action.WOULD_REMOVE, f"{what} of {kind.one}", file.name, (stands,))
    if here is not None:
        found = kind.compared(here, form.canonical(kind.folder, file.value))
        if not found and not file.spoilt:
            work.step(Action.LEAVE, kind.one, file.name)
            return
        words = [str(each) for each in found if not each.lacks]
    with work.on(file, kind.one):
        done = _done(work, kind, file, here)
        if not done.changed:
            work.step(Action.WAIT if done.notes else Action.LEAVE, kind.one, file.name, done.notes)
        else:
            action = Action.CREATE if here is None else Action.CHANGE if words else Action.LEAVE
            work.step(action, kind.one, file.name, (*words, *done.notes))


def _done(work: Work, kind: Kind, file: File, here: Data | None) -> Put:
    """Put a file in force, or as far on its way as this person may where a second one is asked for."""
    steps, mistakes = len(work.steps), len(work.mistakes)
    try:
        with transaction.atomic():
            return kind.put(work, file, here)
    except NeedsSecondPerson:
        del work.steps[steps:], work.mistakes[mistakes:]
        return applied.put(work, kind, file, here)
    except NotAllowed:
        done = applied.consent(work, kind, file, here)
        if done is None:
            raise
        del work.steps[steps:], work.mistakes[mistakes:]
        return done


def _remove(work: Work, kind: Kind, name: str, here: Data) -> None:
    if why := kind.stays(name, here):
        work.step(Action.STAY, kind.one, name, (why,))
        return
    try:
        kind.remove(work, name)
    except (ObjectDoesNotExist, StopIteration):
        return  # the administration has deleted it meanwhile, which makes it another plan
    except NeedsSecondPerson:
        done = applied.remove(work, kind, name)
        work.step(Action.REMOVE if done.changed else Action.WAIT, kind.one, name, done.notes)
