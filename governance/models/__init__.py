"""The rows of governance, by subject."""

from governance.models.api import ApiAnswer, ApiClient, ApiUse
from governance.models.audit_entry import AuditEntry, AuditHead, AuditSeal
from governance.models.calendar import BusinessCalendar, CalendarDay, WeekdayHours
from governance.models.keyholder import Keyholder
from governance.models.people import LegalEntity, RoleGrant, User
from governance.models.version import ProposedSecrets, State, Version

__all__ = [
    "ApiAnswer",
    "ApiClient",
    "ApiUse",
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "BusinessCalendar",
    "CalendarDay",
    "Keyholder",
    "LegalEntity",
    "ProposedSecrets",
    "RoleGrant",
    "State",
    "User",
    "Version",
    "WeekdayHours",
]
