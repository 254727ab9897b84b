"""Goes in by the door that a person takes: a form is opened before it is sent, and carries the marks of its page."""

import re
from typing import Any

from django.test import Client

MARK = re.compile(r'name="(_seen|_draft_seen)" value="([^"]+)"')
FORM = re.compile(r"/admin/[^?]+/changes?/|/changes/[^?]+/draft/|/schedules/|/tables/[^?]+/definition/")


class Browser(Client):
    """A client that opens a form which edits something before it sends one that says nothing of what was seen.

    It fills in the marks that the page has at that moment, and nothing else; marks that a test gives stay. To send a
    form without any, tests take Django's own client.
    """

    def post(self, path: str, data: Any = None, *args: Any, **more: Any) -> Any:
        """Send a form as a page would that was opened just now."""
        if FORM.search(path) and isinstance(data, dict):
            data = {**marks(self, path), **data}
        return super().post(path, data, *args, **more)


def marks(client: Client, path: str) -> dict[str, str]:
    """Return the marks of what a page shows, as it is now; none where there is no such page."""
    page = client.get(path)
    return dict(MARK.findall(page.content.decode())) if page.status_code == 200 else {}
