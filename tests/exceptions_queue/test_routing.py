"""Items come to a team or person by the firm's rules, nothing is without a team, and people's decisions stay."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from canonical.entity import Mask
from canonical.failure import Category
from exceptions_queue import intake, reckoning, routing_trial, teams, verbs, words
from exceptions_queue.models import FallbackTeam, RoutingRule, Team, WorkItem, WorkItemEvent
from exceptions_queue.models.routing import ANY
from governance.models import AuditEntry, LegalEntity, RoleGrant, User
from governance.rights import NotAllowed, Role
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_intake import troubles, write_down
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_policies_by_contract import billed_world
from tests.exceptions_queue.test_record_list import staff_of
from tests.governance.people import company, person
from tests.routes.world import World

Make = Callable[..., World]


@pytest.fixture
def world(quick_world: Make) -> World:
    made = quick_world()
    made.route.legal_entity = company("HP-DE")
    return made


@pytest.fixture
def staff(db: None) -> Staff:
    return staff_of()


def opened(world: World, members: int = 2, **more: Any) -> WorkItem:
    write_down(troubles(world, members, **more))
    intake.take_in()
    return WorkItem.objects.latest("pk")


def fresh(item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(pk=item.pk)


def rule(name: str = "Rates", **more: Any) -> RoutingRule:
    made = RoutingRule(name=name, **more)
    made.full_clean()
    made.save()
    return made


def verbs_of(item: WorkItem) -> list[str]:
    return list(WorkItemEvent.objects.filter(item=item).order_by("pk").values_list("verb", flat=True))


def swept(item: WorkItem) -> WorkItem:
    WorkItem.objects.update(reckoned_at=None)
    reckoning.sweep()
    return fresh(item)


def test_without_rules_an_item_falls_to_the_team_of_its_kind(world: World, staff: Staff) -> None:
    item = opened(world)
    assert (item.owner, item.assignee, item.routed_rule) == ("finance data owner", "", None)
    assert item.routed_why == "No rule fits. “Value without a translation” goes to finance data owner first."
    assert verbs_of(item) == ["opened"]


def test_every_kind_of_cause_has_a_team_somebody_belongs_to(staff: Staff) -> None:
    known = teams.roster()
    for category in Category:
        for place in LegalEntity.objects.all():
            assert known.people(known.fallback(category, place.pk), place.pk), category
    assert "nobody" not in teams.USUAL.values()


def test_what_is_said_for_a_company_stands_before_what_is_said_for_all(world: World, staff: Staff) -> None:
    FallbackTeam.objects.create(category="unmapped_value", team="controller")
    assert opened(world).owner == "controller"
    FallbackTeam.objects.create(category="unmapped_value", team="billing", legal_entity=company("HP-DE"))
    assert opened(world, key="Partner").owner == "billing"


def test_a_team_of_nobody_falls_to_the_last_resort(world: World, staff: Staff) -> None:
    tax = Team.objects.create(name="tax")
    tax.members.add(staff.stranger)  # who works in Britain only
    FallbackTeam.objects.create(category="unmapped_value", team="tax")
    FallbackTeam.objects.create(category=ANY, team="controller", legal_entity=company("HP-DE"))
    item = opened(world)
    assert item.owner == "controller"
    assert "Nobody of tax may work on items of HP-DE, so it comes to controller, the last resort" in item.routed_why
    RoleGrant.objects.filter(user=staff.clara).delete()
    assert swept(item).owner != "controller", "the last resort has nobody either"
    assert teams.roster().people(fresh(item).owner, company("HP-DE").pk)


def test_where_nobody_may_work_at_all_the_team_is_told_all_the_same(world: World) -> None:
    item = opened(world)
    assert item.owner == "finance data owner"
    assert "nor has anybody else a role for it" in item.routed_why


def test_the_closest_rule_wins_and_says_why(world: World, staff: Staff) -> None:
    rule("Everything", team="controller")
    rule("Rates", categories=["unmapped_value"], team="billing", tags=["rates"], priority=77)
    rule("Rates, too", categories=["unmapped_value"], team="finance", position=200)
    item = opened(world)
    assert (item.owner, item.priority, item.priority_set, item.rank) == ("billing", 77, 77, 77)
    assert [each.name for each in item.tags.all()] == ["rates"]
    assert item.routed_why == (
        "Rule “Rates” fits: Value without a translation. It goes to billing. "
        "“Rates, too” fits as closely and stands after it."
    )
    page = text_of(signed_in(staff.farid).get(reverse("queue:item", args=[item.number])))
    assert "Priority 77 of 100, set by rule “Rates” Worked out it would be" in page
    [event] = WorkItemEvent.objects.filter(verb="routed")
    assert (event.actor_kind, event.actor_name) == ("rule", "rule Rates")
    page = text_of(signed_in(staff.viktor).get(reverse("queue:item", args=[item.number])))
    assert "Why it came here" in page
    assert "“Rates, too” fits as closely" in page


def test_a_rule_gives_an_item_to_a_person(world: World, staff: Staff) -> None:
    rule(person=staff.farid, clients=[], legal_entity=company("HP-DE"))
    item = opened(world)
    assert (item.owner, item.assignee) == ("finance data owner", f"person:{staff.farid.pk}")
    assert item.state == "new"
    assert "given to Farid Amini by a rule" in text_of(
        signed_in(staff.farid).get(reverse("queue:item", args=[item.number]))
    )


def test_a_rule_that_is_not_in_use_decides_nothing(world: World, staff: Staff) -> None:
    rule(team="controller", is_on=False)
    assert opened(world).owner == "finance data owner"


def test_a_person_without_access_is_told_and_the_team_sees_to_it(world: World, staff: Staff) -> None:
    rule(person=staff.stranger, team="billing")
    item = opened(world)
    assert (item.owner, item.assignee) == ("billing", "")
    assert "names Grace Field, who may not work on items of HP-DE any more: billing sees to it" in item.routed_why


def test_what_a_leaver_had_comes_to_the_team(world: World, staff: Staff) -> None:
    rule(person=staff.farid, team="billing")
    item = opened(world)
    RoleGrant.objects.filter(user=staff.farid).delete()
    RoleGrant.objects.create(user=staff.clara, role=Role.FINANCE, granted_by="engine:engine")
    item = swept(item)
    assert (item.assignee, item.owner) == ("", "billing")
    assert verbs_of(item)[-2:] == ["given back", "routed"]
    before = verbs_of(item)
    assert verbs_of(swept(item)) == before, "said once"


def test_what_a_person_decided_no_rule_overrides(world: World, staff: Staff) -> None:
    item = opened(world)
    verbs.assign(item, by=staff.clara, to=staff.farid)
    rule(team="controller", amount_from=Decimal(150))
    write_down(troubles(world, 5))
    intake.take_in()
    item = swept(item)
    assert (item.assignee, item.owner) == (f"person:{staff.farid.pk}", "finance data owner")
    verbs.hand_back(item, by=staff.farid, reason="away")
    item = swept(item)
    assert (item.assignee, item.owner) == ("", "finance data owner"), "giving it back is a decision, too"
    page = text_of(signed_in(staff.farid).get(reverse("queue:item", args=[item.number])))
    assert "Farid Amini decided whose it is" in page


def test_rules_decide_again_when_somebody_leaves_it_to_them(world: World, staff: Staff) -> None:
    item = opened(world)
    verbs.take(item, by=staff.farid)
    rule(team="controller")
    with pytest.raises(NotAllowed):
        verbs.leave_to_rules(item, by=staff.viktor)
    verbs.leave_to_rules(item, by=staff.farid, reason="not mine")
    assert (fresh(item).assignee, fresh(item).owner, fresh(item).placed_by) == ("", "controller", "")
    assert AuditEntry.objects.get(verb="leave to rules").reason == "not mine"


def test_rules_are_asked_again_once_an_amount_is_crossed(world: World, staff: Staff) -> None:
    large = rule("Large", team="controller", amount_from=Decimal(1000))
    item = opened(world)
    assert item.owner == "finance data owner"
    rule("All of it", team="billing")
    write_down(troubles(world, 3))
    intake.take_in()
    assert fresh(item).owner == "finance data owner", "500 EUR is no other rule's than 200"
    write_down(troubles(world, 6))
    intake.take_in()
    item = fresh(item)
    assert (item.owner, item.routed_rule) == ("controller", large.pk)
    assert verbs_of(item).count("routed") == 1


def test_an_unknown_worth_goes_by_rules_that_take_it(world: World, staff: Staff) -> None:
    rule("Large", team="controller", amount_from=Decimal(1000), unknown_too=True)
    assert opened(world, amount=None, currency="").owner == "controller"


def test_an_item_of_an_older_release_gets_a_team_and_keeps_its_person(world: World, staff: Staff) -> None:
    item = opened(world)
    WorkItem.objects.update(owner="nobody", routed_at=None, routed_why="", assignee=f"person:{staff.farid.pk}")
    item = swept(item)
    assert (item.owner, item.assignee) == ("finance data owner", f"person:{staff.farid.pk}")


def test_a_team_of_a_firm_takes_the_place_of_the_hubs(world: World, staff: Staff) -> None:
    own = Team.objects.create(name="Finance data owner", legal_entity=company("HP-DE"))
    own.members.add(staff.clara)
    item = opened(world)
    known = teams.roster()
    assert known.people("finance data owner", company("HP-DE").pk) == {staff.clara.pk}
    assert known.people("finance data owner", company("HP-GB").pk) == {staff.stranger.pk}

    def mine(user: Any) -> bool:
        return WorkItem.objects.filter(teams.mine(user), pk=item.pk).exists()

    assert mine(staff.clara)
    assert not mine(staff.farid)


@pytest.mark.parametrize(
    "line", ["team:mine", "team:finance-data-owner", 'owner:"Finance  data_owner"', "-team:billing"]
)
def test_a_line_finds_items_of_teams(world: World, staff: Staff, line: str) -> None:
    item = opened(world)
    listed = signed_in(staff.farid).get(reverse("queue:items"), {"q": f"is:open {line}"})
    assert str(item.title) in text_of(listed)
    others = signed_in(staff.farid).get(reverse("queue:items"), {"q": "is:open team:controller"})
    assert str(item.title) not in text_of(others)


def test_taking_in_asks_no_more_with_many_rules_and_items(world: World, staff: Staff) -> None:
    counts = []
    for batch in range(2):
        for number in range(1 + 10 * batch):
            rule(f"{batch} {number}", team="billing", tags=["x"], person=staff.farid, clients=[f"C-{number}"])
        write_down([each for n in range(1 + 20 * batch) for each in troubles(world, 1, key=f"Role {batch} {n}")])
        with CaptureQueriesContext(connection) as asked:
            intake.take_in()
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_rule_has_to_lead_somewhere(db: None) -> None:
    with pytest.raises(ValidationError) as refused:
        rule(amount_from=Decimal(5), amount_below=Decimal(5))
    assert refused.value.message_dict.keys() >= {"team", "amount_below"}


def test_a_rule_is_tried_on_the_last_thirty_days(world: World, staff: Staff) -> None:
    first, second, third = (opened(world, key=each) for each in ("A", "B", "C"))
    verbs.take(third, by=staff.farid)
    WorkItem.objects.filter(pk=second.pk).update(opened_at=timezone.now() - timezone.timedelta(days=31))
    opened(world, key="D", amount=None, currency="")
    tie = rule("As close", team="billing", categories=["unmapped_value"])
    rule("Closer", team="billing", categories=["unmapped_value"], amount_from=Decimal(150))
    typed = RoutingRule(name="New", team="controller", categories=["unmapped_value"], position=1)
    found = routing_trial.tried(typed, staff.farid, timezone.now())
    assert (found.looked, found.decided, found.moved, found.kept) == (3, 1, 1, 0)
    assert found.ties == [(tie.name, 1)]
    assert found.beaten == [("Closer", 2)]
    assert [(each.to, each.count, each.unknown) for each in found.went] == [("controller", 1, 1)]
    assert [(each.now, each.then) for each in found.examples] == [("billing", "controller")]
    wide = RoutingRule(
        name="Wide", team="controller", categories=["unmapped_value"], amount_from=Decimal(1), position=1
    )
    found = routing_trial.tried(wide, staff.farid, timezone.now())
    assert (found.decided, found.kept) == (2, 1), "what a person has taken would stay"
    assert found.went[0].worth == Decimal(200)
    assert routing_trial.tried(typed, staff.stranger, timezone.now()).looked == 0
    assert fresh(first).owner == "finance data owner", "nothing is changed by trying"


def test_rules_go_by_contract_type_and_by_worker(quick_world: Make, staff: Staff) -> None:
    rule("Fixed", team="controller", contract_types=["fixed_fee"])
    rule("Hers", team="billing", contract_types=["fixed_fee"], workers=["W-7"])
    world = billed_world(quick_world())
    item = zero_hours(world, 1, billing_model="fixed_fee", worker_name="Ana Ruiz")
    assert (item.owner, item.about["worker_id"]) == ("controller", "W-001")
    assert item.routed_why.startswith("Rule “Fixed” fits: billed as fixed fee. It goes to controller.")
    typed = RoutingRule(name="New", team="finance", contract_types=["fixed_fee"], workers=["W-001"])
    found = routing_trial.tried(typed, staff.farid, timezone.now())
    assert (found.decided, found.moved) == (1, 1)
    told = [words.about_for(item, masks) for masks in (frozenset({Mask.PERSON}), frozenset[Mask]())]
    assert "Ana Ruiz" in told[0]
    assert "W-001" not in told[0], "who reads the name needs no number"
    assert "worker W-001" in told[1]
    assert "Ana" not in told[1]


def test_the_form_shows_the_trial_before_anything_is_kept(world: World, staff: Staff) -> None:
    item = opened(world)
    client = signed_in(staff.ingrid)
    at = reverse("admin:exceptions_queue_routingrule_trial")
    typed = {"team": "controller", "categories": ["unmapped_value"], "person": staff.stranger.pk, "position": 1}
    words = text_of(client.get(at, typed))
    assert "1 would come by this rule, 1 of them to somebody else" in words
    assert "Grace Field may not work on items of HP-DE" in words
    assert item.title in words
    assert "stands here once it says" in text_of(client.get(at, {"categories": ["unmapped_value"]}))
    assert "stands here once it says" in text_of(client.get(at, {"team": "controller", "amount_from": "much"}))


def test_rules_are_made_in_the_administration_with_what_is_wrong_beside_it(world: World, staff: Staff) -> None:
    client = signed_in(staff.ingrid)
    at = reverse("admin:exceptions_queue_routingrule_add")
    typed: dict[str, Any] = {
        "name": "Large",
        "position": 10,
        "is_on": "on",
        "clients": "C-2, C-1,C-1",
        "contract_types": ["fixed_fee"],
        "workers": "W-7",
        "amount_from": "500",
    }
    assert "Say to which team or to whom it goes." in text_of(client.post(at, typed))
    assert client.post(at, typed | {"team": "controller", "tags": "Month end"}).status_code == 302
    made = RoutingRule.objects.get()
    assert (made.clients, made.tags, made.team) == (["C-1", "C-2"], ["month-end"], "controller")
    assert AuditEntry.objects.filter(verb="add", thing_kind="exceptions_queue.routingrule").exists()
    listed = text_of(client.get(reverse("admin:exceptions_queue_routingrule_changelist")))
    assert "client C-1 or C-2, billed as fixed fee, worker W-7, from 500.00 EUR" in listed


def test_teams_and_fallbacks_are_made_in_the_administration(world: World, staff: Staff) -> None:
    client = signed_in(staff.ingrid)
    at = reverse("admin:exceptions_queue_team_add")
    assert "Say who belongs to it" in text_of(client.post(at, {"name": "tax"}))
    assert client.post(at, {"name": "tax", "members": [staff.farid.pk]}).status_code == 302
    at = reverse("admin:exceptions_queue_fallbackteam_add")
    assert client.post(at, {"category": ANY, "team": "tax"}).status_code == 302
    assert client.post(at, {"category": ANY, "team": "tax"}).status_code == 200, "once for each kind and company"
    words = text_of(client.get(reverse("admin:exceptions_queue_fallbackteam_changelist")))
    assert "Whatever has no other team" in words
    assert "finance data owner" in words
    assert "whoever" in text_of(client.get(reverse("admin:exceptions_queue_team_changelist"))).casefold()


def test_rules_of_all_companies_are_changed_by_who_may_everywhere(db: None) -> None:
    germany = company("HP-DE")
    everywhere = rule("All", team="billing")
    own = rule("Own", team="billing", legal_entity=germany)
    other = rule("Other", team="billing", legal_entity=company("HP-GB"))
    admin = person("Ada Grau", Role.INTEGRATION_ADMIN, germany)
    client = signed_in(admin)

    def status(row: RoutingRule) -> tuple[int, bool]:
        page = client.get(reverse("admin:exceptions_queue_routingrule_change", args=[row.pk]))
        return page.status_code, 'name="_save"' in page.content.decode()

    assert (status(everywhere), status(own)) == ((200, False), (200, True))
    assert status(other)[0] == 302, "of another company"


def test_deleting_a_user_leaves_the_rule_and_its_history(world: World, staff: Staff) -> None:
    leaver = person("Lea Gone", Role.FINANCE, company("HP-DE"))
    made = rule(person=leaver, team="billing")
    item = opened(world)
    User.objects.filter(pk=leaver.pk).delete()
    made.refresh_from_db()
    assert made.person is None
    item = swept(item)
    assert (item.assignee, item.owner) == ("", "billing")
