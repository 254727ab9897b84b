"""What can be done with many: what the page of a single item offers, with the same rights and by the same verbs.

A test compares both: what is offered for one and not for many stands below with its reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from canonical.entity import Field
from exceptions_queue import configurations, handling, kinds, verbs, words
from exceptions_queue.bulk.forms import (
    AgainForm,
    NothingForm,
    SetValueForm,
    TagThemForm,
    TakeBackForm,
    ToldForm,
)
from exceptions_queue.handling_forms import (
    AssignForm,
    CloseForm,
    CommentForm,
    FindingForm,
    HandlingForm,
    MayReasonForm,
    PriorityForm,
    ReasonForm,
    SnoozeForm,
    WaitForm,
)
from exceptions_queue.models import BulkEdit, Resolution, RootCause, WorkItem
from exceptions_queue.permitted import who_have
from exceptions_queue.verbs.correct_field import correctable
from exceptions_queue.verbs.tag import kept_form
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.roles import Right
from routes.models import Route
from routes.worked_out import Start

Typed = Mapping[str, Any]  # what was typed, as JSON keeps it
Data = Mapping[str, Any] | None
Act = Callable[[WorkItem, list[UUID], User, Typed], object]

ONE_BY_ONE = {  # offered for one item and not for many, and why
    "outcomes": "each write in doubt is looked up by itself at the target",
    "inquiries": "the page of its exception asks the target about all that it holds",
    "rule-waivers": "an exception is of one rule: its page lets all that it holds pass",
    "fetches": "the page of its exception fetches the days of all that it holds from the source",
    "links": "each record has a number of its own there",
    "look-ups": "the page of its exception asks for the one parent that all that it holds waits for",
    "hints": "a hint says itself for which cause, rule or kind it stands, and is shown on all of these at once",
    "sign-ins": "each system has a sign-in of its own",
    "merges": "the list merges those that are ticked, and shows first what would be one",
    "separations": "each says by itself from which one it is taken apart",
    "splits": "which rows are split off is chosen on the page of their exception",
    "cross-references": "each record has an id of its own there",
    "table-rows": "each missing row has values of its own; the table's page takes many at once",
    "row-corrections": "each row has values of its own; the table's page takes many at once",
    "row-approvals": "the table's page approves many rows at once, and shows each of them",
    "run-refusals": "each comparison is looked at by itself, with the source beside it",
    "row-refusals": "the table's page refuses many rows at once, and shows each of them",
}


@dataclass(slots=True)
class Chosen:
    """What somebody has chosen, as far as forms depend on it."""

    user: User
    legal_entities: list[LegalEntity] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)  # canonical entities of the members
    routes: list[int] = field(default_factory=list)  # of the items

    def fields(self) -> list[Field]:
        """Return the fields that the person may correct in all of them: the same policy as for one."""
        if len(self.entities) != 1:
            return []
        keeping = Route.objects.filter(pk__in=self.routes).exclude(fixed_fields="", role_fields="")
        routes: list[int | None] = [None, *keeping.values_list("pk", flat=True)]
        places = [(place.pk, route) for place in self.legal_entities for route in routes]
        each = [
            correctable(WorkItem(entity=self.entities[0], legal_entity_id=place, route_id=route), self.user)
            for place, route in places
        ]
        return [f for f in each[0] if all(f in other for other in each)] if each else []

    def configurations(self) -> list[tuple[str, str]]:
        """Return with what they may be sent again: the same as for one. Three queries."""
        return [(each.value, each.label) for each in configurations.choices(self.routes, self.user, drafts=False)]

    def people(self) -> list[User]:
        """Return who may work on all of them."""
        each = [who_have(Right.WORK_QUEUE, place) for place in self.legal_entities]
        return [user for user in each[0] if all(user in other for other in each)] if each else []


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be done with many."""

    name: str  # as the addresses of a single item name it
    title: str
    button: str
    right: Right
    form: Callable[[Chosen, Data], HandlingForm]
    act: Act
    will: str  # what becomes of those that are taken on, in words: "will be sent"
    told: Callable[[Typed], str] = lambda typed: ""  # what was typed, in words
    of_members: bool = False  # what items hold is meant, not the items themselves
    sends: bool = False  # the configuration counts, and what the target says is waited for
    decides: bool = False  # above the limits a second person approves it
    at_once: int = 100  # members in one commit

    def asked(self, chosen: Chosen, data: Data = None) -> HandlingForm:
        """Return its form, empty or with what was typed, with ids of its own among all forms of a page."""
        made = self.form(chosen, data)
        made.auto_id = f"{self.name}-%s"
        return made


def by_name(name: str) -> Choice | None:
    """Return the choice that an address names."""
    return next((each for each in (*CHOICES, BY_SHEET) if each.name == name), None)


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form understood, as JSON keeps it."""
    return {name: _kept(value) for name, value in values.items() if value not in (None, "")}


def _kept(value: Any) -> Any:
    if isinstance(value, User):
        return value.pk
    if isinstance(value, date):  # a moment is one, too
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _resubmit(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.resubmit(
        item, by=by, failures=failures, reason=typed.get("reason", ""), start=typed.get("start") or Start.SOURCE,
        configuration=typed.get("configuration") or "now",
    )  # fmt: skip


def _waive(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.waive(item, by=by, failures=failures, reason=typed["reason"])


def _approve(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.approve(item, by=by, failures=failures, reason=typed.get("reason", ""))


def _correct(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.correct_field(
        item, by=by, failures=failures, field=typed["field"], value=typed["value"], reason=typed["reason"]
    )


def _correct_rows(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    rows: dict[UUID, dict[str, str]] = {}
    seen: dict[UUID, int] = {}
    edits = BulkEdit.objects.filter(member__run=typed["run"], member__failure_id__in=failures)
    for failure, name, value, until in edits.values_list("member__failure_id", "field", "value", "seen_until"):
        assert failure is not None
        rows.setdefault(failure, {})[name] = value
        seen[failure] = until
    verbs.correct_rows(item, by=by, rows=rows, reason=typed["reason"], seen_until=seen)


def _move(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.move_to_next_period(item, by=by, failures=failures, reason=typed["reason"])


def _reverse(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.reverse(
        item, by=by, failures=failures, reason=typed["reason"], sends=bool(typed.get("sends")),
        root_cause=RootCause(typed["root_cause"]) if typed.get("root_cause") else "",
    )  # fmt: skip


def _send_back(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.send_back(item, by=by, failures=failures, reason=typed["reason"])


def _tell_source(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.tell_source(
        item, by=by, failures=failures, reason=typed["reason"], told_to=typed["told_to"],
        told_on=date.fromisoformat(typed["told_on"]), reference=typed.get("reference", ""),
    )  # fmt: skip


def _assign(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.assign(item, by=by, to=User.objects.get(pk=typed["to"]), reason=typed.get("reason", ""))


def _snooze(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    amount = typed.get("above_amount")
    verbs.snooze(
        item, by=by, until=datetime.fromisoformat(typed["until"]), reason=typed["reason"], above=typed.get("above"),
        above_amount=None if amount is None else Decimal(amount),
    )  # fmt: skip


def _wait(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    until = datetime.fromisoformat(typed["until"])
    verbs.wait_on(item, by=by, whom=typed["whom"], until=until, reason=typed.get("reason", ""))


def _prioritise(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    verbs.prioritise(item, by=by, priority=typed["priority"], reason=typed["reason"])


def _tag(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    added, taken = (set(map(kept_form, tags_in(typed, name))) for name in ("add", "take_away"))
    has = set(item.tags.values_list("name", flat=True))
    verbs.tag(item, by=by, names=sorted((has | added) - taken))


def tags_in(typed: Typed, name: str) -> list[str]:
    """Return the words that were typed in a field for tags."""
    return [part.strip() for part in typed.get(name, "").split(",") if part.strip()]


def _close(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    code = Resolution(typed.get("resolution", Resolution.NO_ACTION))
    verbs.close(
        item, by=by, reason=typed["reason"], root_cause=typed.get("root_cause", ""), same_as=typed.get("same_as"),
        resolution=code, cause_code=typed.get("cause_code", ""), rule_candidate=bool(typed.get("rule_candidate")),
    )  # fmt: skip


def _classify(item: WorkItem, failures: list[UUID], by: User, typed: Typed) -> None:
    """Say of each what was typed; what was left empty stays with each as somebody has said it."""
    stands = WorkItem.objects.get(pk=item.pk)
    given = {name: typed.get(name) or getattr(stands, name) for name in ("cause_code", "root_cause", "finding")}
    verbs.classify(item, by=by, **given, rule_candidate=bool(typed.get("rule_candidate")) or stands.rule_candidate)


def _simply(verb: Callable[..., object]) -> Act:
    return lambda item, failures, by, typed: verb(item, by=by, reason=typed.get("reason", ""))


def _plain(form: type[HandlingForm]) -> Callable[[Chosen, Data], HandlingForm]:
    return lambda chosen, data: form(data)


def _given(typed: Typed) -> str:
    return f"to {as_actor(User.objects.get(pk=typed['to'])).name}"


def _whom_told(typed: Typed) -> str:
    return f"to {typed['told_to']} on {typed['told_on']}"


def _until(typed: Typed) -> str:
    return f"until {datetime.fromisoformat(typed['until']):%Y-%m-%d}"


def _tags_told(typed: Typed) -> str:
    added, taken = tags_in(typed, "add"), tags_in(typed, "take_away")
    return ", ".join([*(f"+ {name}" for name in added), *(f"- {name}" for name in taken)])


def _field_told(typed: Typed) -> str:
    return str(words.plain(typed["field"]))  # the value may be one that not everybody may see


def _afterwards_told(typed: Typed) -> str:
    return "and sent anew then" if typed.get("sends") else "and wait for a person then"


def _configuration_told(typed: Typed) -> str:
    chosen = typed.get("configuration") or "now"
    if chosen in ("now", "then"):
        return f"with the configuration of {chosen}"
    name, _, number = chosen.rpartition("@")
    return f"with version {number} of “{name}”"


def _kind(name: str, form: Any, act: Act, will: str, **more: Any) -> Choice:
    """Return the choice that does for many what a remedy does for one."""
    single = kinds.by_name(name)
    assert single is not None
    return Choice(name, single.title, single.button, single.right, form, act, will, **more)


def _way(name: str, form: Any, act: Act, will: str, **more: Any) -> Choice:
    """Return the choice that does for many what a way of handling does for one."""
    single = handling.by_name(name)
    assert single is not None
    title = (
        single.title.replace(" it ", " them ")
        .replace("whose it is", "whose they are")
        .replace("it again", "them again")
        .replace("Close it", "Close them")
    )
    return Choice(name, title, single.button, single.right, form, act, will, **more)


def _again_form(chosen: Chosen, data: Data) -> HandlingForm:
    return AgainForm(data, configurations=chosen.configurations())


MEMBERS: dict[str, Any] = {"of_members": True, "decides": True}
CHOICES: Sequence[Choice] = (
    _kind("resubmissions", _again_form, _resubmit, "will be sent", **MEMBERS, sends=True,
          told=_configuration_told),
    _kind("waivers", _plain(ReasonForm), _waive, "will not be delivered", **MEMBERS),
    _kind("approvals", _plain(MayReasonForm), _approve, "will be approved and sent", **MEMBERS, sends=True),
    _kind("corrections", lambda chosen, data: SetValueForm(data, fields=chosen.fields()), _correct,
          "will be corrected and sent", **MEMBERS, sends=True, told=_field_told),
    _kind("period-moves", _plain(ReasonForm), _move, "will be proposed for the next open period", **MEMBERS),
    _kind("reversals", _plain(TakeBackForm), _reverse, "will be taken back", **MEMBERS, told=_afterwards_told),
    _kind("source-returns", _plain(ReasonForm), _send_back, "will go back to their source", **MEMBERS),
    _kind("source-notices", _plain(ToldForm), _tell_source, "will wait for their source", **MEMBERS, told=_whom_told),
    _kind("tries", _plain(MayReasonForm), _simply(verbs.try_now), "will be tried now"),
    _kind("probes", _plain(MayReasonForm), _simply(verbs.ask_system), "will be tried now"),
    _kind("readings", _plain(MayReasonForm), _simply(verbs.read_again), "will be read again"),
    _way("assignments", lambda chosen, data: AssignForm(data, people=chosen.people()), _assign, "will be given",
         told=_given),
    _way("returns", _plain(ReasonForm), _simply(verbs.hand_back), "will be given back"),
    _way("routings", _plain(MayReasonForm), _simply(verbs.leave_to_rules), "will go where the rules say"),
    _way("resumptions", _plain(MayReasonForm), _simply(verbs.resume), "will be taken up again"),
    _way("waits", _plain(WaitForm), _wait, "will wait", told=_until),
    _way("rests", _plain(SnoozeForm), _snooze, "will be put aside", told=_until),
    _way("priorities", _plain(PriorityForm), _prioritise, "will have the priority",
         told=lambda typed: str(typed["priority"])),
    _way("priority-returns", _plain(ReasonForm), _simply(verbs.leave_to_formula), "will be left to the formula"),
    _way("tags", _plain(TagThemForm), _tag, "will be tagged", told=_tags_told),
    _way("comments", _plain(CommentForm), lambda item, _, by, typed: verbs.comment(item, by=by, text=typed["text"]),
         "will have the remark"),
    _way("findings", _plain(FindingForm), _classify, "will be told what they were"),
    _way("closures", _plain(CloseForm), _close, "will be closed"),
    _way("reopenings", _plain(ReasonForm), _simply(verbs.reopen), "will be open again"),
    Choice("watchers", "Watch them", "Watch them", Right.VIEW, _plain(NothingForm),
           lambda item, _, by, typed: verbs.watch(item, by=by), "will be watched"),
)  # fmt: skip
# Not chosen on a page: its plan is made of a sheet that comes back.
BY_SHEET = Choice(
    "correction-sheets", "Correct them as a sheet says", "Correct and send them", Right.EDIT_OVERLAY,
    _plain(ReasonForm), _correct_rows, "will be corrected and sent", **MEMBERS, sends=True,
)  # fmt: skip
