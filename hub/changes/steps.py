"""The steps of a change: their addresses, buttons and verbs, and who is offered which."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from governance import second_person, versions
from governance.models import LegalEntity, State, User, Version
from governance.rights import Right, allowed
from governance.same_person import has_made
from hub.changes import drafting, publishing, things

WAITING = (State.SUBMITTED, State.APPROVED)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its address, button, verb, the rights it asks, and from which states it can be taken."""

    name: str
    button: str
    verb: Callable[..., Version | None]
    rights: tuple[Right, ...]
    states: tuple[State, ...]
    about: str
    reasoned: bool = False
    argument: str = "reason"  # under which the verb takes what is typed; "": it takes nothing
    danger: bool = False
    by_another: bool = False  # than those who wrote it or sent it in
    alone: bool = False  # only where no second person is asked for
    overtaken: bool | None = None  # only if something else is in force by now, or only if not; None: either way

    @property
    def agrees(self) -> bool:
        """Whether it lets what was shown count, so that nothing else may stand there by then."""
        return self.name == "approvals" or self.publishes

    @property
    def looks(self) -> bool:
        """Whether it is refused where something else stands there by now than the page has shown."""
        return self.agrees or self.name == "discards"

    @property
    def publishes(self) -> bool:
        """Whether it puts a draft in force, now or at a time."""
        return self.name.startswith("publications")


EDIT, APPROVE, PUBLISH = Right.EDIT_CONFIGURATION, Right.APPROVE_CONFIGURATION, Right.PUBLISH_CONFIGURATION
STEPS = (
    Step("publications-after-approval", "Approve and put in force", publishing.approve_and_publish, (APPROVE, PUBLISH),
         (State.SUBMITTED,), "You agree to it, and it counts from now on.", by_another=True, overtaken=False),
    Step("approvals", "Approve", publishing.approve, (APPROVE,), (State.SUBMITTED,),
         "You agree to it. It may be put in force then.", by_another=True, overtaken=False),
    Step("publications", "Put in force", publishing.publish, (PUBLISH,), (State.APPROVED,),
         "It counts from now on. What is under way goes on with what it began with.", overtaken=False),
    Step("publications-at-once", "Put in force", publishing.publish_alone, (EDIT, PUBLISH),
         (State.DRAFT, State.SUBMITTED), "It counts from now on. No second person is asked for here.", alone=True,
         overtaken=False),
    Step("submissions", "Send for approval", drafting.submit, (EDIT,), (State.DRAFT,),
         "Another person looks at it. Say what changed, and why.", argument="note"),
    Step("take-ups", "Compare with what is in force now", drafting.take_up, (EDIT,), (State.DRAFT,),
         "The draft stays as it stands. What it changes is told against what is in force by now, also where it would "
         "undo what others have changed meanwhile: look at it before you send it in.", argument="", overtaken=True),
    Step("withdrawals", "Take back", versions.withdraw, (EDIT,), WAITING,
         "It is a draft again, to go on editing it. An approval and a time of publication are void."),
    Step("returns", "Send back", versions.send_back, (APPROVE,), WAITING, "It is a draft again, with your reason.",
         reasoned=True),
    Step("discards", "Throw away", versions.discard, (EDIT,), (State.DRAFT,),
         "The draft is deleted. The audit entries keep that there was one.", danger=True),
    Step("rollbacks", "Make this a draft again", drafting.go_back, (EDIT,), (State.PUBLISHED, State.RETIRED),
         "A draft is made of how it was then. It goes the way of every draft; nothing is in force before.",
         reasoned=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides which steps somebody is offered with the versions of one thing."""

    user: User
    here: Any  # the document that is in force
    rights: frozenset[Right]
    asked: tuple[LegalEntity, ...]  # companies that want a second person for what they change there
    agrees: bool  # whether they may be the second person at all of those that want one

    @classmethod
    def of(cls, user: User, version: Version, here: Any) -> "Standing":
        """Take it down, for the companies that a version concerns."""
        company, concerned = version.legal_entity, things.companies(version)
        asking = publishing.asking(version, concerned)
        own = second_person.asks_for(user, concerned)
        asked = {each.pk: each for each in (*asking, *([own] if own else []))}
        rights = frozenset(each for each in (EDIT, APPROVE, PUBLISH) if allowed(user, each, company))
        agrees = all(allowed(user, APPROVE, each) for each in asking)
        return cls(user, here, rights, tuple(asked.values()), agrees)

    def offered(self, version: Version) -> list[Step]:
        """Return the steps that somebody may take with a version."""
        mine = version.state == State.SUBMITTED and has_made(self.user, version)
        overtaken = publishing.is_overtaken(version, self.here)
        found = [
            each for each in STEPS
            if version.state in each.states and self.rights.issuperset(each.rights)
            and not (each.by_another and (mine or not self.agrees)) and not (each.alone and self.asked)
            and each.overtaken in (None, overtaken)
        ]  # fmt: skip
        return [each for each in found if each.name != "rollbacks" or version.content != self.here]
