"""`config diff`: says in words what a folder and this installation have different, and changes nothing."""

from pathlib import Path

import pytest

from hub.configuration.differences import differences
from routes.models import Route


@pytest.fixture
def exported(firm, give, tmp_path: Path) -> Path:
    folder = tmp_path / "firm"
    assert give("config", "export", folder).code == 0
    return folder


def test_diff_says_in_words_what_is_different(firm, give, exported: Path) -> None:
    Route.objects.filter(slug="time").update(compare_days=20)
    (exported / "roles/viktor.yaml").unlink()
    path = exported / "tables/bill_rates.yaml"
    path.write_text(path.read_text().replace("rate: '125.50'", "rate: '130.00'"))
    done = give("config", "diff", exported)
    assert (done.code, done.err) == (0, "")
    assert "~ different route time\n    compare days: 20 → 35\n" in done.out
    assert "(-) only here roles of viktor" in done.out
    assert "row Consultant / EUR / 2026-07-01, values, rate: “125.5” → “130”" in done.out
    assert "3 of " in done.out
    assert give("config", "diff", exported, "--exit-code").code == 1
    assert Route.objects.get(slug="time").compare_days == 20


def test_diff_looks_at_some_kinds_only(firm, give, exported: Path) -> None:
    (exported / "roles/viktor.yaml").unlink()
    assert give("config", "diff", exported, "--only", "routes", "schedules", "--exit-code").code == 0


def test_long_texts_are_shown_where_they_part() -> None:
    old = {"name": "x" * 100 + " ends like this"}
    new = {"name": "x" * 100 + " ends like that"}
    (found,) = differences("routes", old, new)
    assert found.words == "name: “…ends like this” → “…ends like that”"


def test_trailing_zeros_are_no_difference(firm, give, exported: Path) -> None:
    path = exported / "tables/bill_rates.yaml"
    path.write_text(path.read_text().replace("rate: '210.00'", "rate: '210'"))
    assert give("config", "diff", exported, "--exit-code").code == 0
