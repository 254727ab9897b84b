"""What a file says in another accepted writing is at rest once it is applied: `config diff` finds nothing any more."""

from pathlib import Path
from typing import Any

import pytest

from hub.configuration import form
from tests.hub.commands.test_config_apply import exported  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
WRITINGS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("approval_policies", {"amount_from": "7"}, {"amount_from": "7.00"}),
    ("routing_rules", {"amount_from": "0.1", "amount_below": "012"}, {"amount_from": "0.10", "amount_below": "12.00"}),
    ("order_of_exceptions", {"nothing_below": "1", "all_above": "5.5"}, {"nothing_below": "1.00", "all_above": "5.50"}),
    ("tables", {"approval_amount": "0100.50"}, {"approval_amount": "100.5"}),
    ("cut_offs", {"at": "18:00:00"}, {"at": "18:00"}), ("teams", {"name": "Our\u00a0 own"}, {"name": "Our own"}),
    ("grouping_rules", {"name": " Our\u00a0own"}, {"name": "Our own"}),
    ("calendars", {"hours": {"Monday": {"opens": "09:00:00", "closes": "17:00:30"}}},
     {"hours": {"Monday": {"opens": "09:00", "closes": "17:00:30"}}}),
    ("connections", {"windows": [{"reason": "x", "starts_at": "2026-04-02T00:00:00+02:00"}]},
     {"windows": [{"reason": "x", "starts_at": "2026-04-01T22:00:00+00:00"}]}),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "kept"), WRITINGS)
def test_each_is_written_in_one_way(kind: str, written: dict[str, Any], kept: dict[str, Any]) -> None:
    assert form.canonical(kind, written) == form.canonical(kind, kept) == kept


@pytest.mark.parametrize("nonsense", ["", "25:00", "x", "1e400", "-", "９:00"])
def test_what_is_no_such_text_stays_to_be_told(nonsense: str) -> None:
    for kind, (field, *_) in (("approval_policies", ["amount_from"]), ("cut_offs", ["at"])):
        assert form.canonical(kind, {field: nonsense})[field] == nonsense


def test_folder_in_other_writings_is_at_rest_once_it_is_applied(firm, give, exported: Path) -> None:  # noqa: F811
    for name, text in (
        ("approval_policies/mine", "name: Mine\ndeeds: [corrections]\namount_from: '7'\n"),
        ("teams/mine", "name: Our\u00a0 own\nrole: finance\n"),
        (
            "grouping_rules/mine",
            "name: Our\u00a0own\nlegal_entity: HP-DE\ncategory: refused\nfield: hours\nreason: x\n",
        ),
        ("routing_rules/mine", "name: Mine\nteam: billing\namount_from: '0.1'\namount_below: '00012'\n"),
    ):
        file = exported / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert "Applied" in give("config", "apply", exported, "--by", "ingrid", "--yes").out
    assert "Nothing to apply" in give("config", "apply", exported, "--by", "ingrid", "--yes").out
    assert give("config", "diff", exported, "--exit-code").code == 0
