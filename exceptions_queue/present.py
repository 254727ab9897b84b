"""What a target has of one record: as the hub last knows it, or as the target has just said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Present:
    """What a target was found to have, in its own form, and when; `words` say why nothing is known."""

    at: datetime | None = None
    body: Any = None
    words: str = ""
    external_id: str = ""  # its id there, as far as it is known
