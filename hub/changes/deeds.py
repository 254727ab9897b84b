"""What was done with a version, in words, as its audit entries have it."""

from governance.models import AuditEntry
from hub.changes import trying

DEEDS = {
    "draft": "wrote the draft", "revise": "changed the draft", "submit": "sent it for approval",
    "approve": "approved it", "send_back": "sent it back", "withdraw": "took it back", "publish": "put it in force",
    "retire": "put something else in its place", "keep": "changed it at once",
    "discard": "threw the draft away", "test": "tested the connection",
    "follow": "gave its thing another short name, under which it goes on",
    "preview": "looked at what the next run would do",
}  # fmt: skip


def deed_of(entry: AuditEntry) -> str:
    """Return what somebody did: "sent it for approval"."""
    if entry.verb == trying.VERB and not (entry.after or {}).get("saved"):
        return "tested what stood in its form, and was not kept"
    return DEEDS.get(entry.verb, entry.verb)
