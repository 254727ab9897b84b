"""Who gets what, as files: teams, the teams to which items fall, and the routing rules. People are named only."""

from decimal import Decimal
from typing import Any

from exceptions_queue import teams
from exceptions_queue.models import FallbackTeam, RoutingRule, Team
from governance.actor import By
from governance.models import LegalEntity, User
from hub.configuration import named_routes, naming
from hub.configuration.companies import entity
from hub.configuration.file import File
from hub.configuration.form import Data, tidy
from hub.configuration.kind import Kind, NamedFreely, Put
from hub.configuration.work import Work
from routes.outbound import gone

LISTS = ("categories", "entities", "clients", "projects", "contract_types", "workers", "periods", "tags")
AMOUNTS = ("amount_from", "amount_below")
ACCOUNT = "Make the account in the administration first, or leave the name out."


class Teams(NamedFreely):
    """Who looks at items together."""

    folder, one, key = "teams", "team", ("name", "legal_entity")

    def name_of(self, value: Data) -> str:
        """Return the name of a team and its company's code, apart."""
        return super().name_of({**value, "name": tidy(value.get("name"))})

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        found = Team.objects.visible_to(by).select_related("legal_entity").prefetch_related("members")
        return [_team(row) for row in found]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a team."""
        value, (owner, fits) = file.value, owner_of(work, file)
        if not fits:
            return Put()
        name = tidy(value.get("name"))
        row = Team.objects.filter(legal_entity=owner, name=name).first() or Team(legal_entity=owner, name=name)
        row.role = value.get("role", "")
        people = [_person(work, each, ("members", number)) for number, each in enumerate(value.get("members", []))]
        if not row.role and not value.get("members") and not work.is_told(("role",)) and not work.is_told(("members",)):
            work.say((), "nobody belongs to it.", "Give a role, members, or both.")
        work.judge(row, {})
        work.save(row, [owner], here, value)
        if row.pk:
            row.members.set([each for each in people if each is not None])
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Delete a team."""
        rows = Team.objects.select_related("legal_entity")
        row = next(each for each in rows if self.name_of(named(each, "name")) == name)
        work.removal(self.one, name, lambda: work.delete(row, row.legal_entity, {"name": row.name}))


class FallbackTeams(Kind):
    """To which team an item falls when no rule fits."""

    folder, one, key = "fallback_teams", "fallback team", ("category", "legal_entity")

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        found = FallbackTeam.objects.visible_to(by).select_related("legal_entity")
        return [named(row, "category") | {"team": row.team} for row in found]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Say or change it."""
        value, (owner, fits) = file.value, owner_of(work, file)
        if not fits:
            return Put()
        category = value.get("category", "")
        found = FallbackTeam.objects.filter(legal_entity=owner, category=category).first()
        row = found or FallbackTeam(legal_entity=owner, category=category)
        row.team = _team_named(work, value)
        work.judge(row, {})
        work.save(row, [owner], here, value)
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Let what is usual hold again."""
        rows = FallbackTeam.objects.select_related("legal_entity")
        row = next(each for each in rows if self.name_of(named(each, "category")) == name)
        work.removal(self.one, name, lambda: work.delete(row, row.legal_entity, {"team": row.team}))


class RoutingRules(NamedFreely):
    """What comes to whom."""

    folder, one, key = "routing_rules", "routing rule", ("name", "legal_entity")

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        routes = named_routes.told(by)
        found = RoutingRule.objects.visible_to(by).select_related("legal_entity", "person")
        return [_rule(row, routes) for row in found]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a rule."""
        if (row := self.judged(work, file)) is not None:
            work.save(row, [row.legal_entity], here, file.value)
        return Put()

    def judged(self, work: Work, file: File) -> RoutingRule | None:
        """Return a rule as a file has it, not saved, with what is wrong said; None where its company is not there."""
        value, (owner, fits) = file.value, owner_of(work, file)
        if not fits:
            return None
        name = value.get("name", "")
        found = RoutingRule.objects.filter(legal_entity=owner, name=name).first()
        row = found or RoutingRule(legal_entity=owner, name=name)
        row.position, row.is_on = value.get("position", 100), value.get("in_use", True)
        for each in LISTS:
            setattr(row, each, sorted(value.get(each, [])))
        for each in AMOUNTS:
            setattr(row, each, Decimal(value[each]) if value.get(each) is not None else None)
        row.unknown_too, row.priority = value.get("unknown_too", False), value.get("priority")
        row.team = _team_named(work, value)
        row.person = _person(work, value["person"], ("person",)) if value.get("person") else None
        row.routes = named_routes.read(work, value.get("routes", []), row.routes)
        work.judge(row, {})
        return row

    def remove(self, work: Work, name: str) -> None:
        """Delete a rule."""
        rows = RoutingRule.objects.select_related("legal_entity")
        row = next(each for each in rows if self.name_of(named(each, "name")) == name)
        work.removal(self.one, name, lambda: work.delete(row, row.legal_entity, {"name": row.name}))


def owner_of(work: Work, file: File) -> tuple[LegalEntity | None, bool]:
    """Return the company of a file, None for all; and whether what it names is there."""
    code = file.value.get("legal_entity")
    owner = entity(work, code)
    return owner, owner is not None or not code


def _person(work: Work, name: str, place: tuple[str | int, ...]) -> User | None:
    user = User.objects.filter(username=name).first()
    if user is None:
        work.say(place, f"nobody signs in as {name} here.", ACCOUNT)
    return user


def _team_named(work: Work, value: Data) -> str:
    name = str(value.get("team") or "")
    lost = any(kind == "teams" and f"{naming.spoken(other)} ".startswith(f"{name} ") for kind, other in work.lost)
    if name and not lost and name.casefold() not in {each.casefold() for each in teams.names_known()}:
        work.say(("team",), f"there is no team {name}.", "Add its file, or choose another.")
    return name


def named(row: Any, field: str) -> Data:
    """Return the fields that name a row of one company or of all."""
    place = {"legal_entity": row.legal_entity.code} if row.legal_entity else {}
    return {field: getattr(row, field), **place}


def _team(row: Team) -> Data:
    return named(row, "name") | {
        "role": row.role or None, "members": sorted(each.get_username() for each in row.members.all()),
    }  # fmt: skip


def _rule(row: RoutingRule, routes: dict[int, str]) -> Data:
    amounts = {name: getattr(row, name) for name in AMOUNTS}
    return named(row, "name") | {name: list(getattr(row, name)) for name in LISTS} | {
        "position": row.position, "in_use": row.is_on, "unknown_too": row.unknown_too, "priority": row.priority,
        "team": row.team or None, "person": row.person.get_username() if row.person else None,
        "routes": list(dict.fromkeys(routes.get(each, gone.written(each)) for each in row.routes)),
    } | {name: None if amount is None else f"{amount:.2f}" for name, amount in amounts.items()}  # fmt: skip
