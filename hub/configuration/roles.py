"""Roles as files: who holds which role where. People are named only; their accounts are made in the administration."""

from governance.actor import By
from governance.grants import grant, revoke
from governance.models import LegalEntity, RoleGrant, User
from governance.roles import Role
from hub.configuration.companies import entity
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kind import Kind, Put
from hub.configuration.work import REASON, Work


class Roles(Kind):
    """Who may do what, by role and company."""

    folder, one, key = "roles", "roles of", ("user",)

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        held: dict[str, list[Data]] = {}
        for row in RoleGrant.objects.visible_to(by).select_related("user", "legal_entity"):
            place = {"legal_entity": row.legal_entity.code} if row.legal_entity else {}
            held.setdefault(row.user.get_username(), []).append({"role": row.role, **place})
        return [{"user": name, "roles": roles} for name, roles in held.items()]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Give the roles that are not held yet."""
        user = User.objects.filter(username=file.name).first()
        if user is None:
            remedy = "Make the account in the administration first, or remove the file."
            work.say(("user",), f"nobody signs in as {file.name} here.", remedy)
        wanted: set[tuple[str, str]] = set()
        for number, each in enumerate(file.value.get("roles", [])):
            owner = entity(work, each.get("legal_entity"), ("roles", number, "legal_entity"))
            wanted.add((each.get("role", ""), each.get("legal_entity") or ""))
            if user is None or "role" not in each or (each.get("legal_entity") and owner is None):
                continue
            if not RoleGrant.objects.filter(user=user, role=each["role"], legal_entity=owner).exists():
                grant(user=user, role=Role(each["role"]), legal_entity=owner, by=work.by, reason=REASON)
        if user is not None:
            self._take(work, user, here, wanted)
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Take all roles from somebody."""
        user = User.objects.get(username=name)
        held = RoleGrant.objects.visible_to(work.by).filter(user=user).select_related("legal_entity")
        roles = [{"role": row.role, "legal_entity": row.legal_entity.code if row.legal_entity else ""} for row in held]
        self._take(work, user, {"roles": roles}, set())

    def _take(self, work: Work, user: User, here: Data | None, wanted: set[tuple[str, str]]) -> None:
        for each in (here or {}).get("roles", []):
            role, code = each["role"], each.get("legal_entity") or ""
            if (role, code) in wanted:
                continue
            owner = LegalEntity.objects.get(code=code) if code else None
            name = f"{user.get_username()}: {Role(role).label} {f'in {code}' if code else 'for all companies'}"

            def act(role: str = role, owner: LegalEntity | None = owner) -> None:
                revoke(user=user, role=Role(role), legal_entity=owner, by=work.by, reason=REASON)

            work.removal("role of", name, act)
