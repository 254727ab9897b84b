"""The roles, the rights, and which role has which: one table that prints on a screen.

A person holds a role in one legal entity or in all of them (`RoleGrant`); rights are never given one by one.
"""

from django.db.models import TextChoices

from canonical.entity import Mask


class Role(TextChoices):
    """What a person does for the firm."""

    INTEGRATION_ADMIN = "integration_admin", "Integration admin"
    FINANCE = "finance", "Finance operations"
    CONTROLLER = "controller", "Controller"
    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    EMERGENCY = "emergency", "Emergency mode"


class Right(TextChoices):
    """What a verb asks for. The label completes the sentence "… needs the right to"."""

    VIEW = "view", "see records and work items"
    WORK_QUEUE = "work_queue", "work on work items"
    EDIT_OVERLAY = "edit_overlay", "correct fields"
    EDIT_ANY = "edit_any", "work in emergency mode"
    RESUBMIT = "resubmit", "resubmit"
    RESUBMIT_VERSION = "resubmit_version", "resubmit with a version of a mapping that is out of force"
    WAIVE = "waive", "waive"
    REVERSE = "reverse", "reverse what is posted"
    RETURN = "return", "send back to the source"
    SEND_EVENTS = "send_events", "send business events"
    APPROVE = "approve", "approve corrections and releases"
    EDIT_TABLES = "edit_tables", "add rows to lookup tables"
    APPROVE_TABLES = "approve_tables", "approve rows of lookup tables"
    EDIT_CONFIGURATION = "edit_configuration", "edit connections, mappings and routes"
    APPROVE_CONFIGURATION = "approve_configuration", "approve configuration"
    PUBLISH_CONFIGURATION = "publish_configuration", "publish configuration"
    OPERATE = "operate", "pause connections, set maintenance windows and close breakers"
    SEE_TECHNICAL = "see_technical", "see technical details"
    MANAGE_USERS = "manage_users", "give and take roles"
    SEE_PAY = "see_pay", "see pay and cost rates"
    SEE_PERSON = "see_person", "see names and addresses of people"
    SEE_BANK = "see_bank", "see bank accounts"


ROLE_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.FINANCE: frozenset(
        {
            Right.VIEW,
            Right.WORK_QUEUE,
            Right.EDIT_OVERLAY,
            Right.RESUBMIT,
            Right.SEND_EVENTS,
            Right.WAIVE,
            Right.REVERSE,
            Right.RETURN,
            Right.EDIT_TABLES,
            Right.SEE_PERSON,
            Right.SEE_BANK,
        }
    ),
    Role.CONTROLLER: frozenset(
        {
            Right.VIEW,
            Right.WORK_QUEUE,
            Right.EDIT_OVERLAY,
            Right.RESUBMIT,
            Right.RESUBMIT_VERSION,
            Right.WAIVE,
            Right.REVERSE,
            Right.RETURN,
            Right.APPROVE,
            Right.EDIT_TABLES,
            Right.APPROVE_TABLES,
            Right.APPROVE_CONFIGURATION,
            Right.SEE_PERSON,
            Right.SEE_PAY,
            Right.SEE_BANK,
        }
    ),
    Role.INTEGRATION_ADMIN: frozenset(
        {
            Right.VIEW,
            Right.WORK_QUEUE,
            Right.RESUBMIT,
            Right.RESUBMIT_VERSION,
            Right.SEND_EVENTS,
            Right.EDIT_TABLES,
            Right.EDIT_CONFIGURATION,
            Right.APPROVE_CONFIGURATION,
            Right.PUBLISH_CONFIGURATION,
            Right.OPERATE,
            Right.SEE_TECHNICAL,
            Right.SEE_PERSON,
        }
    ),
    # The operator keeps the hub running and gives roles, but has no hand in business values.
    Role.OPERATOR: frozenset({Right.VIEW, Right.OPERATE, Right.SEE_TECHNICAL, Right.MANAGE_USERS}),
    # Beside another role, given to few: it lifts the second person of policies and what routes keep fixed, for hours.
    Role.EMERGENCY: frozenset({Right.VIEW, Right.EDIT_ANY}),
}

# Rights that need certainty who is at the keyboard: lost while nobody has vouched for a password that another has set.
ENTRUSTED = frozenset(
    {Right.APPROVE, Right.APPROVE_TABLES, Right.APPROVE_CONFIGURATION, Right.MANAGE_USERS, Right.EDIT_ANY}
)

# Rights whose work lies in the administration: a role that has one of them opens it. What is seen and changed there is
# asked page by page.
OPENING = (
    Right.EDIT_CONFIGURATION,
    Right.APPROVE_CONFIGURATION,
    Right.PUBLISH_CONFIGURATION,
    Right.OPERATE,
    Right.MANAGE_USERS,
)

# Which right lifts which mask; a mask without a row here is never lifted.
MASK_RIGHTS: dict[Mask, Right] = {
    Mask.PAY: Right.SEE_PAY,
    Mask.PERSON: Right.SEE_PERSON,
    Mask.BANK: Right.SEE_BANK,
}


def roles_with(right: Right) -> list[Role]:
    """Return the roles that have a right, in the order of the table."""
    return [role for role, rights in ROLE_RIGHTS.items() if right in rights]
