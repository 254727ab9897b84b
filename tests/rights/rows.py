"""What a row of the matrix of verbs says."""

from collections.abc import Callable
from typing import Any, NamedTuple

from governance.roles import Right
from tests.rights.firm import REASON, Firm

Call = Callable[[Firm, Any], object]
WHY = {"reason": REASON}


class Row(NamedTuple):
    """A verb, the right that it asks, and how it is called."""

    right: Right | None
    call: Call
    everywhere: bool = False  # the right is asked for all companies
