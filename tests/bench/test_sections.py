"""Each command writes its own section of the page and leaves the others' alone."""

from bench import sections

PAGE = "# Benchmarks\n\nRates.\n"


def test_section_comes_to_the_end_and_is_found_again() -> None:
    page = sections.put(PAGE, "lists", "## Lists\n\nFast.")
    assert page.startswith(PAGE)
    assert "## Lists\n\nFast." in sections.of(page, "lists")


def test_section_takes_the_place_of_the_one_before() -> None:
    page = sections.put(sections.put(PAGE, "lists", "slow") + "\nThe end.\n", "lists", "fast")
    assert "slow" not in page
    assert page.index("fast") < page.index("The end.")


def test_page_without_a_section_has_none() -> None:
    assert sections.of(PAGE, "lists") == ""


def test_section_survives_another_page_around_it() -> None:
    kept = sections.of(sections.put(PAGE, "lists", "fast"), "lists")
    assert sections.put("# New\n\n" + kept, "lists", "fast") == "# New\n\n" + kept
