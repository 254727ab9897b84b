"""Writing a remark on an item, for those whom it names and for everybody who reads it later."""

import re
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from exceptions_queue.models import WorkItem, WorkItemComment
from exceptions_queue.permitted import who_see
from exceptions_queue.verbs.members import WrongValue
from governance import audit
from governance.actor import By, as_actor
from governance.models import User
from governance.rights import Right, require

LONGEST = 4000
MENTION = re.compile(r"(?<![\w@.])@(?=\w)")


@transaction.atomic
def comment(item: WorkItem, *, by: By, text: str) -> WorkItemComment:
    """Keep a remark; `@Clara Voss` or `@clara` tells Clara of it. Items that are resolved take remarks, too.

    Raises NotAllowed; NotPossible for an empty or endless text, or for a mention of nobody who may see the item.
    """
    require(by, Right.VIEW, item.legal_entity_id)
    text = text.strip().replace("\r\n", "\n")
    if not text:
        raise WrongValue(
            "The remark is empty. Write what others should know.",
            at="text", accepted=f"1 to {LONGEST:,} characters",
        )  # fmt: skip
    if len(text) > LONGEST:
        raise WrongValue(
            f"The remark has {len(text):,} characters; at most {LONGEST:,} are kept. Shorten it.",
            at="text", accepted=f"1 to {LONGEST:,} characters",
        )  # fmt: skip
    people = mentioned(text, who_see(item.legal_entity))
    actor = as_actor(by)
    row = WorkItemComment.objects.create(
        item=item, at=timezone.now(), author_kind=actor.kind.value, author_id=actor.id, author_name=actor.name[:200],
        text=text,
    )  # fmt: skip
    row.mentioned.set(people)
    told = {"mentioned": sorted(as_actor(each).name for each in people)} if people else {}
    audit.record(by=by, verb="comment", thing=item, after=told, legal_entity=item.legal_entity_id)
    return row


def mentioned(text: str, known: Iterable[User]) -> list[User]:
    """Return whom a text names after an @, by full name or by sign-in name, whatever their case; each once.

    Raises NotPossible where nobody of the known people is meant.
    """
    names = [(name.casefold(), user) for user in known for name in (as_actor(user).name, user.get_username())]
    names.sort(key=lambda pair: -len(pair[0]))  # the longest first: "Clara Voss" before "Clara"
    found: dict[int, User] = {}
    for place in MENTION.finditer(text):
        rest = text[place.end() :].casefold()
        user = next((user for name, user in names if name and _begins(rest, name)), None)
        if user is None:
            word = re.match(r"[\w.+-]*", text[place.end() :])
            raise WrongValue(
                f"“@{word.group() if word else ''}” is nobody who may see this item. Write the name as it is shown, or "
                "leave the @ out.",
                at="text", accepted="@ and the name of somebody who may see it",
            )  # fmt: skip
        found[user.pk] = user
    return list(found.values())


def _begins(rest: str, name: str) -> bool:
    return rest.startswith(name) and not re.match(r"\w", rest[len(name) :])
