"""Asks whom a version concerns beside the company that it belongs to: those whose work goes by what it says.

Where they ask for a second person, it is theirs, too: nobody changes what another company posts with the consent of
their own one alone. Only whoever uses a thing knows whose work that is: they answer the signal, and nothing here knows
who they are.
"""

from typing import Any

from django.dispatch import Signal

from governance.actor import Actor, ActorKind, By
from governance.models import LegalEntity, Version
from governance.rights import NotAllowed, Right, allowed, called
from governance.same_person import counted_as

asked_about = Signal()  # version=the version; an answer is the set of ids of the companies that it concerns


def asks_about(company: LegalEntity, version: Version) -> bool:
    """Tell whether a company wants a second person's consent to a version that concerns it.

    It does, too, where one of those who made the version has switched that off, and nobody else has agreed.
    """
    makers = {*version.contributors, *([version.submitted_by] if version.submitted_by else [])}
    return company.second_person or (
        bool(company.loosened_by) and any(not counted_as(each).isdisjoint(company.loosened_by) for each in makers)
    )


def asking(version: Version) -> list[LegalEntity]:
    """Return the other companies that want a second person's consent to a version. What serves all has none: who
    approves that may approve everywhere.
    """
    if version.legal_entity_id is None:
        return []
    answers: list[tuple[Any, Any]] = asked_about.send(sender=None, version=version)
    concerned = {company for _, answer in answers for company in answer} - {version.legal_entity_id}
    others = LegalEntity.objects.filter(pk__in=concerned).order_by("code") if concerned else ()
    return [each for each in others if asks_about(each, version)]


def require_consent(by: By, version: Version) -> None:
    """Raise NotAllowed where another company asks for a second person, and somebody may not be that."""
    for company in asking(version):
        if not allowed(by, Right.APPROVE_CONFIGURATION, company):
            raise NotAllowed(_words(by, company))


def refuse_half_approved(version: Version, by: By) -> None:
    """Raise WrongState where another company asks for a second person, and the one who has approved is none there."""
    from governance.versions import WrongState

    kind, _, identity = (version.approved_by or "").partition(":")
    for company in asking(version):
        if not allowed(Actor(ActorKind(kind), identity, identity), Right.APPROVE_CONFIGURATION, company):
            raise WrongState(f"{_words(by, company)} Take it back and send it in again.")


def refuse_alone(version: Version, by: By) -> None:
    """Raise WrongState where another company asks for a second person, and a deed with a version has none."""
    from governance.versions import WrongState

    for company in asking(version):
        raise WrongState(
            f"{_used(by, company)}, which nobody asks for when something is taken out of force. Publish another "
            "version in its place, or let these routes go by another one first."
        )


def _words(by: By, company: LegalEntity) -> str:
    """Return why somebody's consent is not enough."""
    return f"{_used(by, company)}. Somebody who may approve for all these companies has to approve it."


def _used(by: By, company: LegalEntity) -> str:
    """Say whose work goes by something; a company that the reader does not see is not named."""
    return f"Routes of {called(company, by)} use this, and changes there need a second person too"
