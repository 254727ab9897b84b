"""Fits what a draft's form sends to the rows that the draft is put into: each time they have other numbers."""

from typing import Any

from django.http import HttpRequest, QueryDict


def fitted(request: HttpRequest, row: Any, edited_together: Any) -> QueryDict:
    """Return what was sent, with the numbers that the rows edited together and their own row have this time."""
    sent = request.POST.copy()
    for formset, inline in edited_together:
        prefix = formset.get_default_prefix()
        shown = formset(instance=row, prefix=prefix, queryset=inline.get_queryset(request))
        for number, each in enumerate(shown.initial_forms):
            if f"{prefix}-{number}-id" in sent:
                sent[f"{prefix}-{number}-id"] = str(each.instance.pk)
        for name in [each for each in sent if each.startswith(f"{prefix}-") and each.endswith(f"-{formset.fk.name}")]:
            sent[name] = str(row.pk)
    return sent
