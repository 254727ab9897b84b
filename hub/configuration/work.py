"""Putting a folder in force, once to see what would happen and once for good: steps taken, mistakes found.

Nothing stops at the first mistake. A row that has some is kept all the same where the database takes it, so that what
refers to it is judged too; whoever began the transaction rolls all of it back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError, models, transaction
from psycopg import errors as refused_by_database

from exceptions_queue.verbs.members import NotPossible
from governance import audit, protecting, second_person, taken
from governance.actor import By
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, require
from governance.still_there import Gone, held
from governance.versions import WrongState
from hub.configuration import naming
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.mistakes import Mistake, Place
from mappings.deleting import CannotDelete
from mappings.locking import TableGone
from mappings.tables import RowErrors, RowsCollide, RowsGone

REASON = "configuration folder applied"
REFUSALS = (
    NotAllowed,
    WrongState,
    RowErrors,
    RowsGone,
    RowsCollide,
    CannotDelete,
    TableGone,
    NotPossible,
)  # what verbs say when they will not


@runtime_checkable
class Concerning(Protocol):
    """A row whose change concerns companies that may want a second person for it."""

    def companies_concerned(self) -> list[LegalEntity]:
        """Return these companies."""


class Action(StrEnum):
    """What is done with a thing. The value is the word that the plan shows."""

    CREATE = "create"
    CHANGE = "change"
    LEAVE = "leave"
    WAIT = "wait"  # for another person, or for what waits for one
    REMOVE = "remove"
    WOULD_REMOVE = "would remove"  # if told to
    STAY = "stay"  # not in the folder, and cannot be removed


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with one thing, and in words what that changes."""

    action: Action
    one: str  # what people call such a thing
    name: str
    words: tuple[str, ...] = ()


class Overtaken(WrongState):  # reads as what happened
    """Somebody has made or taken out by another way, in the same moment, what is put in force here."""

    def __init__(self, *, made: bool) -> None:
        did, now = ("made", "there already") if made else ("taken out", "not there any more")
        super().__init__(f"Somebody has {did} the same in this moment: it is {now}. Read it again, then decide.")


class Postponed(Exception):
    """A thing has to wait for another; the message says for which. What was begun with it is undone."""


@dataclass(slots=True)
class Work:
    """One going through a folder, by a person."""

    by: By
    prune: bool
    reason: str = REASON  # what audit entries say
    instead: str = ""  # another way out than removing what uses a thing, where there is one
    of_folder: bool = False  # whether an export may have written it, with what nobody can enter any more
    reader: "By | None" = None  # to whom mistakes are told, where that is not who works
    steps: list[Step] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    waiting: dict[tuple[str, str], str] = field(default_factory=dict)  # kind and name → what it waits for, in words
    overtaken: bool = False  # whether somebody was quicker, which is no fault of a document
    lost: set[tuple[str, str]] = field(default_factory=set)  # kind and name of things whose files have mistakes
    _now: File | None = None

    def say(self, place: Place, message: str, remedy: str = "") -> None:
        """Tell a mistake of the file at hand, unless its cause was told already."""
        assert self._now is not None
        if not self._now.is_spoilt(place):
            self.mistakes.append(self._now.mistake(place, message, remedy))

    def say_all(self, errors: ValidationError, places: Mapping[str, Place], inside: Place = ()) -> None:
        """Tell what a row finds wrong with itself. `places` leads from a field to where it stands in the file."""
        told = errors.error_dict if hasattr(errors, "error_dict") else {NON_FIELD_ERRORS: errors.error_list}
        for name, found in told.items():
            place = () if name == NON_FIELD_ERRORS else places.get(name, (name,))
            for message in ValidationError(found).messages:
                self.say((*inside, *place), message)

    def is_told(self, place: Place) -> bool:
        """Return whether what is wrong at a place of the file at hand, or what it rests on, was told already."""
        return self._now is not None and self._now.is_spoilt(place)

    def distrust(self, place: Place) -> None:
        """Judge nothing any more by a place of the file at hand: what is wrong with it is told."""
        if self._now is not None:
            self._now.unsound.add(place)

    @property
    def is_faulty(self) -> bool:
        """Return whether the file at hand has a mistake."""
        return self._now is not None and (
            bool(self._now.spoilt) or any(each.file == self._now.place for each in self.mistakes)
        )

    @contextmanager
    def on(self, file: File, one: str) -> Iterator[None]:
        """Work on a file: what its verbs refuse is a mistake of it, and what was begun is then undone."""
        self._now = file
        try:
            with transaction.atomic():
                yield
        except Postponed as wait:
            self.waiting[file.kind, file.name] = str(wait)
            self.steps.append(Step(Action.WAIT, one, file.name, (str(wait),)))
        except second_person.NeedsSecondPerson:
            raise  # whoever works on the file knows whether it can wait for one
        except (Overtaken, Gone) as late:
            self._tell_late(late)
        except REFUSALS as refused:
            self.say((), str(refused))
        except ValidationError as errors:
            self.say_all(errors, {})
        except models.ProtectedError as refused:
            self.say((), self._protected(refused))
        except (IntegrityError, DataError) as refused:
            if isinstance(refused.__cause__, refused_by_database.UniqueViolation) and not self.is_faulty:
                self._tell_late(Overtaken(made=True))
            if not self.is_faulty and not file.unsound:
                self.say((), f"the database refuses it: {str(refused).splitlines()[0]}.", "Correct what it names.")
        finally:
            if self.is_faulty or file.unsound:
                self.lost.add((file.kind, file.name))
            self._now = None

    def _tell_late(self, why: WrongState) -> None:
        self.overtaken = True
        self.say((), str(why))

    def named(self, kind: str, name: object, rows: models.QuerySet[Any], place: Place, one: str) -> Any:
        """Return the row that a file refers to by name; a mistake is told where there is none."""
        found = rows.first()
        if found is None and name and (kind, str(name)) not in self.lost:
            assert self._now is not None
            self.say(place, *self._now.missing(kind, one, name))
        if found is None and name:
            self.distrust(place)
        return found

    def step(self, action: Action, one: str, name: str, words: Iterable[str] = ()) -> None:
        """Note what was done."""
        self.steps.append(Step(action, one, name, tuple(words)))

    def removal(self, one: str, name: str, act: Callable[[], object], words: Sequence[str] = ()) -> None:
        """Remove something that the folder does not have if that was asked for, else only note it."""
        if not self.prune:
            self.step(Action.WOULD_REMOVE, one, name, words)
            return
        try:
            with transaction.atomic():
                act()
        except second_person.NeedsSecondPerson:
            raise  # as above
        except (*REFUSALS, models.ProtectedError) as refused:
            message = self._protected(refused) if isinstance(refused, models.ProtectedError) else str(refused)
            self.mistakes.append(Mistake(f"{one} {naming.spoken(name)}", 0, "", f"it cannot be removed: {message}"))
        self.step(Action.REMOVE, one, name, words)

    def _protected(self, refused: models.ProtectedError) -> str:
        """Return in words why something stays: the application's own, or what refers to it."""
        if not str(refused.args[0]).startswith("Cannot delete"):
            return str(refused.args[0])
        users: set[models.Model] = set(refused.protected_objects)
        return f"it is used by {protecting.told(users, self.reader or self.by, instead=self.instead)}"

    def judge(self, row: models.Model, places: Mapping[str, Place], inside: Place = ()) -> None:
        """Tell everything that a row finds wrong with itself."""
        taken.asked_by(row, self.by)
        try:
            row.full_clean()
        except ValidationError as errors:
            self.say_all(errors, places, inside)

    def save(self, row: models.Model, owners: Iterable[LegalEntity | None], here: Data | None, wanted: Data) -> None:
        """Save a row as the administration would: the right to configure asked, history signed, an audit entry.

        Raises Overtaken and Gone where somebody has made or deleted it by another way since it was asked what is
        `here`.
        """
        owners = list(owners)
        for owner in owners:
            require(self.by, Right.EDIT_CONFIGURATION, owner)
        self._require_agreed(row, owners)
        self.require_as_found(here, row)
        verb = "add" if row._state.adding else "change"
        self._sign(row)
        row.save()
        self.record(verb, row, owners[-1] if owners else None, here, wanted)

    def require_as_found(self, here: Data | None, row: models.Model) -> None:
        """Raise Overtaken or Gone unless a row is there still if there was one `here`, and only then; keep it so."""
        if (here is None) != row._state.adding:
            raise Overtaken(made=here is None)
        if here is not None:
            held(type(row)._base_manager.all(), row)

    def delete(self, row: models.Model, owner: LegalEntity | None, here: Data) -> None:
        """Delete a row in the same way. Raises Gone."""
        require(self.by, Right.EDIT_CONFIGURATION, owner)
        held(type(row)._base_manager.all(), row)
        self._require_agreed(row, [owner])
        self.record("delete", row, owner, here, {})
        self._sign(row)
        row.delete()

    def _require_agreed(self, row: models.Model, owners: list[LegalEntity | None]) -> None:
        """Ask for a second person where a company that the row concerns, or did, wants one."""
        if isinstance(row, Concerning) and not second_person.has_agreed():
            second_person.require_agreed(self.by, [*owners, *row.companies_concerned()], thing=str(row))

    def _sign(self, row: models.Model) -> None:
        """Name the person in the row of the history table; what the engine tries is rolled back."""
        row._history_user = self.by if isinstance(self.by, User) else None  # type: ignore[attr-defined]  # its own way

    def record(self, verb: str, row: models.Model, owner: LegalEntity | None, here: Data | None, wanted: Data) -> None:
        """Write the audit entry of a change: what differs, as the files have it."""
        old: Data = here or {}
        names = [name for name in sorted(old.keys() | wanted.keys()) if old.get(name) != wanted.get(name)]
        before, after = ({name: _told(each.get(name)) for name in names} for each in (old, wanted))
        audit.record(
            by=self.by, verb=verb, thing=row, before=before, after=after, reason=self.reason, legal_entity=owner
        )  # fmt: skip


def _told(value: Any) -> Any:
    """Return a value as audit entries keep it."""
    return f"{len(value)} entries" if isinstance(value, list) and len(value) > 20 else value
