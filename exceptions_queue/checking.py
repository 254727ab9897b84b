"""Judging a right value while somebody types it: by its field's type, the mappings and the rules. Nothing is kept."""

from dataclasses import dataclass, field

from canonical.entities import ENTITIES
from exceptions_queue import pickers, trying, words
from exceptions_queue.business_form import changed
from exceptions_queue.models import WorkItem
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.templatetags.shown import value as told
from exceptions_queue.trying import Outcome
from exceptions_queue.verbs.correct_field import correctable
from exceptions_queue.verbs.members import NotPossible
from governance.models import User
from governance.rights import Right, require
from routes import right_values, said
from routes.models import Failure, Record, Route
from routes.plan import NotReadyToRun, foreseen


def offered(item: WorkItem, failure: Failure, *, by: User, name: str, typed: str) -> list[pickers.Offered]:
    """Return values that begin as it was typed, for a field that may be corrected here. Raises NotAllowed."""
    require(by, Right.EDIT_OVERLAY, item.legal_entity_id)
    spec = next((each for each in correctable(item, by) if each.name == name), None)
    route = Route.objects.filter(pk=failure.route_id).first()
    if spec is None or route is None:
        return []
    try:
        made, _ = foreseen(route)
    except NotReadyToRun:
        made = None
    masks = masks_of(rights_in(by, item.legal_entity_id))
    return pickers.offered(spec, made, typed, by, masks, item.legal_entity_id)


GOES_ON = (Outcome.WILL_SEND, Outcome.ALREADY_THERE, Outcome.NEEDS_APPROVAL)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a value would do."""

    fits: bool  # the field takes it
    goes_on: bool  # the member would go on with it
    words: str
    follows: list[tuple[str, str]] = field(default_factory=list)  # other fields that change with it: name, value


def check_value(item: WorkItem, failure: Failure, *, by: User, name: str, value: str) -> Checked:
    """Return what a member would become with a right value of a field. Nothing is kept or sent.

    Raises NotAllowed, and NotPossible for a field that cannot be corrected here.
    """
    require(by, Right.EDIT_OVERLAY, item.legal_entity_id)
    spec = next((each for each in correctable(item, by) if each.name == name), None)
    if spec is None or failure.record_id is None:
        raise NotPossible("This field cannot be corrected here. Choose one of those that are offered.")
    entity = ENTITIES[item.entity]
    try:
        read = right_values.read(entity, spec, value)
    except right_values.NotARightValue as error:
        return Checked(False, False, str(error))
    record = Record.objects.get(pk=failure.record_id)
    before, after = said.of(record), said.of(record, tried={name: read})
    masks = masks_of(rights_in(by, item.legal_entity_id))
    follows = changed(before.working, after.working, entity, masks, but=name)
    [trial] = trying.tries([failure], by=by, corrections={record.key: {name: read}})
    [why] = words.with_titles([trial.words])
    if trial.untold:
        return Checked(True, True, why, [(each, told(found)) for each, found in follows])
    return Checked(
        True, trial.outcome in GOES_ON, f"{trial.outcome.label.capitalize()}. {why}",
        [(each, told(found)) for each, found in follows],
    )  # fmt: skip
