"""What somebody wants to subscribe to, and whether that can be: every problem at its field, in words."""

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from yarl import URL

from canonical.failure import Category
from connectors.address import NotAnAddress, web_address
from connectors.guard import AddressRefused, Guard
from governance.actor import By
from governance.models import LegalEntity
from routes.models import Destination, Route, Subscription
from routes.outbound import gone, types

NAME, ADDRESS = 120, 500  # characters, as the columns


@dataclass(frozen=True, slots=True)
class Wishes:
    """A subscription as a person asks for it. Empty filters let everything through."""

    name: str
    address: str
    legal_entity: LegalEntity | None = None
    types: tuple[str, ...] = ()
    routes: tuple[int, ...] = ()  # ids
    destinations: tuple[int, ...] = ()  # ids
    categories: tuple[str, ...] = ()

    def fields(self) -> dict[str, object]:
        """Return the wishes as fields of a subscription."""
        return {
            "name": self.name.strip(), "address": self.address.strip(), "legal_entity": self.legal_entity,
            "types": sorted(self.types), "routes": sorted(self.routes), "destinations": sorted(self.destinations),
            "categories": sorted(self.categories),
        }  # fmt: skip


def check(wishes: Wishes, *, by: By, row: Subscription | None = None) -> None:
    """Refuse what could not work. Raises ValidationError with every problem at its field.

    `row`: the subscription that is changed; what stands among its filters and was deleted since may stay there.
    """
    found: dict[str, list[str]] = {}
    name = wishes.name.strip()
    if not name or len(name) > NAME:
        found["name"] = [f"Give it a name of at most {NAME} characters, such as “Data warehouse”."]
    if problem := _address_problem(wishes.address.strip()):
        found["address"] = [problem]
    for field, given, known in (
        ("types", wishes.types, types.TYPES), ("categories", wishes.categories, [c.value for c in Category]),
    ):  # fmt: skip
        if unknown := sorted(set(given) - set(known)):
            found[field] = [f"There is no {', '.join(unknown)}. Choose from: {', '.join(known)}."]
    found |= _unseen(wishes, by, row)
    if found:
        raise ValidationError(found)


def that_stay(row: Subscription, by: By) -> tuple[list[int], list[int]]:
    """Return the routes and destinations that stand in a subscription and that somebody does not see: they stay."""
    routes, places = Route.objects.filter(pk__in=row.routes), Destination.objects.filter(pk__in=row.destinations)
    return (
        list(routes.exclude(pk__in=Route.objects.visible_to(by).values("pk")).values_list("pk", flat=True)),
        list(places.exclude(pk__in=Destination.objects.visible_to(by).values("pk")).values_list("pk", flat=True)),
    )


def _unseen(wishes: Wishes, by: By, row: Subscription | None) -> dict[str, list[str]]:
    """Return the filters that name what the person does not see; that there is such a thing is not said."""
    routes = set(Route.objects.visible_to(by).filter(pk__in=wishes.routes).values_list("pk", flat=True))
    places = set(Destination.objects.visible_to(by).filter(pk__in=wishes.destinations).values_list("pk", flat=True))
    if row is not None:
        routes.update(gone.among(Route, row.routes))
        places.update(gone.among(Destination, row.destinations))
    found = {}
    if set(wishes.routes) - routes:
        found["routes"] = ["One of these routes does not exist. Load the page again and choose anew."]
    if set(wishes.destinations) - places:
        found["destinations"] = ["One of these destinations does not exist. Load the page again and choose anew."]
    return found


def _address_problem(address: str) -> str:
    if len(address) > ADDRESS:
        return f"An address has at most {ADDRESS} characters."
    try:
        url = URL(web_address(address), encoded=True)
    except (NotAnAddress, ValueError) as error:
        remedy = error.remedy if isinstance(error, NotAnAddress) else "Write for example https://events.acme.example."
        return f"This is not an address that can be called: {error}. {remedy}"
    if url.fragment:
        return "An address that takes events has no part behind a #. Leave it out."
    if url.scheme == "https":
        return _guarded(url)
    if _guarded(url) or not _is_number(url):
        return (
            "Events hold amounts and keys: they go only to an address that begins with https://, or to one inside the "
            "network, written as a number, that the operator has allowed (OUTBOUND_ALLOWED)."
        )
    return ""


def _is_number(url: URL) -> bool:
    try:
        return bool(ipaddress.ip_address(url.host or ""))
    except ValueError:
        return False


def _guarded(url: URL) -> str:
    """Return why the guard would refuse the address; a name is judged when it is called, by what it stands for then."""
    if not _is_number(url):
        return ""
    try:
        Guard(settings.OUTBOUND_ALLOWED).check(url.host or "", url.port or 443)
    except AddressRefused as refused:
        return str(refused)
    return ""
