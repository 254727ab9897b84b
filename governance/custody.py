"""Who may act on somebody's account: set its password or address, close it, take its second factor or its providers.

Whoever does such a thing could come in as that person, so they need for it what the account could be used for: the
right to manage users in **every** company where the account has a role. A role in all companies needs it in all,
a superuser another superuser. An account without roles opens nothing, and whoever manages users anywhere may act on it.
What somebody does with their own account is asked by the verb itself.
"""

from governance.actor import Actor, ActorKind, By
from governance.models import LegalEntity, RoleGrant, User
from governance.rights import NotAllowed, Right
from governance.scoping import ALL, entity_ids


def may_act_on(account: User, *, who: By) -> bool:
    """Return whether somebody may act on an account, by its roles as they are now. At most three queries."""
    row = User.objects.filter(pk=account.pk).only("is_superuser").first() or account
    if row.is_superuser and not _is_superuser(who):
        return False
    return has_wherever(account, Right.MANAGE_USERS, who=who)


def has_wherever(account: User, right: Right, *, who: By) -> bool:
    """Return whether somebody has a right wherever an account has a role: open or closed, vouched for or not."""
    ids = entity_ids(who, right)
    if ids is ALL:
        return True
    held = set(RoleGrant.objects.filter(user_id=account.pk).values_list("legal_entity_id", flat=True))
    return bool(ids) and held <= ids


def require_to_act_on(account: User, *, who: By, deed: str) -> None:
    """Raise NotAllowed unless somebody may act on an account. The deed completes "You may not"."""
    if may_act_on(account, who=who):
        return
    name = account.get_full_name() or account.get_username()
    raise NotAllowed(f"You may not {deed} {name}. Ask {who_may(account, seen_by=who)}.")


def lock(account: User) -> User:
    """Return the account's row, locked: nobody gives it a role between the question and the deed."""
    return User.objects.select_for_update().get(pk=account.pk)


def who_may(account: User, *, seen_by: By) -> str:
    """Return in words who may act on an account; a company where the reader manages no users is not named."""
    if User.objects.filter(pk=account.pk, is_superuser=True).exists():
        return "a superuser"
    held = set(RoleGrant.objects.filter(user_id=account.pk).values_list("legal_entity_id", flat=True))
    if None in held:
        return "an operator who manages users in all companies"
    if not held:
        return "an operator who manages users"
    known = LegalEntity.objects.visible_to(seen_by, Right.MANAGE_USERS).filter(pk__in=held).values_list("code", "pk")
    codes = sorted(code for code, _ in known)
    if len(codes) == len(held):
        return f"an operator who manages users in {' and '.join(codes)}"
    return "an operator who manages users in every company where this account has a role"


def opened_by(account: User, actor: Actor) -> None:
    """Note who else has set what opens an account, and so could come in: they count as its owner where two are asked.

    Rules and the engine come in nowhere.
    """
    row = lock(account)
    if actor.kind is ActorKind.PERSON and actor.reference not in row.credentials_set_by:
        row.credentials_set_by = [*row.credentials_set_by, actor.reference]
        row.save(update_fields=["credentials_set_by"])
    account.credentials_set_by = row.credentials_set_by


def is_own_again(account: User) -> None:
    """Note that the owner has set what others had set. Where it was the password, a third person vouches for that."""
    User.objects.filter(pk=account.pk, password_set_by="").update(credentials_set_by=[])


def _is_superuser(who: By) -> bool:
    if not isinstance(who, Actor):
        return bool(who.is_active and getattr(who, "is_superuser", False))
    if who.kind is not ActorKind.PERSON:
        return True  # the engine and its rules act for nobody's advantage
    return User.objects.filter(pk=who.id, is_superuser=True, is_active=True).exists()
