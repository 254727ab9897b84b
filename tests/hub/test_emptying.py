"""What the tests themselves rely on: after one that committed, the next finds an empty database."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from governance import audit
from governance.rights import Role
from routes import partitions
from tests.emptying import KEPT
from tests.governance.people import company, person
from tests.routes.conftest import make_world  # noqa: F401 - a fixture
from tests.routes.world import entry


def mark() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark FROM mappings_tablesmark")
        return cursor.fetchone()


def tables_with_rows() -> set[str]:
    models = {model._meta.db_table for model in apps.get_models() if model._meta.managed}
    with connection.cursor() as cursor:
        found = set()
        for table in models | set(partitions.TABLES):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone() == (True,):
                found.add(table)
    return found - KEPT


@pytest.mark.django_db(transaction=True)
def test_nothing_that_a_test_committed_is_left(make_world) -> None:  # noqa: F811
    farid = person("Farid Amini", Role.FINANCE, company("HP-DE"))
    world = make_world()
    world.take_in(entry(1))
    audit.record(by=farid, verb="create", thing=world.route, legal_entity=world.route.legal_entity)
    before = mark()
    assert {"routes_record", "routes_transaction", "governance_user"} < tables_with_rows()
    call_command("flush", interactive=False, verbosity=0)
    assert tables_with_rows() == set()
    assert Permission.objects.filter(content_type__in=ContentType.objects.all()).exists()
    assert mark() != before
