"""With which configurations stopped work can be sent again: whose each is, what differs, what becomes of this work.

Each is compared with the one that the work was made with, and tried on the first of its members. What does not fit is
told as gaps, each with what to do about it; nothing is left out because of one. Nothing is written or sent.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from exceptions_queue import configurations, lineage, row_differences
from exceptions_queue.models import WorkItem
from exceptions_queue.put_right_since import PASSES, STOPS
from exceptions_queue.trying import Idempotency, Outcome, Trial, tries
from exceptions_queue.words import counted, plain
from governance.actor import names
from governance.models import User, Version
from governance.models.version import State
from governance.rights import allowed
from governance.scoping import grants_read_once
from mappings.covering import covered
from mappings.differences import Difference, differences
from mappings.models import LookupTable
from routes.chosen_configuration import ONCE_IN_FORCE, Configuration, named, right_to_send
from routes.models import Failure, Overlay, Record, Route, Snapshot, Transaction
from routes.plan import NotReadyToRun, foreseen
from routes.worked_out import Start

MOST = 50  # members that are tried with each
VERSIONS = 4  # out of force, that are tried; each other one can be tried by itself
DRAFTS = 2


@dataclass(frozen=True, slots=True)
class Gap:
    """What does not fit between a configuration and the work as it stands, and what to do about it."""

    words: str
    members: int
    failure: UUID | None = None  # one that it is so for, whose fields can be corrected
    remedy: str = ""


@dataclass(slots=True)
class Offer:
    """A configuration that may be chosen."""

    value: str
    label: str
    mappings: str  # "ledger-time-in version 1, ledger-time-out version 2"
    who: str = ""  # has published it, or written the draft
    when: datetime | None = None
    note: str = ""
    draft: bool = False
    may_send: bool = True
    cannot: str = ""  # why it may not be sent with
    different: list[str] = field(default_factory=list)  # from what it was made with, in words
    rows: list[str] = field(default_factory=list)  # of tables that are read otherwise, in words
    trials: list[Trial] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    warning: str = ""  # what choosing it would leave out

    @property
    def goes(self) -> int:
        """Return how many of those that were tried would not stop."""
        return sum(trial.outcome in PASSES for trial in self.trials)


@grants_read_once()  # it only shows, and each configuration asks the same rights
def offers(item: WorkItem, members: Sequence[Failure], *, by: User, start: Start = Start.SOURCE) -> list[Offer]:
    """Return what members of an item may be sent again with: now, then, versions that were in force once, and drafts.

    Queries for each configuration, none for each member. Raises NotAllowed.
    """
    tried = [each for each in members if each.record_id][:MOST]
    then = _then(tried)
    routes = Route.objects.in_bulk({each.route_id for each in tried if each.route_id})
    destinations = _destinations(tried)
    titles = dict(LookupTable.objects.visible_to(by).values_list("name", "title"))
    corrected = _corrected(tried)
    found = []
    for configuration, version in _wanted(routes, then, by):
        offer = _offer(item, configuration, version, by)
        offer.trials = tries(tried, by=by, start=start, configuration=configuration)
        contents = _contents(configuration, routes, then)
        offer.mappings = _named_mappings(contents, destinations)
        offer.different = _different(then, contents, destinations, titles, by)
        offer.different += [each for each in _settings(offer.trials) if each not in offer.different]
        offer.gaps = _gaps(offer, item, contents, corrected, destinations)
        found.append(offer)
    row_differences.tell(found, by)
    _warn(found, item)
    return found


def _wanted(
    routes: Mapping[int, Route], then: Mapping[int, dict[str, Any]], by: User
) -> list[tuple[Configuration, Version | None]]:
    """Return what is tried, each with the version that tells who published it: the last one that came into it."""
    mappings = configurations.mappings_of(routes)
    published = configurations.once_in_force(mappings, by)
    out = [each for each in published if each.state == State.RETIRED]
    out.sort(key=lambda each: str(each.retired_at), reverse=True)
    of_then = {(each["name"], each["version"]) for content in then.values() for each in _used(content, ())}
    made_with = [each for each in published if (each.object_key, each.number) in of_then]
    now = [each for each in published if each.state == State.PUBLISHED]
    drafts = configurations.drafts_of(mappings, by)[:DRAFTS]
    one_by_one = [*out[:VERSIONS], *drafts]
    of_then_too: list[tuple[Configuration, Version | None]] = [("then", _last(made_with))] if then else []
    return [("now", _last(now)), *of_then_too, *((each, each) for each in one_by_one)]


def _last(found: Sequence[Version]) -> Version | None:
    return max(found, key=lambda each: str(each.published_at), default=None)


def _offer(item: WorkItem, configuration: Configuration, version: Version | None, by: User) -> Offer:
    draft = isinstance(configuration, Version) and configuration.state not in ONCE_IN_FORCE
    offer = Offer(named(configuration), LABELS.get(str(configuration), ""), "", draft=draft)
    if isinstance(configuration, Version):
        what = "Draft" if draft else "Version"
        offer.label = f"{what} {configuration.number} of “{configuration.object_key}”"
    if version is not None:
        reference = version.author if draft else version.published_by
        offer.who = next(iter(names([reference]).values()), "") if reference else ""
        offer.when = version.created_at if draft else version.published_at
        offer.note = version.note
    if draft:
        offer.may_send, offer.cannot = False, "A draft is only tried. Once it is published, send with it as it is now."
    elif not allowed(by, right_to_send(configuration), item.legal_entity_id):
        offer.may_send, offer.cannot = False, "You may try this. A controller or an integration admin sends with it."
    return offer


LABELS = {"now": "As it is now", "then": "As it was then"}


def _then(tried: Sequence[Failure]) -> dict[int, dict[str, Any]]:
    """Return by route the configuration that most of its members were made with; none for what had none yet."""
    rows = Transaction.objects.filter(pk__in=[each.transaction_id for each in tried if each.transaction_id])
    of = dict(rows.values_list("pk", "snapshot_id"))
    counted_by: dict[int, Counter[int]] = {}
    for each in tried:
        if each.route_id and each.transaction_id and (snapshot := of.get(each.transaction_id)):
            counted_by.setdefault(each.route_id, Counter())[snapshot] += 1
    most = {route: found.most_common(1)[0][0] for route, found in counted_by.items()}
    contents = Snapshot.objects.in_bulk(most.values())
    return {route: contents[snapshot].content for route, snapshot in most.items() if snapshot in contents}


def _destinations(tried: Sequence[Failure]) -> set[int]:
    ids = [each.transaction_id for each in tried if each.transaction_id]
    return set(Transaction.objects.filter(pk__in=ids).values_list("destination_id", flat=True))


def _contents(
    configuration: Configuration, routes: Mapping[int, Route], then: Mapping[int, dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    if configuration == "then":
        return dict(then)
    version = configuration if isinstance(configuration, Version) else None
    found = {}
    for id_, route in routes.items():
        try:
            found[id_] = foreseen(route, version)[1]
        except NotReadyToRun:
            continue  # what is wrong with it is told with each member that is tried
    return found


def _used(content: Mapping[str, Any], destinations: Collection[int]) -> list[dict[str, Any]]:
    """Return the mappings of a configuration that bear on destinations, that from the source first."""
    mine = [each["translate"] for each in content["destinations"] if not destinations or each["id"] in destinations]
    return [each for each in (content["normalise"], *mine) if each]


def _named_mappings(contents: Mapping[int, Mapping[str, Any]], destinations: Collection[int]) -> str:
    used = [each for content in contents.values() for each in _used(content, destinations)]
    return ", ".join(dict.fromkeys(f"{each['name']} version {each['version']}" for each in used))


def _different(
    then: Mapping[int, Mapping[str, Any]], contents: Mapping[int, Mapping[str, Any]], destinations: Collection[int],
    titles: Mapping[str, str], by: User,
) -> list[str]:  # fmt: skip
    """Return in words what of the mappings differs from those of then."""
    found: list[str] = []
    for route, content in contents.items():
        was = {_place(content_, each): each for content_ in [then.get(route)] if content_
               for each in _used(content_, destinations)}  # fmt: skip
        for each in _used(content, destinations):
            old = was.get(_place(content, each))
            if old is not None and old["content"] != each["content"]:
                was_then, now = covered([old["content"], each["content"]], by=by)
                told: list[Difference] = differences(was_then, now, titles=titles)
                found += [f"{one.about}: {one.words}" for one in told]
    return list(dict.fromkeys(found))


def _place(content: Mapping[str, Any], mapping: Mapping[str, Any]) -> int:
    """Return which place a mapping has in a configuration: 0 from the source, else its destination's number."""
    return next((each["id"] for each in content["destinations"] if each["translate"] is mapping), 0)


def _settings(trials: Sequence[Trial]) -> list[str]:
    told = (each for trial in trials for each in trial.changed)
    return [each for each in dict.fromkeys(told) if not each.startswith("mapping ")]


def _corrected(tried: Sequence[Failure]) -> dict[str, list[Failure]]:
    """Return which fields people have corrected, each with the members that it is so for. Two queries."""
    rows = Record.objects.filter(pk__in=[each.record_id for each in tried]).values_list("pk", "route_id", "key")
    of = {pk: (route, key) for pk, route, key in rows}
    asked = Q(route__in={route for route, _ in of.values()}, key__in={key for _, key in of.values()})
    open_: dict[tuple[int, str], list[str]] = {}
    for route, key, name in Overlay.objects.open().filter(asked).values_list("route_id", "key", "field"):
        open_.setdefault((route, key), []).append(name)
    found: dict[str, list[Failure]] = {}
    for each in tried:
        for name in open_.get(of.get(each.record_id, (0, "")), ()) if each.record_id else ():
            found.setdefault(name, []).append(each)
    return found


def _gaps(
    offer: Offer, item: WorkItem, contents: Mapping[int, Mapping[str, Any]],
    corrected: Mapping[str, Sequence[Failure]], destinations: Collection[int],
) -> list[Gap]:  # fmt: skip
    found: dict[tuple[str, ...], list[Trial]] = {}
    for trial in offer.trials:
        if trial.outcome in STOPS:
            found.setdefault(trial.stopped_by or (trial.words,), []).append(trial)
    gaps = [
        Gap(_said(trials), len(trials), trials[0].failure, REMEDIES[trials[0].outcome]) for trials in found.values()
    ]
    for name, members in corrected.items():
        unread = [each for each in members if _is_unread(name, contents.get(each.route_id or 0), destinations)]
        if unread:
            what = counted(len(unread), item.entity)
            gaps.append(
                Gap(
                    f"The correction of the {plain(name)} of {what} has no part in it: the target gets nothing of it.",
                    len(unread), unread[0].pk, "It is kept, and counts again with a version that reads it.",
                )
            )  # fmt: skip
    return gaps


def _said(trials: Sequence[Trial]) -> str:
    """Return why the first of those with one cause would stop, and how many would with other values."""
    others = sum(trial.words != trials[0].words for trial in trials)
    return f"{trials[0].words} The same with other values: {others:,}." if others else trials[0].words


REMEDIES = {
    Outcome.STILL_INVALID: "Correct it in the record, remove the cause, or choose another configuration.",
    Outcome.INCOMPATIBLE: "Choose another configuration; nothing of the record is lost.",
}


def _is_unread(name: str, content: Mapping[str, Any] | None, destinations: Collection[int]) -> bool:
    if content is None:
        return False
    copies = [lineage.copies(dict(content), id_) for id_ in destinations]
    return bool(copies) and not any(name in reads for each in copies for reads in each.reads.values())


def _warn(found: Sequence[Offer], item: WorkItem) -> None:
    """Say of each that is not of now what it leaves out that was put right since."""
    now = {trial.failure: trial.outcome in PASSES for offer in found if offer.value == "now" for trial in offer.trials}
    for offer in found:
        if offer.value == "now":
            bytes_of_then = [t for t in offer.trials if t.idempotency is Idempotency.SAME_BYTES]
            if bytes_of_then and offer.different:
                offer.warning = (
                    f"The bytes of {counted(len(bytes_of_then), item.entity)} go once more as they were made: what was "
                    "changed since is not used. Begin from the start to use it."
                )
            continue
        left = [t for t in offer.trials if t.outcome not in PASSES and now.get(t.failure)]
        if left and not offer.draft:
            offer.warning = (
                f"{counted(len(left), item.entity).capitalize()} would stop again with this, and go on as it is now: "
                "what was put right since does not count here."
            )


__all__ = ["MOST", "Gap", "Offer", "offers"]
