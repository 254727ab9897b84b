"""The rules that every connector keeps, run by pytest against its simulator or the real system.

A vendor's test supplies a `Subject` and runs `hold(rule, subject, engine)` for each of RULES. Which rules apply is read
from the manifest; what cannot hold is exempt there, with the reason.
"""

from connectors.conformance.rules import RULES, Broken, Rule, hold
from connectors.conformance.subject import Subject

__all__ = ["RULES", "Broken", "Rule", "Subject", "hold"]
