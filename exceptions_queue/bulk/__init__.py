"""One action on many: chosen, planned, then run by workers with a pace, limits and a first few that go before the rest.

The verbs are in `planning` and `steering`; `running` is the workers' side. Nothing here knows how a remedy works: a run
calls the same verbs as the page of a single item, in the name of who planned it.
"""
