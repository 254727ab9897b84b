"""`config apply --prune`: what the folder lacks goes, by the verbs of people, and nothing that explains anything."""

from pathlib import Path

from governance.actor import ENGINE
from governance.models import RoleGrant, Version
from mappings.models import Approval, LookupTable, TableRow
from mappings.tables import NewRow, add_rows, create_table
from routes.models import Route
from tests.hub.commands.test_config_apply import edit, exported

__all__ = ["exported"]


def test_prune_removes_what_the_folder_lacks(firm, give, exported: Path) -> None:
    (exported / "routes/customers.yaml").unlink()
    (exported / "schedules/customers.yaml").unlink()
    (exported / "roles/viktor.yaml").unlink()
    (exported / "mappings/netsuite.customers.yaml").unlink()
    edit(exported / "tables/service_items.yaml", "- key:\n  - Build\n  values:\n    item: SVC-BLD\n", "")
    done = give("config", "apply", exported, "--by", "root", "--yes", "--prune")
    assert (done.code, done.err) == (0, "")
    assert not Route.objects.filter(slug="customers").exists()
    assert not RoleGrant.objects.filter(user=firm.viktor).exists()
    assert not Version.objects.of("mapping", "netsuite.customers").in_force().exists()
    assert TableRow.objects.in_force().get(table__name="service_items").key == ["Analysis"]
    assert give("config", "diff", exported, "--exit-code").code == 0


def test_prune_keeps_what_explains_postings(firm, give, exported: Path) -> None:
    (exported / "tables/bill_rates.yaml").unlink()
    done = give("config", "apply", exported, "--by", "root", "--yes", "--prune")
    assert done.code == 0
    assert "= stay table bill_rates" in done.out
    assert "a mapping in force reads it" in done.out
    assert TableRow.objects.in_force().filter(table__name="bill_rates").count() == 3


def test_prune_deletes_a_table_by_its_verb_and_with_the_second_person_that_its_rows_want(firm, give, exported) -> None:
    made = create_table(
        name="old_rates", title="Old rates", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE
    )
    add_rows(made, [NewRow(("Consultant",), {"rate": "100"})], by=ENGINE)
    LookupTable.objects.filter(pk=made.pk).update(approval=Approval.ALWAYS)

    for _ in range(2):  # the same person again agrees to nothing
        done = give("config", "apply", exported, "--by", "ingrid", "--yes", "--prune")
        assert (done.code, done.err) == (0, "")
        assert "table old_rates" in done.out
        assert "proposed: a second person has to agree" in done.out
        assert LookupTable.objects.filter(pk=made.pk).exists()
    assert give("config", "apply", exported, "--by", "clara", "--yes", "--prune").code == 0
    assert not LookupTable.objects.filter(pk=made.pk).exists()
    assert made.rows.count() == 1


def test_prune_of_what_is_in_use_is_refused_as_a_whole(firm, give, exported: Path) -> None:
    (exported / "connections/netsuite.yaml").unlink()
    edit(exported / "routes/time.yaml", "compare_days: 35", "compare_days: 40")
    done = give("config", "apply", exported, "--by", "root", "--yes", "--prune")
    assert done.code == 1
    told = "connection netsuite: it cannot be removed: it is used by destination NetSuite customers, destination"
    assert told in done.err
    assert Route.objects.get(slug="time").compare_days == 35


def test_prune_by_a_folder_that_describes_nothing_is_refused(firm, give, tmp_path: Path) -> None:
    (tmp_path / "throughline.yaml").write_text("format: 1\n")
    done = give("config", "apply", tmp_path, "--by", "root", "--yes", "--prune")
    assert done.code == 1
    assert "--prune would remove everything" in done.err
    assert "Nothing to apply" in give("config", "apply", tmp_path, "--by", "root").out


def test_prune_of_roles_needs_the_right_to_take_them(firm, give, exported: Path) -> None:
    (exported / "roles/viktor.yaml").unlink()
    done = give("config", "apply", exported, "--by", "ingrid", "--yes", "--prune")
    assert done.code == 1
    assert (
        "role of viktor: Viewer in HP-GB: it cannot be removed: You need the right to give and take roles" in done.err
    )
    assert RoleGrant.objects.filter(user=firm.viktor).exists()
