"""How people see to an item without touching what it holds: a row of a table for each way.

As with remedies, the page shows it, the address names it with a noun, and a verb does it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import ChoiceField

from canonical.failure import Category
from exceptions_queue import hints, overwriting, verbs, waking, words
from exceptions_queue.handling_forms import (
    AssignForm,
    CloseForm,
    CommentForm,
    FindingForm,
    HandlingForm,
    HintForm,
    MayReasonForm,
    MergeForm,
    PriorityForm,
    ReasonForm,
    SnoozeForm,
    TagsForm,
    WaitForm,
)
from exceptions_queue.models import Resolution, State, WorkItem
from exceptions_queue.models.hint import Scope
from exceptions_queue.permitted import who_have
from governance.actor import as_actor
from governance.models import User
from governance.roles import Right

Data = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Way:
    """One way of seeing to an item."""

    name: str  # in the address: a noun
    title: str
    button: str
    right: Right
    makes_sense: Callable[[WorkItem], bool]
    form: Callable[[WorkItem, Data], HandlingForm]
    act: Callable[[WorkItem, User, Any], str]
    replaces: overwriting.Stands | None = None  # what others have decided here that it puts aside; None: nothing

    def asked(self, item: WorkItem, data: Data = None) -> HandlingForm:
        """Return its form, empty or with what was typed, with ids of its own among all forms of a page."""
        form = self.form(item, data)
        form.auto_id = f"{self.name}-%s"
        if self.replaces is not None:
            overwriting.mark(form, item, self.replaces)
        return form


@dataclass(slots=True)
class Offered:
    """A way as the page shows it."""

    way: Way
    form: HandlingForm
    opened: bool = False
    keys: str = ""  # see `keyboard.give`

    @property
    def called(self) -> str:
        """Return its name."""
        return self.way.name

    @property
    def can(self) -> bool:
        """Whether the person may go it: others are not offered."""
        return True


def offered(item: WorkItem, rights: frozenset[Right], typed: tuple[str, HandlingForm] | None = None) -> list[Offered]:
    """Return the ways that make sense for an item and that somebody with these rights may go."""
    ways = [way for way in WAYS if way.right in rights and way.makes_sense(item)]
    if not typed:
        return [Offered(way, way.asked(item)) for way in ways]
    return [Offered(way, typed[1] if way.name == typed[0] else way.asked(item), way.name == typed[0]) for way in ways]


def by_name(name: str) -> Way | None:
    """Return the way that an address names."""
    return next((way for way in WAYS if way.name == name), None)


def _assign_form(item: WorkItem, data: Data) -> HandlingForm:
    people = who_have(Right.WORK_QUEUE, item.legal_entity)
    return AssignForm(data, people=people, initial={"was": item.assignee})


def _assign(item: WorkItem, by: User, form: Any) -> str:
    typed = form.cleaned_data
    verbs.assign(item, by=by, to=typed["to"], reason=typed["reason"], was=typed["was"])
    return "It is yours." if typed["to"] == by else f"{as_actor(typed['to']).name} works on it from now on."


def _hand_back(item: WorkItem, by: User, form: Any) -> str:
    row = verbs.hand_back(item, by=by, reason=form.cleaned_data["reason"])
    return f"It is left to {row.owner}."


def _leave_to_rules(item: WorkItem, by: User, form: Any) -> str:
    row = verbs.leave_to_rules(item, by=by, reason=form.cleaned_data["reason"])
    return row.routed_why


def _snooze(item: WorkItem, by: User, form: Any) -> str:
    typed = form.cleaned_data
    verbs.snooze(
        item, by=by, until=typed["until"], reason=typed["reason"], above=typed["above"],
        above_amount=typed["above_amount"],
    )  # fmt: skip
    return f"It is put aside until {typed['until']:%Y-%m-%d}."


def _wait(item: WorkItem, by: User, form: Any) -> str:
    typed = form.cleaned_data
    verbs.wait_on(item, by=by, whom=typed["whom"], until=typed["until"], reason=typed["reason"])
    return f"It waits, and comes back on {typed['until']:%Y-%m-%d}."


def _resume(item: WorkItem, by: User, form: Any) -> str:
    verbs.resume(item, by=by, reason=form.cleaned_data["reason"])
    return "It is back among what needs somebody."


def _comment(item: WorkItem, by: User, form: Any) -> str:
    row = verbs.comment(item, by=by, text=form.cleaned_data["text"])
    told = ", ".join(sorted(as_actor(each).name for each in row.mentioned.all()))
    return f"Your remark is kept. {told} will find it on the overview." if told else "Your remark is kept."


def _tag(item: WorkItem, by: User, form: Any) -> str:
    kept = verbs.tag(item, by=by, names=form.names())
    return f"Its tags: {', '.join(kept)}." if kept else "It has no tags."


def _tags_form(item: WorkItem, data: Data) -> HandlingForm:
    return TagsForm(data, initial={"tags": ", ".join(each.name for each in item.tags.all())})


def _close(item: WorkItem, by: User, form: Any) -> str:
    typed = form.cleaned_data
    verbs.close(
        item, by=by, reason=typed["reason"], root_cause=typed["root_cause"], same_as=typed["same_as"],
        resolution=Resolution(typed["resolution"] or Resolution.NO_ACTION), cause_code=typed["cause_code"],
        rule_candidate=typed["rule_candidate"],
    )  # fmt: skip
    return "It is closed."


def _close_form(item: WorkItem, data: Data) -> HandlingForm:
    kept = {name: getattr(item, name) for name in ("cause_code", "root_cause", "rule_candidate")}
    return CloseForm(data, initial={name: value for name, value in kept.items() if value})


def _classify(item: WorkItem, by: User, form: Any) -> str:
    verbs.classify(item, by=by, **{name: form.cleaned_data[name] for name in FindingForm.base_fields})
    return "It is kept, and found by it: cause: and fixed: in the line of the list."


def _finding_form(item: WorkItem, data: Data) -> HandlingForm:
    kept = {name: getattr(item, name) for name in ("cause_code", "root_cause", "finding", "rule_candidate")}
    return FindingForm(data, initial=kept)


def _reopen(item: WorkItem, by: User, form: Any) -> str:
    verbs.reopen(item, by=by, reason=form.cleaned_data["reason"])
    return "It is open again."


def _hint_form(item: WorkItem, data: Data) -> HandlingForm:
    rows = hints.of(item)
    seen = ",".join(f"{each.scope}{'' if each.legal_entity_id else '-all'}:{each.pk}" for each in rows)
    started: dict[str, Any] = {"seen": seen or "none", "scope": Scope.CAUSE}
    if rows:
        first = rows[0]
        started |= {"scope": first.scope, "text": first.text, "link": first.link}
        started["everywhere"] = first.legal_entity_id is None
    form = HintForm(data, initial=started)
    choice = form.fields["scope"]
    assert isinstance(choice, ChoiceField)
    choice.choices = [(scope, hints.about(item, scope).capitalize()) for scope in Scope.values]
    return form


def _write_hint(item: WorkItem, by: User, form: Any) -> str:
    typed = form.cleaned_data
    row = verbs.write_hint(
        item, by=by, text=typed["text"], scope=typed["scope"], link=typed["link"], everywhere=typed["everywhere"],
        seen=form.seen_there(),
    )  # fmt: skip
    return f"Your hint stands with {row.about}." if row.text else "The hint is taken away."


def _merge(item: WorkItem, by: User, form: Any) -> str:
    row = verbs.merge(item, by=by, items=form.cleaned_data["numbers"], reason=form.cleaned_data["reason"])
    return f"It holds {words.counted(row.members, row.entity)} now."


def _take_apart(item: WorkItem, by: User, form: Any) -> str:
    row = verbs.take_apart(item, by=by, reason=form.cleaned_data["reason"])
    held = f"It holds {words.counted(row.members, row.entity)} again." if row.members else "Nothing of it is open."
    return f"{held} What stops for its cause from now on comes to it."


def _prioritise(item: WorkItem, by: User, form: Any) -> str:
    typed = form.cleaned_data
    verbs.prioritise(item, by=by, priority=typed["priority"], reason=typed["reason"])
    return f"Its priority is {typed['priority']}, until somebody leaves it to the formula again."


def _leave_to_formula(item: WorkItem, by: User, form: Any) -> str:
    row = verbs.leave_to_formula(item, by=by, reason=form.cleaned_data["reason"])
    return f"Its priority is worked out again: {row.priority}."


def _plain(form: type[HandlingForm]) -> Callable[[WorkItem, Data], HandlingForm]:
    return lambda item, data: form(data)


def _is_open(item: WorkItem) -> bool:
    return item.is_open


def _may_close(item: WorkItem) -> bool:
    return item.is_open and (not item.members or item.category == Category.QUESTIONED)


def _is_merged(item: WorkItem) -> bool:
    return item.resolution == Resolution.MERGED and item.duplicate_of_id is not None


def _may_rest(item: WorkItem) -> bool:
    waits_already = item.state == State.WAITING and not waking.rests(item)
    return item.is_open and not waits_already and item.state not in (State.RESUBMITTED, State.PENDING_APPROVAL)


WORK = Right.WORK_QUEUE
WAYS = (
    Way("comments", "Write a remark", "Keep it", Right.VIEW, lambda i: True, _plain(CommentForm), _comment),
    Way("assignments", "Give it to somebody", "Give it", WORK, _is_open, _assign_form, _assign),
    Way("returns", "Give it back", "Give it back", WORK, lambda i: i.is_open and bool(i.assignee), _plain(ReasonForm),
        _hand_back, overwriting.assignee),
    Way("routings", "Let the rules decide whose it is", "Let them decide", WORK, _is_open, _plain(MayReasonForm),
        _leave_to_rules, overwriting.assignee),
    Way("resumptions", "Take it up again now", "Take it up", WORK, waking.rests, _plain(ReasonForm), _resume,
        overwriting.rest),
    Way("waits", "Wait for somebody", "Let it wait", WORK, _may_rest, _plain(WaitForm), _wait, overwriting.rest),
    Way("rests", "Put it aside", "Put it aside", WORK, _may_rest, _plain(SnoozeForm), _snooze, overwriting.rest),
    Way("priorities", "Set its priority", "Set it", WORK, _is_open,
        lambda i, data: PriorityForm(data, initial={"priority": i.priority}), _prioritise, overwriting.priority),
    Way("priority-returns", "Leave its priority to the formula", "Leave it", WORK,
        lambda i: i.is_open and i.priority_set is not None, _plain(ReasonForm), _leave_to_formula,
        overwriting.priority),
    Way("hints", "Write a hint for the next one", "Keep the hint", WORK, lambda i: True, _hint_form, _write_hint),
    Way("tags", "Tags", "Keep these", WORK, lambda i: True, _tags_form, _tag, overwriting.tags),
    Way("merges", "Merge others into it", "Merge them", WORK, _is_open, _plain(MergeForm), _merge),
    Way("separations", "Take it apart again", "Take it apart", WORK, _is_merged, _plain(ReasonForm), _take_apart),
    Way("findings", "Say what it was", "Keep it", WORK, lambda i: True, _finding_form, _classify, overwriting.finding),
    Way("closures", "Close it", "Close it", WORK, _may_close, _close_form, _close, overwriting.finding),
    Way("reopenings", "Open it again", "Open it", WORK, lambda i: not i.is_open and not _is_merged(i),
        _plain(ReasonForm), _reopen),
)  # fmt: skip
