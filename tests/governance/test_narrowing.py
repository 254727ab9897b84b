"""How far rights reach within one request: never further than roles, and forgotten at its end."""

import pytest

from exceptions_queue.permitted import rights_in
from governance import narrowing
from governance.actor import ENGINE, as_actor
from governance.models import LegalEntity
from governance.rights import ALL, NotAllowed, Right, Role, allowed, entity_ids, require
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def test_rights_are_narrowed_for_a_user_and_for_the_actor_that_stands_for_them() -> None:
    germany, britain = company("HP-DE"), company("HP-GB")
    clara = person("Clara Voss", Role.CONTROLLER)
    with narrowing.of_its_own():
        narrowing.to(frozenset({germany.pk}))
        for by in (clara, as_actor(clara)):
            assert entity_ids(by) == {germany.pk}
            assert not allowed(by, Right.VIEW, None)
            with pytest.raises(NotAllowed):
                require(by, Right.APPROVE, britain)
        assert [each.code for each in LegalEntity.objects.visible_to(clara)] == ["HP-DE"]
        assert (rights_in(clara, britain.pk), rights_in(clara, None)) == (frozenset(), frozenset())
        assert entity_ids(ENGINE) is ALL
    assert entity_ids(clara) is ALL


def test_nothing_is_gained_by_narrowing_to_more_than_the_roles_reach() -> None:
    germany, britain = company("HP-DE"), company("HP-GB")
    viktor = person("Viktor Lang", Role.VIEWER, germany)
    with narrowing.of_its_own():
        narrowing.to(frozenset({germany.pk, britain.pk}))
        assert entity_ids(viktor) == {germany.pk}
        narrowing.to(frozenset())
        assert entity_ids(viktor) == frozenset()


def test_superuser_is_narrowed_too() -> None:
    germany = company("HP-DE")
    root = person("Ruth Root", is_superuser=True)
    with narrowing.of_its_own():
        narrowing.to(frozenset({germany.pk}))
        assert entity_ids(root) == entity_ids(as_actor(root)) == {germany.pk}
