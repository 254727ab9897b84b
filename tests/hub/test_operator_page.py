"""The operator's page has the table of all settings, and no setting is read past that table."""

import re

from hub.environment.page import table
from hub.supervisor.options import ROOT

READ = re.compile(r'(?:environ|environment)(?:\.get\(|\[)"([A-Z_]+)"')
PASSED_ON = {"OUTBOUND_ALLOWED", "STATE"}  # by the supervisor, to what it starts and in a message


def test_operator_page_has_the_table_of_settings() -> None:
    assert table() in (ROOT / "docs" / "operator.md").read_text(), (
        "Put this into docs/operator.md: .venv/bin/python -c 'from hub.environment.page import table; print(table())'"
    )


def test_settings_and_supervisor_read_nothing_that_is_not_declared() -> None:
    sources = [ROOT / "hub" / "settings.py", *(ROOT / "hub" / "supervisor").glob("*.py")]
    read = {name for source in sources for name in READ.findall(source.read_text())}
    assert read - PASSED_ON == set()
