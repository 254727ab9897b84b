"""Rows are seen by those whose role counts in their legal entity, and by nobody else."""

import pytest
from django.db import models
from django.test.utils import isolate_apps

from governance.actor import ENGINE, as_actor
from governance.models import LegalEntity, RoleGrant
from governance.rights import (
    NotAllowed,
    Right,
    Role,
    allowed_masks,
    entities_visible_to,
    entity_scoped_models_without_visible_to,
    require,
    require_other_person,
)
from governance.scoping import EntityScopedQuerySet, what_is_missing
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def germany() -> LegalEntity:
    return company("HP-DE")


@pytest.fixture
def britain() -> LegalEntity:
    return company("HP-GB")


def test_visible_to_keeps_only_entities_with_a_role(germany: LegalEntity, britain: LegalEntity) -> None:
    farid = person("Farid Amini", Role.FINANCE, germany)

    assert list(entities_visible_to(farid)) == [germany]
    assert list(entities_visible_to(as_actor(farid))) == [germany]


def test_visible_to_a_role_for_all_entities_keeps_all(germany: LegalEntity, britain: LegalEntity) -> None:
    assert list(entities_visible_to(person("Clara Voss", Role.CONTROLLER))) == [germany, britain]


@pytest.mark.parametrize("more", [{}, {"is_superuser": True, "is_active": False}])
def test_visible_to_somebody_without_a_role_is_empty(germany: LegalEntity, more: dict[str, bool]) -> None:
    nobody = person("Viktor Lang", **more)

    assert not entities_visible_to(nobody).exists()
    assert not entities_visible_to(as_actor(nobody)).exists()


def test_closed_account_has_no_roles(germany: LegalEntity) -> None:
    closed = person("Cleo Closed", Role.CONTROLLER, is_active=False)
    assert not entities_visible_to(closed).exists()
    assert not entities_visible_to(as_actor(closed)).exists()


def test_visible_to_superuser_and_engine_keeps_all(germany: LegalEntity) -> None:
    olga = person("Olga Petrenko", is_superuser=True)

    assert list(entities_visible_to(olga)) == list(entities_visible_to(ENGINE)) == [germany]


def test_rows_without_an_entity_are_seen_by_roles_for_all_only(germany: LegalEntity) -> None:
    clara = person("Clara Voss", Role.CONTROLLER)
    farid = person("Farid Amini", Role.FINANCE, germany)

    assert {grant.user for grant in RoleGrant.objects.visible_to(clara)} == {clara, farid}
    assert {grant.user for grant in RoleGrant.objects.visible_to(farid)} == {farid}


def test_visible_to_asks_one_query_and_its_own(germany: LegalEntity, django_assert_num_queries) -> None:
    farid = person("Farid Amini", Role.FINANCE, germany)

    with django_assert_num_queries(2):
        list(LegalEntity.objects.visible_to(farid))


def test_require_names_right_place_and_remedy(germany: LegalEntity, britain: LegalEntity) -> None:
    farid = person("Farid Amini", Role.FINANCE, germany)
    require(farid, Right.RESUBMIT, germany)

    with pytest.raises(
        NotAllowed, match=r"approve .* for HP-DE .*Ask an operator to give you the role Controller .*for HP-DE"
    ):
        require(farid, Right.APPROVE, germany)
    with pytest.raises(NotAllowed, match="for all companies"):
        require(farid, Right.RESUBMIT, None)


def test_require_names_no_company_that_somebody_does_not_see(germany: LegalEntity, britain: LegalEntity) -> None:
    farid = person("Farid Amini", Role.FINANCE, germany)

    for place in (britain, britain.pk):
        with pytest.raises(NotAllowed, match="for a company that you do not see") as refused:
            require(farid, Right.RESUBMIT, place)
        assert britain.code not in str(refused.value)
        assert britain.name not in str(refused.value)


def test_viewer_sees_no_pay_bank_or_person(germany: LegalEntity) -> None:
    viktor = person("Viktor Lang", Role.VIEWER)

    assert allowed_masks(viktor, germany) == frozenset()
    assert len(allowed_masks(person("Clara Voss", Role.CONTROLLER), germany)) == 3


def test_makers_do_not_approve(germany: LegalEntity) -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    clara = person("Clara Voss", Role.CONTROLLER)
    require_other_person(clara, as_actor(ingrid), None, thing="The mapping")

    with pytest.raises(NotAllowed, match="The mapping cannot be approved"):
        require_other_person(ingrid, as_actor(clara), as_actor(ingrid).reference, thing="The mapping")


def test_every_model_of_ours_is_scoped_or_declared_global() -> None:
    ours = [line for line in entity_scoped_models_without_visible_to() if line.startswith("governance.")]

    assert ours == []


@isolate_apps("governance")
def test_model_that_forgets_its_legal_entity_is_named() -> None:
    class Forgotten(models.Model):
        class Meta:
            app_label = "governance"

    class Unscoped(models.Model):
        entity_global = "it says so, but has the field"
        legal_entity = models.ForeignKey(LegalEntity, on_delete=models.CASCADE)

        class Meta:
            app_label = "governance"

    class Astray(models.Model):
        entity_path = "nowhere__legal_entity"
        objects = EntityScopedQuerySet.as_manager()

        class Meta:
            app_label = "governance"

    class Reasoned(models.Model):
        entity_global = "the same for everybody"

        class Meta:
            app_label = "governance"

    assert "entity_path, or entity_global" in what_is_missing(Forgotten)
    assert "needs an EntityScopedQuerySet" in what_is_missing(Unscoped)
    assert "leads nowhere" in what_is_missing(Astray)
    assert what_is_missing(Reasoned) == ""
