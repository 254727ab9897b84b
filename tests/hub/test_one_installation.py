"""Two starts in one folder at once: one makes the environment, the other waits and finds it made."""

import threading
from pathlib import Path

from hub.supervisor import environment


def test_second_start_waits_and_makes_nothing_again(monkeypatch, tmp_path: Path, capfd) -> None:
    lock, stamp = tmp_path / "requirements.lock", tmp_path / "installed"
    lock.write_text("uv==1\n")
    made: list[str] = []
    begun, may_end = threading.Event(), threading.Event()

    def make() -> None:
        made.append("venv")
        begun.set()
        may_end.wait(30)

    monkeypatch.setattr(environment, "LOCK", str(lock))
    monkeypatch.setattr(environment, "STAMP", str(stamp))
    monkeypatch.setattr(environment, "installed", lambda: stamp.read_text() if stamp.exists() else "")
    monkeypatch.setattr(environment, "make_venv", make)
    monkeypatch.setattr(environment, "install", lambda: made.append("packages"))
    said: list[str] = []
    waits = threading.Event()
    monkeypatch.setattr(environment, "say", lambda text: (said.append(text), waits.set()))
    codes: list[int] = []
    first = threading.Thread(target=lambda: codes.append(environment.main()))
    first.start()
    assert begun.wait(30)
    second = threading.Thread(target=lambda: codes.append(environment.main()))
    second.start()
    assert waits.wait(30)
    may_end.set()
    first.join()
    second.join()
    assert codes == [0, 0]
    assert made == ["venv", "packages"]
    assert said == ["Another start is installing in this folder; waiting until it is done"]
