"""Users, roles, rights per legal entity, versions, approvals, audit, calendars and keys."""
