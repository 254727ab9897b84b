"""What Tryton's own environment leaves out in tests: costly hashes of throw-away passwords, and collecting garbage.

    python quick.py -c CONFIG -d DATABASE      (the arguments of trytond, which then serves)

The server is Tryton's own. It lives for a minute or two with many live objects, which the collector would walk over and
over; and tests log in a hundred times, each time with what a hash of Argon2 costs.
"""

import gc

from pwdlib.hashers.argon2 import Argon2Hasher


def hash_quickly() -> None:
    """Let passwords be hashed by the same algorithm at its lowest cost; call it before Tryton's models are read."""
    Argon2Hasher.__init__.__defaults__ = (1, 8, 1, *Argon2Hasher.__init__.__defaults__[3:])  # passes, KiB, threads


if __name__ == "__main__":
    from trytond.cli import main

    hash_quickly()
    gc.disable()
    main()
