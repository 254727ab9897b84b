"""RE2 patterns: linear time, so that no vendor's text can hang a worker."""

from functools import lru_cache
from typing import Any

import re2


@lru_cache(maxsize=4096)
def compile_pattern(written: str, *, ignore_case: bool = False) -> Any:
    """Return the compiled pattern; raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    return re2.compile(written, options)
