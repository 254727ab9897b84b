"""`config apply`: a plan first, all or nothing, by the verbs and rights of a person."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from tests.hub.commands.firm import bytes_of


@pytest.fixture
def exported(firm, give, tmp_path: Path) -> Path:
    folder = tmp_path / "firm"
    assert give("config", "export", folder).code == 0
    return folder


def test_apply_of_what_was_exported_does_nothing(firm, give, exported: Path) -> None:
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert (done.code, done.err) == (0, "")
    assert "Nothing to apply" in done.out
    assert give("config", "diff", exported, "--exit-code").code == 0


def test_apply_into_an_empty_database_gives_the_same_again(firm, give, exported: Path, tmp_path: Path) -> None:
    _empty()
    get_user_model().objects.create(username="root2", first_name="Ro", last_name="Ot", is_superuser=True)
    first = give("config", "apply", exported, "--by", "root", "--yes")
    print(first.out, first.err)
    second = give("config", "apply", exported, "--by", "root2", "--yes")
    print(second.out, second.err)
    give("config", "export", tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(exported)


def _empty() -> None:
    tables = [
        name
        for name in connection.introspection.table_names()
        if name.startswith(("mappings_", "connectors_", "routes_", "django_celery_beat_"))
    ]
    tables += ["governance_version", "governance_rolegrant", "governance_businesscalendar", "governance_legalentity"]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
