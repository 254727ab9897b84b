"""Passwords tried at the API: how many were wrong lately, of a user name and from an address.

Counted in rows, one statement each, so that tries side by side are all counted. A try is noted before its password is
looked at and struck off afterwards; what was wrong stays counted until its window is over. Those under way count like
wrong ones: where they alone leave no room, the next one waits for what comes of them.
"""

import hashlib
import time

from django.db import connection, transaction

from governance.api.limits import WINDOW as MINUTE

MOST = {"name": 10, "address": 30}  # wrong passwords within a window, until none is looked at any more
MINUTES = 5  # a window
PATIENCE, PAUSE = 10.0, 0.05  # seconds: how long a try waits for others that are under way, looking how often
ADD = """
INSERT INTO governance_apiuse (caller, begins, used) VALUES (%s, %s, 1), (%s, %s, 1)
ON CONFLICT (caller, begins) DO UPDATE SET used = governance_apiuse.used + 1 RETURNING caller, used
"""
STRIKE_OFF = "UPDATE governance_apiuse SET used = used - 1 WHERE begins = %s AND caller = %s AND used > 0"
WRONG = "SELECT caller, used FROM governance_apiuse WHERE begins = %s AND caller = ANY(%s)"


class Try:
    """One password, tried for a user name from an address."""

    def __init__(self, name: str, address: str) -> None:
        self._until = (int(time.time()) // (MINUTE * MINUTES) + 1) * MINUTES - 1  # the window's last minute
        hashed = {of: hashlib.sha256(text.encode()).hexdigest()[:40]
                  for of, text in (("name", name.casefold()), ("address", address))}  # fmt: skip
        self._under_way = {f"trying:{of}:{text}": of for of, text in hashed.items()}
        self._wrong = {f"wrong:{of}:{text}": of for of, text in hashed.items()}

    def begins(self) -> bool:
        """Note it; return whether the password may be looked at. Whoever gets True ends it, whatever comes of it."""
        impatient = time.monotonic() + PATIENCE
        while True:
            trying = self._add(self._under_way)
            wrong = self._wrong_ones()  # after noting this one: each that came before is in the one count or the other
            if all(trying[of] + wrong[of] <= most for of, most in MOST.items()):
                return True
            self._strike_off()
            if any(wrong[of] >= most for of, most in MOST.items()) or time.monotonic() > impatient:
                return False
            time.sleep(PAUSE)

    def ends(self, *, wrong: bool) -> None:
        """Strike it off; what was wrong is counted first, so that it is missed at no moment."""
        if wrong:
            self._add(self._wrong)
        self._strike_off()

    def _add(self, keys: dict[str, str]) -> dict[str, int]:
        name, address = keys  # in this order always: no two wait for each other
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")  # a count that a power cut loses hurts nobody
            cursor.execute(ADD, [name, self._until, address, self._until])
            return {keys[key]: int(used) for key, used in cursor.fetchall()}

    def _strike_off(self) -> None:
        with connection.cursor() as cursor:
            for key in self._under_way:  # each for itself: no two wait for each other
                cursor.execute(STRIKE_OFF, [self._until, key])

    def _wrong_ones(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(WRONG, [self._until, list(self._wrong)])
            found = {self._wrong[key]: int(used) for key, used in cursor.fetchall()}
        return {of: found.get(of, 0) for of in MOST}
