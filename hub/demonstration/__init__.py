"""The demonstration firm Halden & Partner in the hub: companies, people, tables, connections, routes, schedules.

Everything is made by the verbs that people use, so that history and audit trail look as in a real firm. Loading twice
changes nothing that people have changed in between. The simulated systems are asked over HTTP and as a program only.
"""

from hub.demonstration.load import LeftOut, Loaded, is_loaded, load, require_ours

__all__ = ["LeftOut", "Loaded", "is_loaded", "load", "require_ours"]
