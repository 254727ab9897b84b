"""JSON that is sound but for its texts: bytes that are no UTF-8, and halves of characters written as escapes.

One record with such a text must not cost the others that came with it: the spot becomes U+FFFD (�), which people see.
"""

import re
from collections.abc import Callable
from typing import Any

NUL, SPOT = "\x00", "\ufffd"  # a character that no database keeps in a text, and what people see instead
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def kept(words: str) -> str:
    """Return words as a database can keep them."""
    return words.replace(NUL, SPOT)


def decoded(decode: Callable[[bytes], Any], body: bytes) -> Any:
    """Return what `decode` makes of a JSON body, mended where it cannot be read as it is; raises what it raises."""
    try:
        return decode(body)
    except ValueError:  # msgspec's DecodeError is one, and so is UnicodeDecodeError
        if body.lstrip()[:1] not in (b"{", b"["):
            raise
        whole = mended(body)
        if whole == body:
            raise
        return decode(whole)


def mended(body: bytes) -> bytes:
    """Return a JSON body whose texts can be read; everything else of it is as it was."""
    return _ESCAPE.sub(_whole, body.decode("utf-8", "replace")).encode()


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if _HALF.fullmatch(escape[0]) else escape[0]
