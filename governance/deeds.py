"""What each verb of the audit trail is called on a page: the one table of words for them.

A test finds every verb that the code writes and asks for its words here. What an older release wrote keeps its words
too; an unknown verb shows its name with blanks, so that no history is cut short by it.
"""

from django.apps import apps

DEEDS = {
    # Anything that is configured
    "add": "made", "create": "made", "change": "changed", "delete": "deleted", "apply": "applied from files",
    "set_up": "set up", "switch_on": "switched on", "switch_off": "switched off", "end": "ended",
    # Versions
    "draft": "draft written", "revise": "draft changed", "submit": "sent for approval", "approve": "approved",
    "withdraw": "taken back", "send_back": "sent back", "publish": "published", "schedule": "time of publication set",
    "retire": "taken out of force", "roll_back": "rolled back", "install": "put in force as shipped",
    "keep": "changed at once and kept", "share": "shared", "export": "put into a sheet", "discard": "draft thrown away",
    "follow": "draft goes on under the new short name",
    # Rows of tables
    "propose_deletion": "proposed to be deleted", "keep_table": "kept after all",
    "replace": "replaced", "refuse": "refused",
    # People and programs
    "grant": "role given", "revoke": "role taken", "close_account": "account closed", "open_account": "account opened",
    "set_password": "password set by another", "change_password": "password changed", "vouch": "vouched for",
    "sign_in": "signed in", "sign_out": "signed out", "refuse_sign_in": "sign-in refused",
    "end_session": "session ended", "end_sessions": "other sessions ended", "end_program": "program ended",
    "enrol_second_factor": "second factor set up", "remove_second_factor": "second factor removed",
    "reset_second_factor": "second factor reset", "renew_recovery_codes": "recovery codes renewed",
    "link_provider": "linked to the firm's sign-in", "unlink_provider": "unlinked from the firm's sign-in",
    "register": "registered", "renew_secret": "secret renewed", "rotate": "encryption keys rotated",
    # Connections, routes, subscriptions
    "test": "tested", "sample": "sample read", "preview": "previewed", "pause": "paused", "resume": "resumed",
    "try_again": "tried again now", "set_schedule": "schedule set", "remove_schedule": "schedule removed",
    "read_from_start": "to be read from the start",
    "subscribe": "subscribed", "try": "tried", "send_again": "sent again", "drop_event": "event dropped",
    "rotate_secret": "secret renewed", "renew_sign_in": "sign-in entered anew",
    # Work
    "reverse": "taken back at the target", "question": "questioned",
    "send back to source": "sent back to its source", "tell source": "told at its source by hand",
    "waive_rule": "let pass a rule once", "ask": "target asked", "fetch_again": "fetched again",
    "take": "taken on", "resubmit": "resubmitted", "waive": "waived",
    "take_up": "taken up again, and held", "correct": "corrected", "confirm": "confirmed",
    "probe": "system asked", "read_again": "read again", "move_period": "moved to the next period",
    "take_back": "correction taken back", "write_hint": "hint written",
    "resolve": "resolved", "link": "linked", "unlink": "link taken out",
    "assign": "given to somebody", "hand back": "given back",
    "leave to rules": "left to the rules",
    "comment": "remark written", "tag": "tagged", "reopen": "opened again", "put aside": "put aside",
    "waits for": "left to wait for somebody", "prioritise": "priority set",
    "leave priority": "priority left to the formula", "set order": "order of exceptions changed",
    "ask approval": "approval asked", "expire": "expired",
    "open_emergency": "emergency mode opened", "end_emergency": "emergency mode ended",
    "act_in_emergency": "done in emergency mode", "confirm_deed": "deed in emergency mode confirmed",
    "object_to_deed": "deed in emergency mode objected to",
    "merge": "merged", "take_apart": "taken apart", "split": "split", "classify": "cause named",
    "plan": "planned", "start": "started", "go_on": "let go on", "cancel": "cancelled",
}  # fmt: skip
OTHER_KINDS = {  # what no model of ours stands for under that name
    "record": "record", "transaction": "transaction",
}  # fmt: skip


def deed(verb: str) -> str:
    """Return what pages call a verb of the audit trail, such as "schedule set"."""
    return DEEDS.get(verb) or verb.replace("_", " ")


def thing(kind: str) -> str:
    """Return what pages call the kind of a thing in the audit trail: "routes.route" is "route"."""
    if kind in OTHER_KINDS:
        return OTHER_KINDS[kind]
    try:
        return str(apps.get_model(kind)._meta.verbose_name)
    except (LookupError, ValueError):  # of a release that is gone, or of one to come
        return kind.rpartition(".")[2].replace("_", " ")
