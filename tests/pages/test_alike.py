"""A page is drawn once for all to whom it is sent alike, and anew for everybody to whom it is not."""

import pytest

from tests.pages.alike import Drawn

PAGE = """<body hx-headers='{{"X-CSRFToken": "{token}"}}'><header class="side"><a href="/runs/"
  {runs}>Runs</a> <a href="/queue/"
  {queue}>Exceptions</a> {name}</header><main>{main}<input name="csrfmiddlewaretoken" value="{token}"></main></body>"""
HERE = 'aria-current="page"'


def page(**more: str) -> str:
    return PAGE.format(**({"token": "a1", "runs": HERE, "queue": "", "name": "Clara", "main": "8.00"} | more))


@pytest.fixture
def drawn() -> Drawn:
    """Return that Clara's page of runs was drawn, and another one to Farid."""
    drawn = Drawn()
    drawn.add("runs", page())
    drawn.add("queue", page(name="Farid", main="none", runs="", queue=HERE))
    return drawn


def test_page_counts_as_drawn_whoever_it_is_sent_to(drawn: Drawn) -> None:
    assert drawn.has_kind("runs")
    assert drawn.has("runs", page(token="b2"))
    assert drawn.has("runs", page(name="Farid"))


@pytest.mark.parametrize(
    "more",
    [
        {"main": "9.00"},
        {"main": '8.00<a href="/runs/">Runs</a>'},
        {"runs": "", "queue": HERE},
        {"name": "Viktor"},
        {"name": "Clara", "queue": "hidden"},
    ],
)
def test_page_with_anything_else_in_it_does_not(drawn: Drawn, more: dict[str, str]) -> None:
    assert not drawn.has("runs", page(**more))


def test_page_is_drawn_again_as_another_kind_and_when_it_asks_for_more(drawn: Drawn) -> None:
    assert not drawn.has_kind("tables")
    assert not drawn.has("queue", page())
    asking = page(main='<p hx-get="/lanes/workers/" hx-trigger="load">')
    drawn.add("runs", asking)
    assert not drawn.has("runs", asking)
