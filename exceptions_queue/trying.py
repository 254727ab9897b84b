"""A dry run of an item's members: what would become of each if it were sent through again. Nothing is written or sent.

`tries` serves one member and ten thousand alike. What somebody may not see is hidden in what it tells.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, TypeGuard
from uuid import UUID

import msgspec

from canonical.entities import ENTITIES
from canonical.entity import Mask
from canonical.failure import Category
from exceptions_queue import lineage, told_trial
from exceptions_queue.stopped import Stopped
from exceptions_queue.story import sent_shown
from exceptions_queue.told_trial import Difference, RuleVerdict
from exceptions_queue.watched import Watched
from governance.actor import By
from governance.models import Version
from governance.rights import NotAllowed, Right, allowed, allowed_masks, require
from mappings import reading
from mappings.batch import references_seen_by
from routes import dry_run
from routes.arrivals import decode
from routes.chosen_configuration import ONCE_IN_FORCE
from routes.corrections import Next
from routes.dry_run import Configuration, Foreseen
from routes.overlays import NONE as NO_CORRECTIONS
from routes.overlays import STAGE
from routes.states import State
from routes.worked_out import Start, Tried


class Outcome(StrEnum):
    """How a member would end, as a plan counts it."""

    WILL_SEND = "will_send"
    ALREADY_THERE = "already_there"
    STILL_INVALID = "still_invalid"
    NEEDS_APPROVAL = "needs_approval"
    INCOMPATIBLE = "incompatible"
    NOT_POSSIBLE = "not_possible"
    LEFT_OUT = "left_out"

    @property
    def label(self) -> str:
        """Return it in words: "will be sent"."""
        return LABELS[self]


READERS = (Right.EDIT_CONFIGURATION, Right.APPROVE_CONFIGURATION, Right.PUBLISH_CONFIGURATION)  # of drafts
LABELS = {
    Outcome.WILL_SEND: "will be sent", Outcome.ALREADY_THERE: "is there already",
    Outcome.STILL_INVALID: "would stop again", Outcome.NEEDS_APPROVAL: "needs a second person",
    Outcome.INCOMPATIBLE: "the configuration does not fit", Outcome.NOT_POSSIBLE: "not possible",
    Outcome.LEFT_OUT: "would be left out by the conditions",
}  # fmt: skip
MEANS = {
    Outcome.WILL_SEND: "It passes everything and goes to its target.",
    Outcome.ALREADY_THERE: "The target has exactly this, so nothing is sent and it counts as posted.",
    Outcome.STILL_INVALID: "It stops again: nothing reaches the target, and the reason stands with it.",
    Outcome.NEEDS_APPROVAL: "It waits until a second person approves it; nothing is sent before.",
    Outcome.INCOMPATIBLE: "The configuration that was chosen cannot be used for it. Choose another one.",
    Outcome.NOT_POSSIBLE: "It cannot be sent through again as it stands now.",
    Outcome.LEFT_OUT: "No destination wants it any more, so nothing is sent and it is done.",
}
# Which of a record's destinations speaks for it: the first of these that one of them has.
FIRST = (
    Outcome.INCOMPATIBLE, Outcome.NOT_POSSIBLE, Outcome.STILL_INVALID, Outcome.NEEDS_APPROVAL, Outcome.WILL_SEND,
    Outcome.ALREADY_THERE, Outcome.LEFT_OUT,
)  # fmt: skip


MOST_NAMED = 4  # parts of a draft that a refusal names
UNTOLD = (
    "This draft reads what you may not see, in a new way: {}. What it would make of real records would tell it, so "
    "somebody who may see it has to try that. On the mapping's own page you see what the other fields make of a sample."
)


GONE = "What it was made of is kept no more. Waive it, with a reason."


class Idempotency(StrEnum):
    """What keeps a member from having two effects at its target."""

    FIRST = "first"  # nothing was ever written for its key
    SAME_BYTES = "same_bytes"  # a new number with the bytes that were refused
    NEW_NUMBER = "new_number"  # a new number with other bytes
    CHANGES = "changes"  # what stands there is changed, taken back or topped up
    ABSORBED = "absorbed"  # it stands there already, no call is made
    ASKS_FIRST = "asks_first"  # a write is in doubt: the target would be asked before
    NONE = "none"  # nothing would be sent


class Trial(msgspec.Struct):
    """What would become of one member. Values that the person may not see are hidden."""

    failure: UUID
    transaction: UUID | None  # None: it stopped before a destination was chosen
    record: UUID | None
    key: str
    destination: str  # its name; "" where none is chosen
    outcome: Outcome
    words: str  # why, as this person reads it
    for_all: str = ""  # the same as everybody may read it, where it is kept
    idempotency: Idempotency = Idempotency.NONE
    idempotency_words: str = ""
    configuration: str = ""  # with which it was tried, in words
    changed: list[str] = []  # what of it differs from the last time
    payload: dict[str, Any] | None = None  # as it would be sent; None where nothing would
    last: dict[str, Any] | None = None  # what was sent last, or made last where nothing was sent
    last_was_sent: bool = False
    differences: list[Difference] = []  # between both, field by field
    rules: list[RuleVerdict] = []
    stopped_by: tuple[str, ...] = ()  # what makes two stops the same gap: category, field, rule and table
    rows: frozenset[int] = frozenset()  # of tables, that it was tried with
    rows_then: frozenset[int] = frozenset()  # that it was made with the last time
    amount: Decimal | None = None
    currency: str = ""
    hours: Decimal | None = None
    untold: bool = False  # what would become of it would tell what the person may not see
    beside: list["Trial"] = []  # the same record at its other destinations


def tries(
    failures: Iterable[Stopped], *, by: By, start: Start | Literal["failed_stage", "source"] = Start.SOURCE,
    configuration: Configuration = "now", corrections: Mapping[str, Mapping[str, Any]] = NO_CORRECTIONS,
    brief: bool = False,
) -> list[Trial]:  # fmt: skip
    """Return what would become of each failure's transaction or record, in their order; those of runs are left out.

    `start` is the source as it was received, or the stage that stopped it; `configuration` is what is in force now,
    what was then, or a version or draft of a mapping; `corrections` are right values, by key and field, that are only
    tried. Where the source contradicts a correction, what it says is taken, as when it is sent again. A `brief` answer
    has outcome, words, amount and hours of each, and no bodies: to tell those takes most of the time. Nothing is
    written or sent; a constant number of queries for each configuration. Raises NotAllowed, also for a draft that
    somebody may not read, and ValueError for what is no version of a mapping.
    """
    wanted = [each for each in failures if each.transaction_id or each.record_id]
    for entity in {each.legal_entity_id for each in wanted}:
        require(by, Right.WORK_QUEUE, entity)
    if isinstance(configuration, Version):
        _require_reader(configuration, by)
    asked = [each.record_id for each in wanted if each.stage == STAGE and each.record_id]
    tried = Tried(asked if not corrections else (), corrections)
    with references_seen_by(by) if _is_draft(configuration) else nullcontext():
        found = dry_run.transactions(
            [each.transaction_id for each in wanted if each.transaction_id], start=Start(start),
            configuration=configuration, tried=tried, brief=brief,
        )  # fmt: skip
        found += dry_run.records(
            [each.record_id for each in wanted if each.record_id and not each.transaction_id],
            configuration=configuration, tried=tried, brief=brief,
        )  # fmt: skip
    places = {each.legal_entity for each in found} | {each.legal_entity_id for each in wanted}
    masks = {entity: allowed_masks(by, entity) for entity in places}
    untold = _untold(configuration, by, {each.legal_entity_id for each in wanted})
    watched = Watched(configuration, corrections, by)
    by_subject: dict[UUID | None, list[Foreseen]] = {}
    for seen in found:
        by_subject.setdefault(seen.transaction or seen.record, []).append(seen)
    return [
        _of(
            each, by_subject.get(each.transaction_id or each.record_id, []), masks, configuration, brief,
            untold.get(each.legal_entity_id, ""), watched,
        )
        for each in wanted
    ]  # fmt: skip


def _untold(configuration: Configuration, by: By, places: Iterable[int]) -> dict[int, str]:
    """Return by company why nothing is told of what a draft makes of its records: it reads what somebody may not see.

    A version that was in force was agreed to by others, and reads what it read then.
    """
    if not _is_draft(configuration):
        return {}
    found = {entity: reading.read_anew(configuration, by=by, legal_entity=entity) for entity in places}
    return {entity: UNTOLD.format(", ".join(parts[:MOST_NAMED])) for entity, parts in found.items() if parts}


def _is_draft(configuration: Configuration) -> TypeGuard[Version]:
    """Return whether nobody has agreed yet to what is tried."""
    return isinstance(configuration, Version) and configuration.state not in ONCE_IN_FORCE


def _require_reader(version: Version, by: By) -> None:
    if version.state in ONCE_IN_FORCE:
        if not Version.objects.usable_by(by).filter(pk=version.pk).exists():
            raise NotAllowed("This version is of another company. Take the configuration of now.")
    elif not any(allowed(by, right, version.legal_entity_id) for right in READERS):
        raise NotAllowed("Drafts are read by those who edit, approve or publish them. Take the configuration of now.")
    if version.kind != "mapping":
        raise ValueError("Only a version of a mapping can be tried here. A route's draft is tried on its own page.")


def _of(
    failure: Stopped, found: Sequence[Foreseen], masks: dict[int, frozenset[Mask]], configuration: Configuration,
    brief: bool, untold: str, watched: Watched,
) -> Trial:  # fmt: skip
    untold = untold or watched.untold(failure, found, masks)
    if untold and any(not seen.misfit for seen in found):
        return Trial(
            failure.pk, failure.transaction_id, failure.record_id, found[0].key if failure.transaction_id else "", "",
            Outcome.NOT_POSSIBLE, untold, untold, amount=failure.amount, currency=failure.currency, hours=failure.hours,
            untold=True,
        )  # fmt: skip
    if not found:  # its record or transaction is kept no more
        return Trial(
            failure.pk, failure.transaction_id, failure.record_id, "", "", Outcome.NOT_POSSIBLE,
            GONE, GONE, amount=failure.amount,
            currency=failure.currency, hours=failure.hours,
        )  # fmt: skip
    if brief and len(found) == 1:  # so it is with all but very few of a plan
        return _judged(failure, found[0], masks[found[0].legal_entity] & masks[failure.legal_entity_id])
    seen_by = [masks[seen.legal_entity] & masks[failure.legal_entity_id] for seen in found]
    trials = [_judged(failure, seen, own) for seen, own in zip(found, seen_by, strict=True)]
    if not brief:
        for trial, seen, own in zip(trials, found, seen_by, strict=True):
            _tell(trial, seen, own, configuration)
    trials.sort(key=lambda trial: FIRST.index(trial.outcome))
    trials[0].beside = trials[1:]
    return trials[0]


def _judged(failure: Stopped, seen: Foreseen, masks: frozenset[Mask]) -> Trial:
    outcome, said = _outcome(seen, masks)
    for_all = _outcome(seen, frozenset())[1] if outcome is Outcome.STILL_INVALID and masks else said
    stop = next((each for each in seen.problems if each.severity == "error"), None) if seen.problems else None
    return Trial(
        failure.pk, seen.transaction, seen.record, seen.key, seen.destination.name if seen.destination else "",
        outcome, said, for_all, amount=seen.amount, currency=seen.currency, hours=seen.hours,
        stopped_by=(str(stop.category), stop.field, stop.rule, stop.table) if stop else (),
    )  # fmt: skip


def _tell(trial: Trial, seen: Foreseen, masks: frozenset[Mask], configuration: Configuration) -> None:
    """Add what the outcome comes of: bodies, differences, verdicts of rules, and what keeps it from going twice."""
    trial.configuration = told_trial.configuration(seen, configuration)
    if seen.in_doubt and not seen.misfit:
        trial.idempotency, trial.idempotency_words = Idempotency.ASKS_FIRST, told_trial.in_doubt(seen)
    if seen.state is None or seen.misfit:
        return
    trial.changed = told_trial.changed(seen)
    trial.rows, trial.rows_then = frozenset(seen.rows), frozenset(seen.rows_then)
    trial.rules = told_trial.rules(seen, masks)
    trial.idempotency, trial.idempotency_words = _idempotency(seen, trial.outcome)
    entity, copies = ENTITIES[seen.entity], _copies(seen)
    made, last = _read(seen.body), _read(seen.last)
    if made is not None:
        trial.payload = sent_shown(entity, copies, made, masks)
    if last is not None:
        trial.last, trial.last_was_sent = sent_shown(entity, copies, last, masks), seen.sent
    if made is not None and last is not None:
        trial.differences = told_trial.differences(entity, copies, last, made, masks)


def _copies(seen: Foreseen) -> lineage.Copies:
    return lineage.copies(seen.content, seen.destination.id if seen.destination else None)


def _read(body: str) -> dict[str, Any] | None:
    found = decode(body) if body else None
    return found if isinstance(found, dict) else None


def _outcome(seen: Foreseen, masks: frozenset[Mask]) -> tuple[Outcome, str]:
    if seen.misfit:
        return Outcome.INCOMPATIBLE, seen.misfit
    if seen.state is None:
        return _stands(seen)
    if seen.was == State.WAIVED and (seen.there.head or seen.there.live_transaction):
        return Outcome.NOT_POSSIBLE, "A person decided that it is not delivered, and another version has come since."
    if seen.state is State.FILTERED:
        return Outcome.LEFT_OUT, f"It does not meet {seen.reason}." if seen.reason else MEANS[Outcome.LEFT_OUT]
    if seen.in_closed_period:
        return Outcome.NEEDS_APPROVAL, "What it corrects was posted into a period that is closed by now."
    if seen.state is State.HELD and (seen.body or seen.withdraws) and _lacks_only_consent(seen):
        return Outcome.NEEDS_APPROVAL, seen.reason
    if seen.state is not State.READY:
        return Outcome.STILL_INVALID, told_trial.problems(seen, masks) or seen.reason
    if seen.step is Next.NOTHING:
        return Outcome.ALREADY_THERE, f"It stands there already{told_trial.named(seen)}, exactly as wanted."
    if seen.step is Next.NEVER_POSTED:
        return Outcome.LEFT_OUT, "It was withdrawn at the source before anything was posted."
    if seen.step is Next.PERSON:
        return Outcome.STILL_INVALID, (
            f"Another version stands there{told_trial.named(seen)}, and this target has no way to change it."
        )
    first = " Another version of it goes first." if seen.behind else ""
    return Outcome.WILL_SEND, f"{told_trial.step(seen)}{first}"


def _lacks_only_consent(seen: Foreseen) -> bool:
    """Whether a second person could let it go: not where its destination is switched off, or a reversal keeps it."""
    first = next((each for each in seen.problems if each.severity == "error"), None)
    return first is None or first.category == Category.APPROVAL_MISSING


POSTED = (State.POSTED, State.REVERSED)
MOVING = {State.READY: "It is on its way already.", State.DELIVERING: "It is being sent just now.",
          State.RETRYING: "It is tried again by itself."}  # fmt: skip


def _stands(seen: Foreseen) -> tuple[Outcome, str]:
    """Return why something cannot be tried, as it stands now."""
    if seen.in_doubt:
        return Outcome.NOT_POSSIBLE, (
            "Whether it was written is in doubt, so nothing is sent before the target has been asked."
        )
    if seen.was == State.POSTED:
        return Outcome.ALREADY_THERE, f"It is posted{told_trial.named(seen)}."
    said = {
        State.REVERSED: "It was posted and taken back.",
        State.SUPERSEDED: "A newer version has come, which goes in its place.",
        State.FILTERED: "A rule left it out.",
    }
    return Outcome.NOT_POSSIBLE, said.get(State(seen.was)) or MOVING.get(State(seen.was)) or (
        "It is not stopped any more. Load the page again."
    )


def _idempotency(seen: Foreseen, outcome: Outcome) -> tuple[Idempotency, str]:
    if outcome is Outcome.ALREADY_THERE:
        return Idempotency.ABSORBED, "No call is made: what is wanted stands there."
    if outcome not in (Outcome.WILL_SEND, Outcome.NEEDS_APPROVAL) or seen.step is None or seen.destination is None:
        return Idempotency.NONE, ""
    number = seen.there.last_number + 1
    absorbs = " The target absorbs repeats." if seen.destination.write.write_class == "idempotent" else ""
    if seen.step in (Next.UPDATE, Next.REVERSE, Next.DELTA):
        return Idempotency.CHANGES, f"{told_trial.step(seen)} That is number {number} of its key.{absorbs}"
    if not seen.there.last_number:
        return Idempotency.FIRST, f"Nothing was ever written for its key: this is number 1.{absorbs}"
    if seen.there.last_state == "refused" and seen.there.last_hash == seen.content_hash:
        return Idempotency.SAME_BYTES, (
            f"The same bytes under the new number {number}: number {number - 1} was refused and did nothing.{absorbs}"
        )
    return Idempotency.NEW_NUMBER, f"Other bytes under the new number {number}.{absorbs}"


__all__ = ["LABELS", "MEANS", "Difference", "Idempotency", "Outcome", "RuleVerdict", "Trial", "tries"]
