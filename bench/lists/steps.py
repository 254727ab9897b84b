"""How a transaction came to where it stands: what it passed before it was stored, and each change since."""

from dataclasses import dataclass

REASONS = {
    "received": "taken in from the source", "normalised": "mapped to the hub's words",
    "validated": "mapped and checked",
    "ready": "ready to send", "delivering": "sent to the target", "posted": "confirmed by the target",
    "filtered": "left out by a rule: internal projects are not invoiced", "superseded": "a newer version arrived",
    "waived": "it was booked twice in the time tool", "reversed": "undone at the target", "failed": "needs a person",
    "parked": "its parent does not exist there yet", "held": "held for a second person",
    "retrying": "the target answered 503", "unknown": "no answer came",
}  # fmt: skip
TO_READY = ("received", "normalised", "validated", "ready")


@dataclass(frozen=True, slots=True)
class Path:
    """A way: states before it was stored, changes since (with whether a person made them), effects it has."""

    walk: tuple[str, ...]
    steps: tuple[tuple[str, str, bool], ...] = ()  # from, to, by a person
    effects: tuple[tuple[str, str], ...] = ()  # state, operation
    return_to: str = ""
    attempts: int = 0

    @property
    def stands(self) -> str:
        """Return where it stands now."""
        return self.steps[-1][1] if self.steps else self.walk[-1]


SENT = ("ready", "delivering", False)
DONE = ("delivering", "posted", False)
CREATED = ("confirmed", "create")
PATHS = {
    "posted": Path((*TO_READY, "delivering", "posted"), (), (CREATED,)),
    "posted by itself": Path(TO_READY, (SENT, DONE), (CREATED,), attempts=1),
    "mended": Path(
        (*TO_READY[:2], "failed"),
        (("failed", "normalised", True), ("normalised", "validated", False), ("validated", "ready", False), SENT, DONE),
    ),
    "failed": Path((*TO_READY[:2], "failed")),
    "refused": Path(TO_READY, (SENT, ("delivering", "failed", False)), (("refused", "create"),), attempts=1),
    "parked": Path((*TO_READY[:2], "parked"), return_to="normalised"),
    "held": Path((*TO_READY[:2], "held"), return_to="normalised"),
    "retrying": Path(TO_READY, (SENT, ("delivering", "retrying", False)), (("refused", "create"),), attempts=1),
    "unknown": Path(TO_READY, (SENT, ("delivering", "unknown", False)), (("unknown", "create"),), attempts=1),
    "filtered": Path((*TO_READY[:2], "filtered")),
    "superseded": Path((*TO_READY, "superseded")),
    "waived": Path((*TO_READY[:2], "failed"), (("failed", "waived", True),)),
    "reversed": Path(
        TO_READY, (SENT, DONE, ("posted", "reversed", False)), (CREATED, ("confirmed", "reverse")), attempts=1
    ),
    "received": Path(TO_READY[:1]),
    "normalised": Path(TO_READY[:2]),
    "validated": Path(TO_READY[:3]),
    "ready": Path(TO_READY),
    "delivering": Path(TO_READY, (SENT,), (("sent", "create"),)),
}
