"""The operator's page names every setting that the hub reads from the environment, and none that it does not."""

import re

from hub.supervisor.options import ROOT

READ = re.compile(r'(?:environ|environment)(?:\.get\(|\[)"([A-Z_]+)"|_number\(environment, "([A-Z_]+)"')
ELSEWHERE = {"THROUGHLINE_KEYS"}  # has a page of its own


def test_operator_page_names_every_setting() -> None:
    sources = [ROOT / "hub" / "settings.py", ROOT / "hub" / "supervisor" / "options.py"]
    read = {a or b for source in sources for a, b in READ.findall(source.read_text())} - ELSEWHERE
    table = (ROOT / "docs" / "operator.md").read_text()
    named = set(re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE))
    assert named == read
