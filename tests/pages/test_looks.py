"""Each look is judged once, and whatever differs in how a text is drawn is another look."""

from typing import Any

import pytest

from tests.pages import looks
from tests.pages.chromium import window
from tests.pages.serving import AXE

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
FAINT, PLAIN = "color: #999", "color: #111"
LINE = '<li class="line" style="{}">{}</li>'
COVERED = '<div style="position: absolute; inset: 0; background: #fff"></div>'


@pytest.fixture
def page(hub: str, chromium: Any) -> Any:
    with window(chromium, hub) as page:
        page.goto(hub + AXE)
        yield page


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    judged: set[int] = set()
    monkeypatch.setattr(looks, "_judged", judged)
    return judged


def told(page: Any, body: str) -> list[str]:
    page.set_content(f"<main style='background: #fff'>{body}</main>")
    page.add_script_tag(url=AXE)
    return [f"{each['id']}: {node['html']}" for each in looks.unreadable(page) for node in each["nodes"]]


def test_look_that_is_sound_is_judged_once_and_what_differs_is_told(page: Any, forgetful: set[int]) -> None:
    sound = LINE.format(PLAIN, "Eight hours") * 3
    assert told(page, sound) == []
    assert len(forgetful) == 1
    assert told(page, sound + LINE.format(PLAIN, "Nine hours")) == []
    assert len(forgetful) == 1, "the same, whatever it says"
    [only] = told(page, sound + LINE.format(FAINT, "Nine hours"))
    assert "Nine hours" in only
    for enclosed in (f"<div style='background: #333'>{sound}</div>", f"<div style='opacity: .3'>{sound}</div>"):
        assert len(told(page, enclosed)) == 3, enclosed


def test_what_is_at_fault_is_told_wherever_it_stands(page: Any) -> None:
    faint = LINE.format(FAINT, "Eight hours")
    assert len(told(page, faint * 5)) == 3
    assert len(told(page, faint)) == 1


@pytest.mark.parametrize(
    "spared",
    [
        "<label class='line' style='color: #999'>Eight hours <input disabled></label>",
        f"<p class='line' style='{FAINT}; position: relative'>Eight hours {COVERED}</p>",
        f"<p class='line' style='{FAINT}'>x</p>",
        f"<p class='line' style='{FAINT}' hidden>Eight hours</p>",
        f"<p class='line' style='{FAINT}; position: absolute; left: -999px'>Eight hours</p>",
    ],
)
def test_what_axe_did_not_decide_about_is_asked_again(page: Any, spared: str) -> None:
    assert told(page, spared) == []
    shown = (
        spared.replace("disabled", "")
        .replace("hidden", "")
        .replace(COVERED, "")
        .replace("left: -999px", "")
        .replace(">x<", ">Eight hours<")
    )
    assert len(told(page, shown)) == 1


def test_link_in_a_text_is_told_from_it_by_more_than_its_colour(page: Any) -> None:
    link = "<a href='/' style='color: #222; text-decoration: none'>here</a>"
    assert told(page, link) == []
    [only] = told(page, f"<p style='{PLAIN}'>Look {link} for more of the same, it says.</p>")
    assert only.startswith("link-in-text-block")
    underlined = link.replace("text-decoration: none", "")
    assert told(page, f"<p style='{PLAIN}'>Look {underlined} for more of the same, it says.</p>") == []
    assert len(told(page, f"<p style='{PLAIN}'>Look {link} for more of the same, it says.</p>")) == 1
