"""Why nothing can be taken just now, in words: the database is full or away, somebody else held what was wanted, or
the encryption keys, without which no secret can be kept or read, cannot be used."""

from psycopg import OperationalError

from governance.keys import OPERATOR, KeysUnusable

FULL = "The disk that holds the hub's database is full. An operator has to make room; work goes on by itself then."
AWAY = "The hub's database starts again or cannot be reached just now. Work goes on by itself when it answers."
CROWDED = "The hub's database has no connection left just now."
BUSY = "Somebody else was changing the same just now, and one of the two had to give way. Do it again."
KEYS = f"The hub's encryption keys cannot be used just now. {OPERATOR}"
WORDS = {"40001": BUSY, "40P01": BUSY, "55P03": BUSY}  # serialization, deadlock, lock not available
WORDS |= {"53100": FULL, "53300": CROWDED, "57P01": AWAY, "57P02": AWAY, "57P03": AWAY}
SECONDS = 10  # after which whoever was refused may ask again


def why(error: BaseException | None) -> str:
    """Return why, from whatever was raised; empty where something else is wrong."""
    while error is not None:
        if isinstance(error, KeysUnusable):
            return KEYS
        state = getattr(error, "sqlstate", None)
        if state in WORDS:
            return WORDS[state]
        if isinstance(error, OperationalError) and (state is None or state.startswith("08")):
            return AWAY
        error = error.__cause__
    return ""
