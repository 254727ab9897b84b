"""Audit entries for sign-ins that are refused. What was typed is kept only where it is somebody's user name."""

import hashlib
from typing import Any

from django.core.cache import cache

from governance import audit
from governance.actor import ENGINE
from governance.models import User

UNKNOWN = ("governance.user", "", "an unknown user name")  # people type passwords into the wrong field
PAUSE = 60  # seconds between two entries that say the same


def record(name: str, address: str, reason: str, **more: Any) -> None:
    """Note that the hub let somebody not in, from where, and why."""
    thing = User.objects.filter(username=name).first() or UNKNOWN
    audit.record(by=ENGINE, verb="refuse_sign_in", thing=thing, after={"address": address, **more}, reason=reason)


def record_too_many(name: str, address: str) -> None:
    """Note that tries are no longer looked at; once a minute, so that whoever tries does not fill the trail."""
    key = hashlib.sha256(f"{name}\n{address}".encode()).hexdigest()
    if cache.add(f"sign-in:told:{key}", 1, PAUSE):
        record(name, address, "too many tries")
