"""What is noted of the running processes is of those that run, also once one of them was started anew."""

import sys
import time
from pathlib import Path

from hub.supervisor.alone import Alone, told
from hub.supervisor.child import Child
from hub.supervisor.serve import Supervisor

WITHIN = 20.0  # seconds


def test_process_that_was_started_anew_is_noted_with_its_own_number(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    alone.take()
    since = told(alone.path)["since"]
    supervisor = Supervisor.__new__(Supervisor)
    supervisor.alone, supervisor._url = alone, "http://127.0.0.1:8000/"
    child = Child("web", [sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path, tmp_path)
    child.start()
    supervisor.children = [child]
    supervisor._say_who_runs()
    first = told(alone.path)
    assert child.process is not None
    assert first["children"] == {"web": child.process.pid}
    child.end()
    end = time.monotonic() + WITHIN
    while told(alone.path)["children"] in (first["children"], {}) and time.monotonic() < end:
        supervisor._keep_children()
        time.sleep(0.05)
    noted = told(alone.path)
    child.end()
    child.process.wait(WITHIN)
    alone.release()
    assert noted["children"] == {"web": child.process.pid} != first["children"]
    assert (noted["web"], noted["since"]) == ("http://127.0.0.1:8000/", since)
