"""Tables of a legal entity serve its own records, whichever entity owns the route."""

from collections.abc import Callable

from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity
from mappings.tables import NewRow, add_rows, create_table
from tests.routes.world import OUTWARD, World, entry


def test_a_record_is_translated_with_the_tables_of_its_own_entity(quick_world: Callable[..., World]) -> None:
    world = quick_world()
    for code, name in (("HP-DE", "Gerste"), ("HP-US", "Barley")):
        entity = LegalEntity.objects.get(code=code)
        table = create_table(
            name="words",
            title="Words",
            key_columns=["task"],
            value_columns={"word": "text"},
            legal_entity=entity,
            by=ENGINE,
        )
        add_rows(table, [NewRow(("T-BUILD",), {"word": name})], by=ENGINE)
    fields = [*OUTWARD["fields"], {"to": "word", "formula": 'LOOKUP("words", task_code)'}]
    versions.install(
        kind="mapping", object_key="with-words", content=OUTWARD | {"name": "with-words", "fields": fields}
    )
    world.destination.mapping = "with-words"
    world.destination.save()
    world.take_in(entry(1), entry(2, legal_entity="HP-US", currency="USD"))
    world.deliver()
    bodies = {commit.key: commit.body.decode() for commit in world.target.commits}
    assert '"word":"Gerste"' in bodies["TE-0000001"]
    assert '"word":"Barley"' in bodies["TE-0000002"]
