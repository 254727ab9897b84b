"""Addresses of records, transactions and runs: 22 letters and digits instead of a UUID."""

import base64
import binascii
from uuid import UUID


def code_of(id_: UUID) -> str:
    """Return the short form of an id, safe in addresses and forms."""
    return base64.urlsafe_b64encode(id_.bytes).rstrip(b"=").decode()


def id_of(code: str) -> UUID:
    """Return the id of a short form. Raises ValueError."""
    try:
        return UUID(bytes=base64.urlsafe_b64decode(code + "=="))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{code!r} is no address of ours.") from error


class CodeConverter:
    """Lets addresses carry the short form: path("runs/<code:run>/", …)."""

    regex = "[A-Za-z0-9_-]{22}"

    def to_python(self, value: str) -> UUID:
        """Return the id."""
        return id_of(value)

    def to_url(self, value: UUID | str) -> str:
        """Return the short form."""
        return code_of(value) if isinstance(value, UUID) else value
