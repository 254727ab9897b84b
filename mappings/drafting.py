"""Write mappings: a draft is compiled before it is kept, so a version never holds a mapping that cannot run."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from governance import versions
from governance.actor import By
from governance.models import LegalEntity, Version
from mappings.compiled import CompiledMapping, compile_mapping
from mappings.covering import taken_back
from mappings.formula import limits
from mappings.models import Mapping
from mappings.models.mapping import KIND
from mappings.reaching import refuse_unseen
from mappings.sides import refuse_what_is_not_there

MOST_KEPT = 256  # compiled mappings; far more than a firm has in force
_compiled: dict[str, CompiledMapping] = {}  # by the hash of the content


@transaction.atomic
def draft(
    *,
    key: str,
    content: dict[str, Any],
    by: By,
    legal_entity: LegalEntity | None = None,
    note: str = "",
    newest_seen: int | None = None,
) -> Version:
    """Keep a draft of a mapping.

    Raises MappingErrors with every problem, NotAllowed, and ChangedMeanwhile where a version newer than `newest_seen`
    is there; nothing is kept then.
    """
    content = judge(content, by=by, key=key)
    version = versions.draft(
        kind=KIND, object_key=key, content=content, by=by, legal_entity=legal_entity, note=note, newest_seen=newest_seen
    )
    Mapping.objects.get_or_create(key=key, defaults={**listed(content), "legal_entity": legal_entity})
    return version


def listed(content: dict[str, Any]) -> dict[str, str]:
    """Return what a mapping goes by in lists while this is in force: its title, and its two sides."""
    return {  # shortened: an older release took longer ones
        "title": content["name"][: limits.MAX_NAME],
        "source": _side(content["from"])[: limits.MAX_SIDE],
        "target": _side(content["to"])[: limits.MAX_SIDE],
    }


def went_in_force(version: Version) -> None:
    """Let the mapping of a version that was published just now go by what that says; in the same commit."""
    mapping = Mapping.objects.filter(key=version.object_key)
    if mapping.exists():
        mapping.update(**listed(version.content))


def revise(
    version: Version, *, content: dict[str, Any], by: By, note: str | None = None, content_seen: str | None = None
) -> Version:
    """Replace a draft's content.

    Raises MappingErrors with every problem, and ChangedMeanwhile where the draft holds another content than that of
    the hash `content_seen`; nothing is kept then.
    """
    content = judge(content, by=by, key=version.object_key)
    return versions.revise(version, content=content, by=by, note=note, content_seen=content_seen)


@transaction.atomic
def discard(version: Version, *, by: By, reason: str = "", seen: str | None = None) -> None:
    """Throw a draft away, as `versions.discard` does; the mapping goes with it where nothing else of it is there."""
    versions.discard(version, by=by, reason=reason, seen=seen)
    versions.lock_object(KIND, version.object_key)  # the next draft of it may just be written
    if not Version.objects.of(KIND, version.object_key).exists():
        Mapping.objects.filter(key=version.object_key, shipped=False).delete()


def judge(content: dict[str, Any], *, by: By, key: str = "") -> dict[str, Any]:
    """Return a content as it is kept: what is covered in it (`covering`) stays as it stands.

    Refuses one that could not run, that reads what its source does not have, or whose formulas name connections that
    its writer does not see: raises MappingErrors.

    What the mapping of this `key` says already, in a version that somebody else wrote, may stay.
    """
    if isinstance(content, dict) and key:
        content = taken_back(content, by=by, key=key)
    made = compile_mapping(content)
    refuse_what_is_not_there(made.content, content["from"])

    def stand() -> Iterable[dict[str, Any]]:
        return Version.objects.of(KIND, key).values_list("content", flat=True)

    refuse_unseen(made.content, by=by, stand=stand)
    return content


def compiled(version: Version) -> CompiledMapping:
    """Return a version's mapping, compiled once per process and content."""
    known = _compiled.get(version.content_hash)
    if known is None:
        if len(_compiled) >= MOST_KEPT:
            _compiled.clear()
        known = _compiled[version.content_hash] = compile_mapping(version.content)
    return known


def _side(side: dict[str, str]) -> str:
    return side.get("entity") or f"{side.get('system', '')} {side['stream']}".strip()
