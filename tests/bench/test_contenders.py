"""The contenders and the stub on real servers, small."""

import os
import sys

import psycopg
import pytest

from bench.case import Case
from bench.contenders import Yardstick
from bench.crew import Crew
from bench.stub import Stub
from bench.verdict import Measured


@pytest.fixture
def stub(tmp_path):
    made = Stub(tmp_path / "ledger")
    yield made
    made.stop()


@pytest.mark.processes
@pytest.mark.parametrize("batch", [1, 100])
def test_yardstick_posts_exactly_what_the_source_holds(stub, tmp_path, servers, batch: int) -> None:
    case, measured = Case("one", 1_100, batch=batch), Measured()
    yardstick = Yardstick(stub, servers.postgresql.url, tmp_path)
    yardstick.start()
    try:
        for _ in range(2):  # a second run starts from nothing again
            assert measured.add(case, "yardstick", yardstick.run(case), stub.received(case), stub.truth(case)) > 0
    finally:
        yardstick.stop()
    with psycopg.connect(servers.postgresql.url) as connection:
        states = dict(connection.execute("SELECT new, count(*) FROM yardstick_change GROUP BY new").fetchall())
    truth = stub.truth(case)
    assert states == {
        "received": case.entries, "ready": truth.posted, "posted": truth.posted, "with_people": truth.with_people,
    }  # fmt: skip


def test_crew_says_where_the_last_words_are(tmp_path) -> None:
    log = tmp_path / "script.log"
    crew = Crew([[sys.executable, "-c", "import sys; sys.exit('no database')"]], os.environ, log)
    with pytest.raises(RuntimeError, match=r"ended with code 1.*script\.log"):
        crew.start()
    crew.stop()
    assert "no database" in log.read_text()
