"""`python -m hub.supervisor`: runs the whole hub until Ctrl-C."""

import sys

from hub import bytecode

if __name__ == "__main__":
    bytecode.keep()
    from hub.supervisor.serve import main

    sys.exit(main())
