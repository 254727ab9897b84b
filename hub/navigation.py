"""The one navigation of the hub, for our own pages and the administration: what it offers to whom, and where one is.

An entry of the administration is offered to those whom its page lets in, as that page itself says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from governance.rights import opens_administration
from governance.scoping import grants_read_once

ADMIN = "admin:"
PEOPLE = "governance.user"
PASSWORD = f"{ADMIN}auth_user_password_change"  # of another person, as the library calls its page whatever the model


@dataclass(frozen=True, slots=True)
class Entry:
    """A way to a page. `section` is what our own pages call themselves; `models` are those whose pages of the
    administration belong here.
    """

    title: str
    view: str
    section: str = ""
    models: tuple[str, ...] = ()
    builders: bool = False  # only for those who come into the administration

    @property
    def listed(self) -> str:
        """Return the model whose list in the administration this leads to; "" when it leads elsewhere."""
        return self.models[0] if self.view.endswith("_changelist") else ""


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Work",
        (
            Entry("Overview", "queue:home", "home"),
            Entry("Exceptions", "queue:items", "queue"),
            Entry("Bulk runs", "queue:bulk-runs", "bulk"),
            Entry("Approvals", "queue:requests", "approvals"),
            Entry("Corrections", "queue:corrections", "corrections"),
            Entry("Emergency mode", "queue:emergency", "emergency"),
            Entry("Runs", "queue:runs", "runs", ("routes.run",)),
            Entry("Transactions", "queue:transactions", "transactions"),
            Entry("Records", "queue:records", "records"),
        ),
    ),
    (
        "Configuration",
        (
            Entry("Connections", "hub:connections", "connections", ("connectors.connection",)),
            Entry("Routes", "admin:routes_route_changelist", models=("routes.route", "routes.destination")),
            Entry("Mappings", "mappings:mappings", "mappings"),
            Entry("Tables", "tables:tables", "tables", ("mappings.lookuptable",)),
            Entry("Changes", "changes:changes", "changes"),
            Entry("Events out", "hub:deliveries", "deliveries", ("routes.subscription",)),
            Entry("API", "api", "api", builders=True),
        ),
    ),
    (
        "Rules for exceptions",
        (
            Entry(
                "Business calendars",
                "admin:governance_businesscalendar_changelist",
                models=("governance.businesscalendar",),
            ),
            Entry("Cut-offs", "admin:exceptions_queue_cutoff_changelist", models=("exceptions_queue.cutoff",)),
            Entry("Order of exceptions", "queue:order", "order"),
            Entry(
                "Routing rules",
                "admin:exceptions_queue_routingrule_changelist",
                models=("exceptions_queue.routingrule",),
            ),
            Entry(
                "Approval policies",
                "admin:exceptions_queue_approvalpolicy_changelist",
                models=("exceptions_queue.approvalpolicy",),
            ),
            Entry("Teams", "admin:exceptions_queue_team_changelist", models=("exceptions_queue.team",)),
            Entry(
                "Fallback teams",
                "admin:exceptions_queue_fallbackteam_changelist",
                models=("exceptions_queue.fallbackteam",),
            ),
            Entry("Grouping rules", "queue:grouping-rules", "grouping"),
        ),
    ),
    (
        "People and companies",
        (
            Entry("Users", "admin:governance_user_changelist", models=("governance.user", "governance.rolegrant")),
            Entry("API clients", "admin:governance_apiclient_changelist", models=("governance.apiclient",)),
            Entry("Companies", "admin:governance_legalentity_changelist", models=("governance.legalentity",)),
        ),
    ),
    (
        "Operation",
        (
            Entry("Lanes and workers", "hub:lanes", "lanes"),
            Entry("Audit entries", "admin:governance_auditentry_changelist", models=("governance.auditentry",)),
            Entry("Administration", "admin:index", builders=True),
        ),
    ),
)
FOLDED = ("Rules for exceptions", "People and companies", "Operation")  # so that all titles fit on a low screen
REST = GROUPS[-1][1][-1]  # where every page of the administration belongs that has no entry of its own


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as somebody sees it."""

    title: str
    address: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The entries under one title, as somebody sees them."""

    title: str
    links: list[Link]

    @property
    def is_open(self) -> bool:
        """Return whether its links are shown without being asked for."""
        return self.title not in FOLDED or any(each.is_here for each in self.links)


def groups_for(request: HttpRequest, section: str) -> list[Group]:
    """Return the groups that somebody sees, each with its links. One query, for the roles, where none has asked yet."""
    below, here = get_script_prefix(), _here(request, section)
    shown = []
    with grants_read_once():  # where a form was sent, too: what is done is done when a page is drawn
        opens = opens_administration(request.user)
        for title, entries in GROUPS:
            links = [
                Link(each.title, _address(each.view, below), each is here)
                for each in entries
                if opens or not (each.builders or each.listed)
                if not each.listed or _lets_in(each.listed, request)
            ]
            if links:
                shown.append(Group(title, links))
    return shown


@cache
def _address(view: str, below: str) -> str:
    """Return a page's address; the same for everybody, as long as the hub is found below the same one."""
    return reverse(view)


def _lets_in(model: str, request: HttpRequest) -> bool:
    """Return whether the list of a model's rows opens to somebody."""
    return bool(admin.site.get_model_admin(apps.get_model(model)).has_view_permission(request))


def _here(request: HttpRequest, section: str) -> Entry | None:
    """Return the entry that a page belongs to."""
    if section:
        return next((each for each in _entries() if each.section == section), None)
    view = request.resolver_match.view_name if request.resolver_match else ""
    if not view.startswith(ADMIN):
        return None
    for each in _entries():
        if any(view.startswith(f"{ADMIN}{model.replace('.', '_')}_") for model in each.models):
            return each
        if each.listed == PEOPLE and view == PASSWORD:
            return each
    return REST


def _entries() -> Iterator[Entry]:
    for _, entries in GROUPS:
        yield from entries
