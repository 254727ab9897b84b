"""`python -m hub.supervisor`: runs the whole hub until Ctrl-C."""

import sys

from hub.supervisor.serve import main

sys.exit(main())
