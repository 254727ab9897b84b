"""Goes in by the door that a person takes: a form is opened before it is sent, and carries the marks of its page."""

import re
from typing import Any

from django.test import Client

MARK = re.compile(r'name="(_seen|_draft_seen|in_force)" value="([^"]+)"')
WAY = re.compile(r"(/queue/\d+/)handling/[^/]+/$")
STEP = re.compile(r"/mappings/\d+/versions/")
FORM = re.compile(r"/admin/[^?]+/(changes?|delete)/|/changes/[^?]+/draft/|/schedules/|/tables/[^?]+/(definition|rows)/")


class Browser(Client):
    """A client that opens a form which edits something before it sends one that says nothing of what was seen.

    It fills in the marks that the page has at that moment, and nothing else; marks that a test gives stay. To send a
    form without any, tests take Django's own client.
    """

    def post(self, path: str, data: Any = None, *args: Any, **more: Any) -> Any:
        """Send a form as a page would that was opened just now."""
        if isinstance(data, dict):
            if FORM.search(path):
                data = {**marks(self, path), **data}
            elif STEP.search(path):  # of the rest tests say themselves what was seen
                data = {name: mark for name, mark in marks(self, path).items() if name == "in_force"} | data
            elif way := WAY.search(path):
                data = {**marks(self, way[1], path), **data}
            elif data.get("action") == "delete_selected" and "post" in data:
                asked = super().post(path, {name: value for name, value in data.items() if name != "post"})
                data = {**dict(MARK.findall(asked.content.decode())), **data}
        return super().post(path, data, *args, **more)


def marks(client: Client, path: str, sent_to: str = "") -> dict[str, str]:
    """Return the marks of what a page shows, as it is now; none where there is no such page.

    `sent_to` is the address of the form that is meant, where a page has several.
    """
    page = client.get(path)
    if page.status_code != 200:
        return {}
    body = page.content.decode()
    if sent_to:
        body = body.partition(f'action="{sent_to}"')[2].partition("</form>")[0]
    return dict(MARK.findall(body))
