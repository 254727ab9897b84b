"""Makes the demonstration firm's companies and staff."""

from governance.models import LegalEntity, RoleGrant, User
from governance.rights import Role

COMPANIES = {
    "HP-DE": ("Halden & Partner GmbH", "DE", "EUR"),
    "HP-US": ("Halden & Partner Inc.", "US", "USD"),
    "HP-GB": ("Halden & Partner Ltd", "GB", "GBP"),
}


def company(code: str) -> LegalEntity:
    name, country, currency = COMPANIES[code]
    return LegalEntity.objects.get_or_create(
        code=code, defaults={"name": name, "country": country, "currency": currency}
    )[0]


def person(name: str, role: Role | None = None, legal_entity: LegalEntity | None = None, **more: bool | str) -> User:
    first, last = name.split()
    user = User.objects.create(username=first.lower(), first_name=first, last_name=last, **more)
    if role:
        RoleGrant.objects.create(user=user, role=role, legal_entity=legal_entity, granted_by="engine:engine")
    return user
