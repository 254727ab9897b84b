"""Finding what is configured by a part of its name: routes with their schedules, systems, mappings, tables, people.

There are few of each, so names are matched anywhere in them. Everything is found by those who may see it, and leads to
where it is read or changed.
"""

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from connectors.models import Connection
from governance.models import LegalEntity, User
from governance.rights import Right, allowed_anywhere, opens_administration
from mappings.models import LookupTable, Mapping
from routes import schedules
from routes.models import Route, Subscription

SHOWN = 10  # of each kind


@dataclass(frozen=True, slots=True)
class Named:
    """Something that is configured, with the address of its page; "" where somebody may see no page of it."""

    kind: str  # as people call it
    title: str
    address: str
    note: str = ""  # what else tells it from others
    settings: str = ""  # address of its form, where its page is another one


def find(text: str, user: User) -> list[Named]:
    """Return what has a text in its name, of each kind the first few by name. At most nine queries."""
    opens = opens_administration(user)
    return [
        *_routes(text, user, opens),
        *_systems(text, user),
        *_mappings(text, user),
        *_tables(text, user),
        *(_subscriptions(text, user) if opens else []),
        *(_companies(text, user) if opens else []),
        *(_people(text) if allowed_anywhere(user, Right.MANAGE_USERS) else []),
    ]


def _routes(text: str, user: User, opens: bool) -> list[Named]:
    """Return routes, and of each that runs by itself its schedule in words."""
    found = list(Route.objects.visible_to(user).filter(_has(text, "name", "slug")).order_by("name")[:SHOWN])
    forms = {each.pk: reverse("admin:routes_route_change", args=[each.pk]) if opens else "" for each in found}
    lists = {each.pk: f"{reverse('queue:runs')}?route={each.slug}" for each in found}
    routes = [Named("Route", each.name, lists[each.pk], settings=forms[each.pk]) for each in found]
    words = schedules.told_of(found)
    timed = [
        Named("Schedule", each.name, forms[each.pk] or lists[each.pk], words[each.pk])
        for each in found
        if each.pk in words
    ]
    return [*routes, *timed]


def _systems(text: str, user: User) -> list[Named]:
    found = Connection.objects.visible_to(user).filter(_has(text, "name", "slug")).order_by("name")
    names = found.values_list("name", "slug")[:SHOWN]
    return [Named("System", name, reverse("hub:connection", args=[slug])) for name, slug in names]


def _mappings(text: str, user: User) -> list[Named]:
    found = Mapping.objects.visible_to(user).filter(_has(text, "title", "key")).order_by("title", "key")[:SHOWN]
    return [Named("Mapping", str(each), reverse("mappings:mapping", args=[each.pk]), each.key) for each in found]


def _tables(text: str, user: User) -> list[Named]:
    found = LookupTable.objects.visible_to(user).filter(_has(text, "title", "name")).select_related("legal_entity")
    return [
        Named(
            "Table", str(each), reverse("tables:table", args=[each.pk]),
            each.legal_entity.code if each.legal_entity else "",
        )
        for each in found.order_by("title", "pk")[:SHOWN]
    ]  # fmt: skip


def _subscriptions(text: str, user: User) -> list[Named]:
    found = Subscription.objects.visible_to(user, Right.EDIT_CONFIGURATION).filter(_has(text, "name")).order_by("name")
    return [
        Named("Subscription", name, reverse("admin:routes_subscription_change", args=[pk]))
        for pk, name in found.values_list("pk", "name")[:SHOWN]
    ]


def _companies(text: str, user: User) -> list[Named]:
    found = LegalEntity.objects.visible_to(user).filter(_has(text, "name", "code")).order_by("code")[:SHOWN]
    form = "admin:governance_legalentity_change"
    return [Named("Company", str(each), reverse(form, args=[each.pk])) for each in found]


def _people(text: str) -> list[Named]:
    """Return accounts by a name or an address; a first and a last name may be typed together."""
    asked = Q()
    for word in text.split():
        asked &= _has(word, "username", "first_name", "last_name", "email")
    found = User.objects.filter(asked).order_by("username")[:SHOWN]
    return [
        Named(
            "Person", each.get_full_name() or each.get_username(),
            reverse("admin:governance_user_change", args=[each.pk]), each.get_username(),
        )
        for each in found
    ]  # fmt: skip


def _has(text: str, *names: str) -> Q:
    asked = Q()
    for name in names:
        asked |= Q(**{f"{name}__icontains": text})
    return asked
