"""Mappings as files: the version in force, and the drafts that are not yet.

A file never puts a mapping in force by itself: its content becomes a draft, is submitted, and waits for another person.
When that person applies the same folder, what waits is approved, and published by whoever may.
"""

from typing import Any

from governance import taken, versions
from governance.actor import By, names
from governance.models import State, Version
from governance.models.version import content_hash
from governance.rights import Right, allowed, require
from governance.same_person import has_made
from hub.configuration.companies import entity
from hub.configuration.differences import Difference, differences
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kind import Kind, Put
from hub.configuration.mistakes import Place
from hub.configuration.work import REASON, Work
from mappings import drafting, shipped
from mappings.formula.problems import MappingErrors
from mappings.models import Mapping
from mappings.models.mapping import KIND
from mappings.written import ordered, steps

OPEN = (State.DRAFT, State.SUBMITTED, State.APPROVED)
OTHER_PERSON = "another person has to approve it"


class Mappings(Kind):
    """Mappings by name, with the content that is in force and what is to follow it."""

    folder, one, key = "mappings", "mapping", ("key",)

    def rows(self, by: By) -> list[Data]:
        """Return what is in force or open here; numbers and states of versions are this installation's own."""
        found = Mapping.objects.visible_to(by).select_related("legal_entity").order_by("key")
        by_key: dict[str, list[Version]] = {}
        live = Version.objects.filter(kind=KIND, state__in=[*OPEN, State.PUBLISHED]).order_by("number")
        for version in live:
            by_key.setdefault(version.object_key, []).append(version)
        return [_mapping(each, by_key[each.key]) for each in found if each.key in by_key]

    def compared(self, here: Data, wanted: Data) -> list[Difference]:
        """Return what differs; drafts are told by their number only."""
        found = differences(self.folder, _without(here, "drafts"), _without(wanted, "drafts"))
        if "published" in here and "published" not in wanted:
            found = [each for each in found if not each.words.startswith("published:")]
            found.append(Difference("published version: not in the folder", lacks=True))
        elif "published" in wanted and "published" not in here:
            found = [Difference("published version: not in force here yet")]
        known = [content_hash(each) for each in here.get("drafts", [])]
        new = [each for each in wanted.get("drafts", []) if content_hash(each) not in known]
        return [*found, *(Difference(f"draft “{each.get('name', '')}”: not here yet") for each in new)]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Take the file's version as far as this person may, and keep its drafts."""
        value, key = file.value, file.name
        owner = entity(work, value.get("legal_entity"))
        row = Mapping.objects.filter(key=key).select_related("legal_entity").first()
        if row is not None and row.legal_entity != owner and not file.is_spoilt(("legal_entity",)):
            self._refuse_owner(work, row)
        sound = [self._judged(work, key, value["published"], ("published",))] if "published" in value else []
        sound += [
            self._judged(work, key, each, ("drafts", number)) for number, each in enumerate(value.get("drafts", []))
        ]
        if not all(sound) or work.is_faulty:
            work.waiting[file.kind, key] = "its file has mistakes"
            return Put()
        changed, notes = self._published(work, key, value["published"], owner) if "published" in value else (False, [])
        used = {content_hash(value["published"])} if "published" in value else set()
        drafted = self._drafts(work, key, value.get("drafts", []), owner, used)
        if here is not None and "published" in here and "published" not in value:
            self._retire(work, key)
        return Put(tuple(notes), changed=changed or drafted)

    def _refuse_owner(self, work: Work, row: Mapping) -> None:
        """Tell that a mapping is another company's, or to who may not see it no more than that its key is none."""
        same = Mapping.objects.filter(pk=row.pk)
        if row.legal_entity is not None and not same.visible_to(work.by).exists():
            work.say(("key",), taken.words(same, "short name", by=work.by))
            return
        remedy = "Give the mapping of the other company another key."
        work.say(("legal_entity",), f"the mapping belongs to {row.legal_entity or 'all companies'}.", remedy)

    def _judged(self, work: Work, key: str, content: Any, place: Place) -> bool:
        try:
            drafting.judge(content, by=work.by, key=key)
        except MappingErrors as errors:
            for each in errors.problems:
                where = each.row_and_column
                column = f"line {where[0]}, column {where[1]}: " if where else ""
                work.say((*place, *steps(each.path)), f"{column}{each.message}", each.remedy)
            return False
        return True

    def _published(self, work: Work, key: str, content: Data, owner: Any) -> tuple[bool, list[str]]:
        """Take a content one or more steps nearer to being in force; return whether, and a note."""
        known = Version.objects.of(KIND, key)
        hashed = content_hash(content)
        live = known.in_force().first()
        if live is not None and live.content_hash == hashed:
            return False, []
        before = known.filter(content_hash=hashed)
        waiting = before.filter(state__in=OPEN).first()
        retired = before.filter(state=State.RETIRED).first()
        if waiting is None and retired is not None and allowed(work.by, Right.PUBLISH_CONFIGURATION, owner):
            versions.roll_back(retired, by=work.by, reason=REASON)
            return True, [f"version {retired.number}, which was approved once, is in force again"]
        if live is None and not known.exists() and self._ships(work, key, content):
            return True, ["the version that the connector ships is in force"]
        if live is None:
            work.waiting["mappings", key] = f"the mapping {key} to be published"
        made = waiting or drafting.draft(key=key, content=content, by=work.by, legal_entity=owner, note=REASON)
        return self._advanced(work, made, owner, is_new=waiting is None)

    def _advanced(self, work: Work, version: Version, owner: Any, *, is_new: bool) -> tuple[bool, list[str]]:
        """Submit, approve and publish, as far as this person may."""
        was = version.state
        if version.state == State.DRAFT:
            version = versions.submit(version, by=work.by, note=REASON)
        mine = has_made(work.by, version)
        makers = ", ".join(names(version.contributors).values())
        if version.state == State.SUBMITTED and not mine and allowed(work.by, Right.APPROVE_CONFIGURATION, owner):
            version = versions.approve(version, by=work.by, reason=REASON)
        may_publish = allowed(work.by, Right.PUBLISH_CONFIGURATION, owner)
        if version.state == State.APPROVED and version.publish_at is None and may_publish:
            version = versions.publish(version, by=work.by, reason=REASON)
            work.waiting.pop(("mappings", version.object_key), None)
        changed = is_new or version.state != was
        return changed, [f"version {version.number} by {makers} {_now(version)}"]

    def _ships(self, work: Work, key: str, content: Data) -> bool:
        """Put a connector's own mapping in force where none is yet: it was judged before it was shipped."""
        for each in shipped.load() if "." in key else []:
            if each.key == key and content_hash(each.content) == content_hash(content):
                require(work.by, Right.PUBLISH_CONFIGURATION, None)
                shipped.install([each])
                return True
        return False

    def _drafts(self, work: Work, key: str, contents: list[Data], owner: Any, used: set[str]) -> bool:
        """Keep drafts that are not here yet; return whether there were any."""
        known = Version.objects.of(KIND, key).filter(state__in=OPEN).exclude(content_hash__in=used)
        hashes = set(known.values_list("content_hash", flat=True))
        new = [each for each in contents if content_hash(each) not in hashes | used]
        for each in new:
            drafting.draft(key=key, content=each, by=work.by, legal_entity=owner, note=REASON)
        return bool(new)

    def stays(self, name: str, here: Data) -> str:
        """Return why a mapping without a version in force is not removed."""
        return "" if "published" in here else "only drafts are left of it, which change nothing"

    def remove(self, work: Work, name: str) -> None:
        """Take a mapping out of force; its versions stay, so that what was posted stays explained."""
        self._retire(work, name)

    def _retire(self, work: Work, key: str) -> None:
        live = versions.published(KIND, key)
        work.removal("published version of mapping", key, lambda: versions.retire(live, by=work.by, reason=REASON))


def _now(version: Version) -> str:
    if version.state == State.APPROVED:
        at = version.publish_at
        return (
            f"is published on {at:%Y-%m-%d at %H:%M} (UTC)" if at else "is approved: an integration admin publishes it"
        )
    words = {State.SUBMITTED: f"is submitted: {OTHER_PERSON}", State.PUBLISHED: "is approved and in force"}
    return words.get(State(version.state), f"is a draft: {OTHER_PERSON}")


def _mapping(row: Mapping, live: list[Version]) -> Data:
    published = [each.content for each in live if each.state == State.PUBLISHED]
    in_force = {each.content_hash for each in live if each.state == State.PUBLISHED}
    drafts = {each.content_hash: ordered(each.content) for each in live if each.content_hash not in in_force}
    return {
        "key": row.key,
        "legal_entity": row.legal_entity.code if row.legal_entity else None,
        "published": published[0] if published else None,
        "drafts": [drafts[each] for each in sorted(drafts)],
    }


def _without(data: Data, name: str) -> Data:
    return {key: each for key, each in data.items() if key != name}
