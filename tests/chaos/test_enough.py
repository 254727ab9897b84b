"""When the mischief of a run may end."""

from dataclasses import replace

import pytest

from chaos import options as choices
from chaos.firm import Way
from chaos.run import Pair, enough


@pytest.mark.parametrize(
    ("doubted", "gone", "over"),
    [
        ((True, True), 12.9, False),
        ((True, True), 13.1, True),
        ((True, False), 13.1, False),
        ((True, False), 44.9, False),
        ((True, False), 45.1, True),
    ],
)
def test_mischief_goes_on_until_every_way_had_a_doubt(
    doubted: tuple[bool, ...], gone: float, over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["chaos"])
    options = replace(choices.read(), mischief=13.0, limit=90.0)
    way = Way("blind", 1, 2, 3)
    assert enough([Pair(way, None, doubted=each) for each in doubted], options, gone) is over  # type: ignore[arg-type]
