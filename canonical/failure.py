"""Why something stopped, classified by what happens next.

The list is closed: a vendor's error becomes one of these through the manifest's error table, never by a status code
alone and never in a view. Anything unforeseen is `internal` and reaches a person too.
"""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """The failure categories; the value is what the database, the API and the manifests say."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    OUTAGE = "outage"
    CREDENTIALS = "credentials"
    CONFIGURATION = "configuration"
    SHAPE = "shape"
    UNMAPPED_VALUE = "unmapped_value"
    MISSING_REFERENCE = "missing_reference"
    VALIDATION = "validation"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    CLOSED_PERIOD = "closed_period"
    REFUSED = "refused"
    NO_RIGHT = "no_right"
    AMOUNT_MISMATCH = "amount_mismatch"
    APPROVAL_MISSING = "approval_missing"
    OUTCOME_UNKNOWN = "outcome_unknown"
    QUESTIONED = "questioned"
    INTERNAL = "internal"


# What only a system says that has signed us in and looked at the record itself.
OF_THE_RECORD = frozenset({
    Category.UNMAPPED_VALUE, Category.MISSING_REFERENCE, Category.VALIDATION, Category.DUPLICATE, Category.CONFLICT,
    Category.CLOSED_PERIOD, Category.AMOUNT_MISMATCH, Category.APPROVAL_MISSING,
})  # fmt: skip


class NextStep(StrEnum):
    """What the engine does by itself when a failure of a category arrives."""

    RETRY = "retry"  # the same bytes again, later, a bounded number of times; then a person
    SLOW_DOWN = "slow_down"  # retry when the target says so; the whole connection goes slower
    OPEN_BREAKER = "open_breaker"  # pause the connection; its transactions are held and resume in order
    ASK_TARGET = "ask_target"  # find out whether it happened before anything is sent again
    PARK = "park"  # wait for the parent record; released in order when it arrives
    HOLD = "hold"  # wait for a second person or for an open period
    ASK_PERSON = "ask_person"  # stop here; a work item says what is wrong
    STOP_STREAM = "stop_stream"  # stop reading, cursor unmoved; one work item for the stream


class Owner(StrEnum):
    """Who looks at a work item first, until a routing rule says otherwise."""

    NOBODY = "nobody"  # the engine goes on by itself; a person only after the retries are used up
    INTEGRATION_ADMIN = "integration admin"
    MASTER_DATA = "master-data team"
    FINANCE_DATA = "finance data owner"
    BILLING = "billing"
    CONTROLLER = "controller"
    MANAGER = "manager"
    FINANCE = "finance"
    TARGET_ADMIN = "admin of the target system"


@dataclass(frozen=True, slots=True)
class CategoryInfo:
    """What a category means, what happens next and who owns it; `title` is the words that finance reads."""

    title: str
    meaning: str
    next_step: NextStep
    owner: Owner


CATEGORIES: dict[Category, CategoryInfo] = {
    Category.TRANSIENT: CategoryInfo(
        "Short disturbance",
        "The other system failed for a moment and certainly did nothing; the same request may succeed in a while.",
        NextStep.RETRY,
        Owner.NOBODY,
    ),
    Category.THROTTLED: CategoryInfo(
        "Sent too fast",
        "The other system accepts fewer requests than were sent; nothing was done.",
        NextStep.SLOW_DOWN,
        Owner.NOBODY,
    ),
    Category.OUTAGE: CategoryInfo(
        "System not available",
        "The other system cannot be reached, not by a secure line or not by leave of the operator, or says that it is "
        "down; everything for it waits and resumes in order.",
        NextStep.OPEN_BREAKER,
        Owner.INTEGRATION_ADMIN,
    ),
    Category.CREDENTIALS: CategoryInfo(
        "Sign-in refused",
        "The other system does not accept the connection's credentials; everything for it waits and resumes in order.",
        NextStep.OPEN_BREAKER,
        Owner.INTEGRATION_ADMIN,
    ),
    Category.CONFIGURATION: CategoryInfo(
        "Set up wrongly",
        "A connection, mapping or route asks for something that cannot work, such as a mapping that is not in force.",
        NextStep.ASK_PERSON,
        Owner.INTEGRATION_ADMIN,
    ),
    Category.SHAPE: CategoryInfo(
        "Unexpected form",
        "What arrived does not have the agreed form: unreadable, a page instead of data, or a changed structure.",
        NextStep.STOP_STREAM,
        Owner.INTEGRATION_ADMIN,
    ),
    Category.UNMAPPED_VALUE: CategoryInfo(
        "Value without a translation",
        "A lookup table has no row for this value on this date; adding the row releases everything that waits for it.",
        NextStep.ASK_PERSON,
        Owner.FINANCE_DATA,
    ),
    Category.MISSING_REFERENCE: CategoryInfo(
        "Waiting for its parent",
        "The record belongs to another one, such as a project, which does not exist yet at the destination.",
        NextStep.PARK,
        Owner.MASTER_DATA,
    ),
    Category.VALIDATION: CategoryInfo(
        "Against a rule",
        "A required value is missing or a business rule says no; correct the value here or at the source.",
        NextStep.ASK_PERSON,
        Owner.BILLING,
    ),
    Category.DUPLICATE: CategoryInfo(
        "Already there",
        "The target holds a record with this key already, which came from another record or not through the hub.",
        NextStep.ASK_PERSON,
        Owner.BILLING,
    ),
    Category.CONFLICT: CategoryInfo(
        "Changed on the other side",
        "The target's record was changed since it was last read, so writing would overwrite somebody's work.",
        NextStep.ASK_PERSON,
        Owner.BILLING,
    ),
    Category.CLOSED_PERIOD: CategoryInfo(
        "Period closed",
        "The target no longer accepts postings in this period; the next open one needs an approval.",
        NextStep.HOLD,
        Owner.CONTROLLER,
    ),
    Category.REFUSED: CategoryInfo(
        "Refused by the target",
        "The target understood the request and said no, for a reason of its own; its words are shown.",
        NextStep.ASK_PERSON,
        Owner.BILLING,
    ),
    Category.NO_RIGHT: CategoryInfo(
        "Not permitted at the target",
        "The connection's user lacks a right in the target system.",
        NextStep.ASK_PERSON,
        Owner.TARGET_ADMIN,
    ),
    Category.AMOUNT_MISMATCH: CategoryInfo(
        "Amounts differ",
        "The target's amount is not the hub's amount, by more than the tolerance.",
        NextStep.ASK_PERSON,
        Owner.FINANCE,
    ),
    Category.APPROVAL_MISSING: CategoryInfo(
        "Approval missing",
        "A second person has not approved the record, the correction or the table row that it uses.",
        NextStep.HOLD,
        Owner.MANAGER,
    ),
    Category.OUTCOME_UNKNOWN: CategoryInfo(
        "Outcome unknown",
        "A request was sent and no proof came back; the target is asked before anything is sent again.",
        NextStep.ASK_TARGET,
        Owner.INTEGRATION_ADMIN,
    ),
    Category.QUESTIONED: CategoryInfo(
        "Questioned by a person",
        "Somebody doubts what is posted, or has had it taken back; a person says what becomes of it.",
        NextStep.ASK_PERSON,
        Owner.FINANCE,
    ),
    Category.INTERNAL: CategoryInfo(
        "Unforeseen",
        "The hub met something that it was not made for; the technical details are kept with the item.",
        NextStep.ASK_PERSON,
        Owner.INTEGRATION_ADMIN,
    ),
}
