"""Each secret of an export has a place of its own: whoever applies it gives no system another's secret."""

from pathlib import Path
from typing import Any

from connectors.models import Connection
from hub.configuration.references import placed_references, reference_of, references_of
from tests.governance.people import company

Things = dict[str, dict[str, Any]]


def things(*connections: tuple[str, str], subscriptions: tuple[str, ...] = ()) -> Things:
    """Return what an export begins with: connections with one secret each, by short name and question."""
    return {
        "connections": {
            slug: {"slug": slug, "secrets": {question: {"secret": reference_of(slug, question)}}}
            for slug, question in connections
        },
        "subscriptions": {
            name: {"name": name, "secret": {"secret": reference_of("subscription", f"{name}_secret")}}
            for name in subscriptions
        },
    }


def placed(folder: Path, found: Things) -> list[str]:
    placed_references(folder, found)
    return [holder[key]["secret"] for holder, key in references_of(found)]


def wrote(folder: Path, slug: str, question: str, place: str) -> None:
    (folder / "connections").mkdir(exist_ok=True)
    (folder / f"connections/{slug}.yaml").write_text(f"slug: {slug}\nsecrets:\n  {question}: {{secret: '{place}'}}\n")


def test_names_that_come_to_one_place_get_places_of_their_own_and_always_the_same(tmp_path: Path) -> None:
    clashing = (("2025-erp", "token"), ("2026-erp", "token"), ("erp-de", "token"), ("erp_de", "token"),
                ("erp", "de_token"), ("harvest", "token"), ("subscription", "a_secret"))  # fmt: skip
    found = placed(tmp_path, things(*clashing, subscriptions=("a", "b c", "b-c")))

    assert len(set(found)) == len(found)
    assert "env:HARVEST_TOKEN" in found, "nothing else comes to it"
    assert [place for place in found if place.startswith("env:ERP_DE_TOKEN_")] == found[2:5]
    assert placed(tmp_path, things(*reversed(clashing), subscriptions=("b-c", "b c", "a")))[:7] == found[6::-1]


def test_place_that_a_person_wrote_stays_and_goes_to_nobody_else(tmp_path: Path) -> None:
    wrote(tmp_path, "books", "token", "env:ERP_TOKEN")
    wrote(tmp_path, "ledger", "token", "env:ERP_TOKEN")  # the same account, which they know

    books, ledger, erp = placed(tmp_path, things(("books", "token"), ("ledger", "token"), ("erp", "token")))

    assert (books, ledger) == ("env:ERP_TOKEN", "env:ERP_TOKEN")
    assert erp.startswith("env:ERP_TOKEN_")


def test_one_place_that_an_export_wrote_twice_is_not_kept(tmp_path: Path) -> None:
    for slug in ("2025-erp", "2026-erp"):
        wrote(tmp_path, slug, "token", "env:_ERP_TOKEN")

    first, second = placed(tmp_path, things(("2025-erp", "token"), ("2026-erp", "token")))

    assert first != second
    assert "env:_ERP_TOKEN" not in (first, second)
    for slug, place in (("2025-erp", first), ("2026-erp", second)):
        wrote(tmp_path, slug, "token", place)
    assert placed(tmp_path, things(("2026-erp", "token"), ("2025-erp", "token"))) == [second, first]


def test_export_says_where_the_secret_of_each_of_two_systems_is_expected(firm, give, tmp_path: Path) -> None:
    for slug in ("2025-erp", "2026-erp"):
        Connection.objects.create(
            slug=slug, name=slug, connector="harvest", legal_entity=company("HP-DE"), auth="token",
            answers={"account": "1", "contact": "a@b.example"}, secrets={"token": f"secret of {slug}"},
        )  # fmt: skip

    done = give("config", "export", tmp_path / "firm")

    texts = [(tmp_path / f"firm/connections/{slug}.yaml").read_text() for slug in ("2025-erp", "2026-erp")]
    places = [line.split()[-1] for text in texts for line in text.splitlines() if "secret: env:" in line]
    assert len(places) == len(set(places)) == 2
    assert all(place in done.out.replace("\n", "") for place in places)
