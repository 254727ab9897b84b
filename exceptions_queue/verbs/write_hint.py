"""Writing a hint for whoever meets the same cause, the same rule or the same kind of cause next."""

from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from exceptions_queue import hints
from exceptions_queue.models import WorkItem
from exceptions_queue.models.hint import LONGEST, Hint, Scope
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, WrongValue
from governance import audit
from governance.actor import By, as_actor, names
from governance.rights import Right, require


@transaction.atomic
def write_hint(
    item: WorkItem, *, by: By, text: str, scope: str = Scope.CAUSE, link: str = "", everywhere: bool = False,
    seen: int | None = None,
) -> Hint:  # fmt: skip
    """Write a hint in the place of the one that stands there; an empty text takes that one away.

    `scope` says for which causes, `everywhere` for all companies, which asks the right for all of them. `seen` is the
    number of the hint that the person saw there, 0 for none: another one is shown and not overwritten. Raises
    NotAllowed and NotPossible.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    company = None if everywhere else item.legal_entity_id
    require(by, Right.WORK_QUEUE, company)
    text, link = text.strip(), link.strip()
    _refuse_odd(text, link, scope)
    where = {"place": hints.place_of(item, scope), "legal_entity_id": company}
    standing = Hint.objects.select_for_update(of=("self",)).filter(**where, replaced_at=None).first()
    if seen is not None and (standing.pk if standing else 0) != seen:
        raise NotPossible(_overtaken(standing))
    if not text and (standing is None or not standing.text):
        raise NotPossible("There is no hint to take away. Write one.")
    now = timezone.now()
    if standing is not None:
        standing.replaced_at = now
        standing.save(update_fields=["replaced_at"])
    row = Hint.objects.create(
        **where, scope=scope, about=hints.about(item, scope)[:300], text=text, link=link if text else "",
        written_by=as_actor(by).reference, written_at=now,
    )  # fmt: skip
    note(item, by=by, verb="hint written" if text else "hint taken away", reason=f"for {row.about}")
    audit.record(
        by=by, verb="write_hint", thing=row, before={"hint": standing is not None and bool(standing.text)},
        after={"hint": bool(text)}, legal_entity=company,
    )  # fmt: skip
    return row


def _refuse_odd(text: str, link: str, scope: str) -> None:
    if scope not in Scope.values:
        raise WrongValue(
            "Say for what the hint is meant: cause, rule or kind.",
            at="scope", accepted="cause, rule or kind",
        )  # fmt: skip
    if len(text) > LONGEST:
        raise WrongValue(
            f"The hint has {len(text):,} characters. Write at most {LONGEST:,}.",
            at="text", accepted=f"at most {LONGEST:,} characters",
        )  # fmt: skip
    if link:
        try:
            parts = urlsplit(link)
            fits = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and len(link) <= 500
        except ValueError:
            fits = False
        if not fits:
            raise WrongValue(
                "The link is no address that begins with https://. Copy it from the page that you mean.",
                at="link", accepted="an address that begins with https://",
            )  # fmt: skip


def _overtaken(standing: Hint | None) -> str:
    if standing is None:
        return "The hint that you saw here was taken away meanwhile. Load the page again."
    who = names([standing.written_by])[standing.written_by]
    said = f"has written “{standing.text}”" if standing.text else "has taken the hint away"
    return f"{who} {said} there meanwhile ({standing.written_at:%Y-%m-%d %H:%M}). Nothing of yours was kept yet."
