"""The kinds of remedies: one row of a table for each. The page shows it, the address names it, the verb does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from canonical.failure import Category
from connectors.sign_in_again import NotRenewed
from exceptions_queue import comparisons, going_back, releasing, reversing, verbs, words
from exceptions_queue.facts import Facts
from exceptions_queue.forms import (
    CorrectionForm,
    CrossReferenceForm,
    LinkForm,
    NeedsReasonForm,
    OutcomeForm,
    RemedyForm,
    ResubmissionForm,
    ReversalForm,
    RowCorrectionForm,
    TableRowForm,
)
from exceptions_queue.models import Release
from exceptions_queue.sign_in_form import SignInForm
from exceptions_queue.tasks import nudge_release
from exceptions_queue.verbs.ask_target import said
from exceptions_queue.verbs.correct_field import correctable
from exceptions_queue.verbs.link_record import NotSeen
from exceptions_queue.verbs.members import left
from governance.roles import Right
from governance.seen import SEEN, carry
from mappings import overlapping
from mappings.tables import RowErrors
from routes import unforeseen
from routes.outbound import disabling

AT_ONCE = 5.0  # seconds that a page works on a release before a worker goes on with it
SYSTEM = (Category.OUTAGE, Category.CREDENTIALS)
# What no change at the source puts right.
UNFETCHED = (
    *SYSTEM, Category.OUTCOME_UNKNOWN, Category.APPROVAL_MISSING, Category.INTERNAL, Category.MISSING_REFERENCE,
    Category.NO_RIGHT, Category.CONFIGURATION,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of remedy: when it makes sense, who may, what it asks and what it does."""

    name: str
    title: str
    button: str
    right: Right
    makes_sense: Callable[[Facts], bool]
    form: Callable[[Facts, Mapping[str, Any] | None], RemedyForm]
    act: Callable[[Facts, Any], str]
    releases: bool = True
    each: bool = False
    danger: bool = False
    on_table: bool = False  # the right is asked where the table belongs, which may serve every company

    def asked(self, facts: Facts, data: Mapping[str, Any] | None = None) -> RemedyForm:
        """Return the remedy's form, empty or with what was typed."""
        form = self.form(facts, data)
        shown = {"seen": str(facts.seen or ""), "rows": ",".join(str(row.pk) for row in facts.rows_waiting)}
        form.initial = {**form.initial, **shown}
        return self.named(form)

    def named(self, form: RemedyForm) -> RemedyForm:
        """Return a form of this kind with ids that are its own among all forms of a page."""
        form.auto_id = f"{place(self.name, form.initial.get('row'))}-%s"
        return form


OF_ALL = ("splits", "resubmissions", "fetches", "waivers")  # what can be done with several causes at once


def fits(kind: Kind, facts: Facts) -> bool:
    """Return whether a kind makes sense: where several causes are meant, only what is the same for all of them."""
    return (not facts.several or kind.name in OF_ALL) and kind.makes_sense(facts)


def place(name: str, row: int | None = None) -> str:
    """Return where on a page a remedy stands: its name, and its row's number where there is one for each row."""
    return name if row is None else f"{name}-{row}"


def likeliest(category: str) -> "list[Kind]":
    """Return all kinds of remedies, the one first that fits why something of a category stopped."""
    fits = FITS.get(category, ())
    return sorted(KINDS, key=lambda kind: fits.index(kind.name) if kind.name in fits else len(fits))


def by_name(name: str) -> Kind | None:
    """Return the kind that an address names."""
    return next((kind for kind in KINDS if kind.name == name), None)


def _reason(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    return RemedyForm(data)


def _needs_reason(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    return NeedsReasonForm(data)


def _row_form(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    assert facts.table is not None
    return TableRowForm(data, table=facts.table)


def _row_correction_form(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    wanted = str((data or {}).get("row", ""))
    read = next((each for each in facts.read if str(each.row.pk) == wanted), facts.read[0])
    return RowCorrectionForm(data, old=read.row)


def _correction_form(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    started = {"field": facts.failing, "value": facts.first_value, "seen_until": facts.seen_until}
    return CorrectionForm(data, fields=correctable(facts.item, facts.user), initial=started)


def _released(release: Release) -> str:
    """Begin with a release at once, leave the rest to a worker, and say how far it is."""
    if releasing.work(seconds=AT_ONCE, release=release.pk):
        nudge_release(release.pk)
    release.refresh_from_db()
    # Counted from what is open still: rows and links that appear release their members by themselves, too.
    release.item.part = release.part or None
    there = release.item.failures().values_list("pk", "opened_at")
    opened = [at for id_, at in there if not release.is_unseen(id_, at)]
    stayed = sum(each <= release.requested_at for each in opened)
    said = f"{max(0, release.asked - len(opened)):,} went on."
    if not release.done_at:
        return f"{said} The rest follows in a moment."
    again = f" {len(opened) - stayed:,} stopped again; why is said with them." if len(opened) > stayed else ""
    return f"{said}{again}{f' {stayed:,} stay as they were; the history says why.' if stayed else ''}"


def _add_row(facts: Facts, typed: Any) -> str:
    form = typed["form"]
    until = overlapping.shown_until(typed[SEEN])
    try:
        added = verbs.add_table_row(
            facts.item, by=facts.user, values=form.values(), valid_from=typed["valid_from"],
            valid_to=typed["valid_to"], reason=typed["reason"], seen=until, known=typed["rows"] or (),
        )  # fmt: skip
    except RowErrors:
        carry(form, str(overlapping.newest(facts.table)) if facts.table else "")
        raise
    if added.release is None:
        return "The row is proposed. It counts once a second person has approved it; what waits for it stays here."
    return f"The row is added. {_released(added.release)}"


def _approve_row(facts: Facts, typed: Any) -> str:
    release = verbs.approve_table_row(facts.item, by=facts.user, reason=typed["reason"], rows=typed["rows"])
    return f"The row is approved. {_released(release)}"


def _refuse_row(facts: Facts, typed: Any) -> str:
    verbs.refuse_table_row(facts.item, by=facts.user, reason=typed["reason"], rows=typed["rows"])
    return "The row is refused and never counted. Another one can be proposed here."


def _correct_row(facts: Facts, typed: Any) -> str:
    release = verbs.correct_table_row(
        facts.item, by=facts.user, row=typed["row"], values=typed["form"].values(), valid_from=typed["valid_from"],
        valid_to=typed["valid_to"], reason=typed["reason"],
    )  # fmt: skip
    if release is None:
        return "The row is proposed. It counts once a second person has approved it; what waits for it stays here."
    return f"The row is corrected. {_released(release)}"


def _split(facts: Facts, typed: Any) -> str:
    made = verbs.split(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"])
    return f"Exception {made.number} holds them now: {words.counted(made.members, made.entity)}."


def _link(facts: Facts, typed: Any) -> str:
    release = verbs.add_cross_reference(
        facts.item, by=facts.user, external_id=typed["external_id"], reference=typed["reference"],
        reason=typed["reason"],
    )  # fmt: skip
    return f"The link is kept. {_released(release)}"


def _look_up(facts: Facts, typed: Any) -> str:
    release = verbs.look_up_parent(facts.item, by=facts.user, reason=typed["reason"])
    return f"It is there, and the link is kept. {_released(release)}"


def _sign_in_form(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    assert facts.item.connection is not None
    return SignInForm(data, connection=facts.item.connection)


def _sign_in(facts: Facts, typed: Any) -> str:
    try:
        said = verbs.renew_sign_in(facts.item, by=facts.user, typed=typed["form"].typed(), reason=typed["reason"])
    except NotRenewed as error:
        typed["form"].blame(error)
        raise
    return f"{said} What waits goes on now, in order; this page shows how far it is."


def _meant(typed: Any) -> dict[str, Any]:
    """Return which members a form means, of those that its page showed, and why."""
    return {name: typed[name] for name in ("reason", "failures", "seen")}


def _correct(facts: Facts, typed: Any) -> str:
    later = left(facts.item, typed["seen"])  # asked first: what stops again is new, and was seen
    done = verbs.correct_field(
        facts.item, by=facts.user, field=typed["field"], value=typed["value"], seen_until=typed["seen_until"] or 0,
        **_meant(typed),
    )  # fmt: skip
    said = " ".join(filter(None, (f"Corrected. {done.went_on:,} went on.", done.amounts, done.elsewhere)))
    return f"{said} The source is compared with your correction from now on.{later}"


def _move(facts: Facts, typed: Any) -> str:
    what = words.counted(verbs.move_to_next_period(facts.item, by=facts.user, **_meant(typed)), facts.item.entity)
    return f"{what} proposed for the next open period. A second person approves.{left(facts.item, typed['seen'])}"


def _resubmit(facts: Facts, typed: Any) -> str:
    later = left(facts.item, typed["seen"])
    done = verbs.resubmit(
        facts.item, by=facts.user, configuration=typed["configuration"] or "now", start=typed["start"], **_meant(typed)
    )
    return f"{_released(done) if isinstance(done, Release) else f'{done:,} went on.'}{later}"


def _waive(facts: Facts, typed: Any) -> str:
    waived = verbs.waive(facts.item, by=facts.user, **_meant(typed))
    return f"{words.counted(waived, facts.item.entity)} will not be delivered.{left(facts.item, typed['seen'])}"


def _waive_rule(facts: Facts, typed: Any) -> str:
    went_on = verbs.waive_rule(facts.item, by=facts.user, **_meant(typed))
    return f"{words.counted(went_on, facts.item.entity)} passed the rule and went on.{left(facts.item, typed['seen'])}"


def _approve(facts: Facts, typed: Any) -> str:
    approved = verbs.approve(facts.item, by=facts.user, **_meant(typed))
    return f"{approved:,} approved.{left(facts.item, typed['seen'])}"


def _decide(facts: Facts, typed: Any) -> str:
    if not typed["failures"] or len(typed["failures"]) != 1:
        raise verbs.NotPossible("Choose the one row that you have looked up. Each is decided by itself.")
    verbs.decide_unknown(
        facts.item, by=facts.user, failure=typed["failures"][0], happened=typed["happened"],
        reference=typed["reference"], external_id=typed.get("external_id", ""), reason=typed["reason"],
    )  # fmt: skip
    if facts.reversal:
        return "Noted: it is reversed there." if typed["happened"] else "Noted: it is not, and is reversed again."
    return "Noted: it is there." if typed["happened"] else "Noted: it is not there, and is sent again."


def _ask_target(facts: Facts, typed: Any) -> str:
    found = verbs.ask_target(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"])
    return f"The target was asked. {said(found)}"


def _fetch_again(facts: Facts, typed: Any) -> str:
    run = verbs.fetch_again(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"])
    days = f"{run.window_from}" if run.window_from == run.window_to else f"{run.window_from} to {run.window_to}"
    return f"A run is asked for that reads {days} again. What has changed there goes on as a newer version."


def _link_record(facts: Facts, typed: Any) -> str:
    try:
        verbs.link_record(
            facts.item, by=facts.user, failures=typed["failures"], external_id=typed["external_id"],
            reference=typed["reference"], reason=typed["reason"], difference_seen=typed["difference_seen"],
        )  # fmt: skip
    except NotSeen:
        typed["form"].now_seen()
        raise
    return "It is linked: it counts as posted, and nothing was sent."


def _reverse(facts: Facts, typed: Any) -> str:
    sends, later = typed["sends"], left(facts.item, typed["seen"])
    asked = verbs.reverse(facts.item, by=facts.user, sends=sends, root_cause=typed["root_cause"], **_meant(typed))
    return f"{reversing.done(asked, facts.item.entity, sends)}{later}"


def _try_system(facts: Facts, typed: Any) -> str:
    verbs.ask_system(facts.item, by=facts.user, reason=typed["reason"])
    return "The next request tries it. If it works, everything that waits goes on in order."


def _try_now(facts: Facts, typed: Any) -> str:
    verbs.try_now(facts.item, by=facts.user, reason=typed["reason"])
    return "It is tried now. If it works, this closes by itself."


def _read_again(facts: Facts, typed: Any) -> str:
    verbs.read_again(facts.item, by=facts.user, reason=typed["reason"])
    return "A run is asked for. It reads on from where the last good one ended."


def _is(*categories: Category) -> Callable[[Facts], bool]:
    return lambda facts: facts.item.category in categories


def _is_tried_again(facts: Facts) -> bool:
    return unforeseen.is_tried_again(facts.item.category, facts.item.rule)


def _fetchable(facts: Facts) -> bool:
    """Whether something of it has stopped that its source may put right."""
    return facts.has_records and facts.stopped and not facts.only_questioned and facts.item.category not in UNFETCHED


def _sendable(facts: Facts) -> bool:
    """Whether members can be sent again: not what waits for consent, nor what the target may have taken."""
    sends = facts.has_records and facts.stopped and not facts.only_questioned
    if facts.held_for_row:
        return sends and not facts.rows_waiting
    return sends and facts.item.category not in (Category.APPROVAL_MISSING, Category.OUTCOME_UNKNOWN)


PROPOSED = ("row-approvals", "row-refusals")  # what somebody has begun is decided first
# What the target said decides: a row of a table is only one of the places from which a refused value may have come.
FITS: dict[str, tuple[str, ...]] = {
    Category.CLOSED_PERIOD: (*PROPOSED, "period-moves", "resubmissions"),
    Category.REFUSED: (*PROPOSED, "corrections", "resubmissions"),
    Category.NO_RIGHT: (*PROPOSED, "resubmissions"),
    Category.CONFIGURATION: (*PROPOSED, "tries", "readings", "resubmissions"),
    Category.CONFLICT: (*PROPOSED, "corrections", "resubmissions"),
    Category.QUESTIONED: ("reversals", "corrections", "resubmissions", "waivers"),
}
KINDS = (
    Kind("row-approvals", "Approve the proposed row", "Approve the row", Right.APPROVE_TABLES,
         lambda f: bool(f.rows_waiting), _reason, _approve_row, on_table=True),
    Kind("row-refusals", "Refuse the proposed row", "Refuse the row", Right.APPROVE_TABLES,
         lambda f: bool(f.rows_waiting), _needs_reason, _refuse_row, releases=False, danger=True, on_table=True),
    Kind("table-rows", "Add the missing row", "Add the row", Right.EDIT_TABLES,
         lambda f: f.lacks_row or f.replaces_row, _row_form, _add_row, on_table=True),
    Kind("row-corrections", "Correct a row that this was made with", "Correct the row", Right.EDIT_TABLES,
         lambda f: bool(f.read), _row_correction_form, _correct_row, on_table=True),
    Kind("look-ups", "Look whether it is there by now", "Look there now", Right.EDIT_TABLES,
         lambda f: f.can_ask_for_parent, _reason, _look_up),
    Kind("cross-references", "It exists there already: link it", "Link it", Right.EDIT_TABLES,
         lambda f: f.item.category == Category.MISSING_REFERENCE and bool(f.item.table_key and f.item.connection_id),
         lambda f, data: CrossReferenceForm(data), _link),
    Kind("approvals", "Approve", "Approve", Right.APPROVE,
         lambda f: f.item.category == Category.APPROVAL_MISSING and not f.item.table, _reason, _approve),
    Kind("run-refusals", "Refuse it: withdraw nothing", "Withdraw nothing", Right.APPROVE,
         comparisons.waits, _needs_reason, comparisons.refused, releases=False),
    Kind("inquiries", "Ask the target whether it is there", "Ask it now", Right.RESUBMIT, lambda f: f.can_ask, _reason,
         _ask_target, releases=False),
    Kind("outcomes", "Say what you found in the target", "Keep this", Right.RESUBMIT,
         _is(Category.OUTCOME_UNKNOWN), lambda f, data: OutcomeForm(data, reversal=f.reversal), _decide,
         releases=False, each=True),
    Kind("sign-ins", "Enter the sign-in anew", "Try it, and keep it", Right.EDIT_CONFIGURATION,
         lambda f: f.item.category == Category.CREDENTIALS and f.can_sign_in, _sign_in_form, _sign_in, releases=False),
    Kind("probes", "Try the system now", "Try now", Right.OPERATE, _is(*SYSTEM), _reason, _try_system, releases=False),
    Kind("tries", "Try it now", "Try now", Right.RESUBMIT, _is_tried_again, _reason, _try_now, releases=False),
    Kind("readings", "Read the source again", "Read again", Right.RESUBMIT,
         lambda f: not f.has_records and not disabling.is_told(f.item.rule)
         and not _is_tried_again(f)
         and f.item.category not in (*SYSTEM, Category.APPROVAL_MISSING),
         _reason, _read_again, releases=False),
    Kind("period-moves", "Post in the next open period", "Propose it", Right.EDIT_OVERLAY, lambda f: bool(f.offers),
         _needs_reason, _move, releases=False),
    Kind("corrections", "Correct a field", "Correct and send again", Right.EDIT_OVERLAY,
         lambda f: _sendable(f) and f.item.category != Category.MISSING_REFERENCE, _correction_form, _correct),
    Kind("links", "It stands at the target already: link it", "Link it", Right.RESUBMIT, lambda f: f.linkable,
         lambda f, data: LinkForm(data), _link_record, releases=False, each=True),
    Kind("resubmissions", "Send again as it is", "Send again", Right.RESUBMIT, _sendable,
         lambda f, data: ResubmissionForm(data), _resubmit),
    Kind("fetches", "It was put right at the source: fetch it again", "Fetch it again", Right.RESUBMIT,
         _fetchable, _reason, _fetch_again, releases=False),
    Kind("source-returns", "Send it back to its source with a reason", "Send it back", Right.RETURN,
         lambda f: _fetchable(f) and bool(f.goes_back), _needs_reason, going_back.sent, releases=False),
    Kind("source-notices", "Say whom you told at the source", "Keep this, and wait", Right.RETURN,
         lambda f: _fetchable(f) and going_back.by_hand(f), going_back.notice_form, going_back.noted,
         releases=False),
    Kind("rule-waivers", "Let these pass the rule once", "Let them pass", Right.WAIVE, lambda f: f.may_pass,
         _needs_reason, _waive_rule),
    Kind("reversals", "Take back what is posted", "Take it back", Right.REVERSE, lambda f: f.stands,
         lambda f, data: ReversalForm(data), _reverse, releases=False, danger=True),
    Kind("splits", "Split some off into an exception of their own", "Split them off", Right.WORK_QUEUE,
         lambda f: f.has_records and f.item.members > 1, _needs_reason, _split, releases=False),
    Kind("waivers", "Do not deliver", "Waive", Right.WAIVE,
         lambda f: f.has_records and not f.only_questioned and f.item.category != Category.OUTCOME_UNKNOWN,
         _needs_reason, _waive,
         releases=False, danger=True),
)  # fmt: skip
