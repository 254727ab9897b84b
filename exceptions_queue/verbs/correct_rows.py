"""Correcting several fields of members at once, each member with values of its own: what a sheet says."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from canonical.entities import ENTITIES
from exceptions_queue.models import Deed, WorkItem
from exceptions_queue.verbs.asking import Wish
from exceptions_queue.verbs.correct_field import LIMIT, Corrected, Stale, correctable, kept_from, send_again
from exceptions_queue.verbs.guarding import guard, guard_done
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason
from governance.models import User
from governance.rights import Right, require
from routes import overlays, right_values


@transaction.atomic
def correct_rows(
    item: WorkItem, *, by: User, rows: Mapping[UUID, Mapping[str, str]], reason: str,
    seen_until: Mapping[UUID, int] | None = None,
) -> Corrected:  # fmt: skip
    """Correct fields of members, by failure and field, and send them again; an empty value empties its field.

    The same as `correct_field` for each, but sent once. Raises NotAllowed, Stale where somebody has corrected a field
    after `seen_until`, NotPossible where a value does not fit or a member is not open any more, and NeedsApproval.
    """
    require(by, Right.EDIT_OVERLAY, item.legal_entity_id)
    reason = need_reason(reason, "A correction")
    allowed = {field.name: field for field in correctable(item, by)}
    members = chosen(item, rows.keys(), limit=LIMIT)
    if len(members) < len(rows):
        raise NotPossible("Some of them are not open any more: somebody else has seen to it. Take the sheet anew.")
    for values in rows.values():
        for name, value in values.items():
            if name not in allowed:
                raise NotPossible(f"The {name.replace('_', ' ')} cannot be corrected here.")
            try:
                right_values.read(ENTITIES[item.entity], allowed[name], value)
            except ValueError as error:
                raise NotPossible(str(error)) from error
    names = sorted({name for values in rows.values() for name in values})
    typed = {str(id_): dict(values) for id_, values in rows.items()}
    fixed = bool({*names} & kept_from(item, by))
    wish = Wish(Deed.CORRECT, item, members, {"rows": typed}, reason)
    deed = guard(wish, by=by, fields=names, fixed=fixed)
    try:
        for member in members:
            if member.record_id is None:
                raise NotPossible("This holds no records, so there is no field to correct. Choose another remedy.")
            for name, value in rows[member.pk].items():
                overlays.correct(
                    record=member.record_id, field=name, value=value, reason=reason, by=by,
                    seen_until=(seen_until or {}).get(member.pk), emergency=deed.emergency_id if deed else None,
                )  # fmt: skip
    except overlays.Overtaken as error:
        raise Stale(str(error)) from error
    except NotPossible:
        raise
    except ValueError as error:
        raise NotPossible(str(error)) from error
    plain = " and ".join(name.replace("_", " ") for name in names)
    told = f"{plain} of {len(members):,} corrected as a sheet says: {reason}"
    done = send_again(item, members, by=by, told=told, after={"fields": ", ".join(names)}, reason=reason)
    if deed is None:
        guard_done(wish, by=by, fields=names)
    return done
