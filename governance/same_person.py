"""Tell which accounts count as one person where another is asked for: those as which the same person can act.

Whoever has had a client's secret in their hands can act as it. So what the client writes is theirs, for good: whoever
registered it or gave it a new secret never approves it, and what one of them has loosened binds the other. Whoever has
set what opens an account (its password, the address by which a provider lets somebody in, or taken its second factor)
counts as it until the account is in its owner's hands again; what was written in between stays theirs (`behind` keeps
them beside what is written now, `makers` finds them for what was).
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, TextField, Value
from django.db.models.functions import Cast, Concat

from governance.actor import Actor, ActorKind, By, as_actor
from governance.models.api import ApiClient
from governance.models.keyholder import Keyholder
from governance.models.people import User
from governance.models.version import Version

MARGIN = timedelta(minutes=1)  # by which the clocks of the database and of a process may differ


def counted_as(by: "By | str") -> frozenset[str]:
    """Return the references that count as somebody, given as themselves or by reference.

    These are all as which they can act, and all who can act as them; through several accounts, too. No query for what
    is no person, else one, and one more for each account on the way.
    """
    reference = by if isinstance(by, str) else as_actor(by).reference
    if _account(reference) is None:
        return frozenset({reference})
    below, above, new = {reference}, {reference}, {reference}
    while new:
        down, up = {each for each in new if each in below}, {each for each in new if each in above}
        under, over = _beside(down, up)
        new = (under - below) | (over - above)
        below |= under
        above |= over
    return frozenset(below | above)


def behind(by: By) -> list[str]:
    """Return the references of those who may be at the keyboard of an account, since they have set what opens it."""
    identity = _account(as_actor(by).reference)
    if identity is None:
        return []
    return sorted(set(User.objects.filter(pk=identity).values_list("credentials_set_by", flat=True).first() or ()))


def makers(*deeds: tuple[str | None, datetime | None]) -> list[str]:
    """Return who has made things, given as (reference, when), and who may have been at their keyboards then.

    One query; none where no person has made any.
    """
    made = [(reference, at) for reference, at in deeds if reference]
    at_of: dict[int, list[datetime]] = {}
    for reference, at in made:
        if at is not None and (account := _account(reference)) is not None:
            at_of.setdefault(account, []).append(at)
    found = [reference for reference, _ in made]
    if at_of:
        held = Keyholder.objects.filter(account__in=at_of)
        for account, reference, since, until in held.values_list("account", "reference", "since", "until"):
            if any(since - MARGIN <= at and (until is None or at <= until + MARGIN) for at in at_of[account]):
                found.append(reference)
    return list(dict.fromkeys(found))


def written_by(mine: Collection[str], who: str, at: str, *, bare: bool = False) -> Q:
    """Return the condition that a row was made by somebody, for lists of what others have made.

    `mine` are the references that count as them (`counted_as`); `who` and `at` are the columns with who made it and
    when, `bare` says that the first holds the number of an account alone. What was made on an account while they were
    at its keyboard is theirs, too, as for `makers`.
    """
    begins = "" if bare else f"{ActorKind.PERSON}:"
    text = TextField()
    account = Concat(Value(begins, text), Cast("account_id", text), output_field=text)
    held = Keyholder.objects.annotate(whose=account).filter(
        Q(until=None) | Q(until__gte=OuterRef(at) - MARGIN), reference__in=list(mine), whose=OuterRef(who),
        since__lte=OuterRef(at) + MARGIN,
    )  # fmt: skip
    own = [each.removeprefix(f"{ActorKind.PERSON}:") if bare else each for each in mine]
    return Q(**{f"{who}__in": own}) | Q(Exists(held))


def is_one_of(by: By, *makers: Actor | str | None) -> bool:
    """Return whether somebody counts as one of these (actors or references)."""
    made_by = {maker.reference if isinstance(maker, Actor) else maker for maker in makers if maker}
    if not made_by:
        return False
    return as_actor(by).reference in made_by or not counted_as(by).isdisjoint(made_by)


def has_made(by: By, version: Version) -> bool:
    """Return whether somebody wrote a version, in part too, or sent it in."""
    return is_one_of(by, *version.contributors, version.submitted_by)


def _beside(down: set[str], up: set[str]) -> tuple[set[str], set[str]]:
    """Return as which accounts those of `down` can act, and who can act as those of `up`. One query."""
    own = {identity for each in up if (identity := _account(each)) is not None}
    knowing = ApiClient.objects.exclude(user=None).filter(secret_known_to__overlap=sorted(down)).values("user")
    mine = Q(credentials_set_by__overlap=sorted(down)) | Q(pk__in=knowing)
    found = User.objects.filter(mine | Q(pk__in=own))
    under: set[str] = set()
    over: set[str] = set()
    for account, setters, knows in found.values_list(
        "pk", "credentials_set_by", "governance_apiclient__secret_known_to"
    ):
        people = {*setters, *(knows or ())}
        if people & down:
            under.add(f"{ActorKind.PERSON}:{account}")
        if account in own:
            over |= {each for each in people if _account(each) is not None}
    return under, over


def _account(reference: str) -> int | None:
    """Return the number of the account that a reference names; None where it names none."""
    kind, _, identity = reference.partition(":")
    return int(identity) if kind == ActorKind.PERSON and identity.isascii() and identity.isdigit() else None


def only_people(references: Iterable[str]) -> list[str]:
    """Return the references of accounts among some, each once, in their order."""
    return list(dict.fromkeys(each for each in references if _account(each) is not None))
