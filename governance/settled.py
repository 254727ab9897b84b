"""What of a company is settled: its code once states are kept under it, and what two people decide where that is asked.

Everything that is configured is written down with its company's code, and reckoned by its country and currency. A
company has no drafts, so where a second person is asked for, nobody changes these who has not been freed by another.
"""

from django.db import models

from governance import second_person
from governance.models.people import LegalEntity

SETTLED_CODE = "The code cannot change any more: what is configured here is kept under it, and earlier states name it."
KEPT = (
    "{company} cannot be deleted: states of its configuration are kept under it, and a history is never deleted. Leave "
    "it in the list, where it does nothing any more once its routes are switched off, its connections paused and its "
    "roles taken; its name may say that it is closed."
)
HELD = (
    "Changes at this company need a second person, and this one is no draft that another could approve. Take “Ask for "
    "no second person” and let another agree to it, or change it; then ask for a second person again."
)


def has_settled_code(company: LegalEntity) -> bool:
    """Return whether versions of something are kept under a company's code. One query."""
    return company.pk is not None and company.version_set.exists()


def refuse_delete(company: LegalEntity) -> None:
    """Raise ProtectedError, in words, for a company under which versions of something are kept."""
    if has_settled_code(company):
        raise models.ProtectedError(KEPT.format(company=company), {company})


def refusals(company: LegalEntity) -> dict[str, str]:
    """Return why fields of a company that is about to be saved may not be what they are, by field.

    Whether a second person is needed is asked for `asked_by`, whoever the form or file is judged for. At most four
    queries.
    """
    stored = LegalEntity.objects.filter(pk=company.pk).first() if company.pk else None
    if stored is None:
        return {}
    changed = [each for each in ("code", "country", "currency") if getattr(stored, each) != getattr(company, each)]
    by, found = company.asked_by, dict[str, str]()
    asks = stored.second_person if by is None else second_person.asks_for(by, [stored]) is not None
    if changed and asks:
        found = dict.fromkeys(changed, HELD)
    if "code" in changed and has_settled_code(stored):
        found["code"] = SETTLED_CODE
    return found
