"""One transaction: its values on their way, and its history."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from exceptions_queue import story, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.way import way
from governance.rights import Right, allowed
from routes.models import Failure, Run, Transaction
from routes.plan import NotReadyToRun
from routes.states import State

LABELS = dict(State.choices) | {"routed": "its destinations are chosen", "": "beginning"}


@page
def transaction(request: HttpRequest, transaction: UUID) -> HttpResponse:
    """Show a transaction's way from the source to the target, with everybody who had a hand in it."""
    user = person(request)
    visible = Transaction.objects.visible_to(user).select_related(
        "destination__route__connection", "destination__connection", "legal_entity"
    )
    row = get_object_or_404(visible, pk=transaction)
    told = story.tell(row, user)
    failure = Failure.objects.filter(transaction_id=row.pk, closed_at=None).first()
    item = failure and WorkItem.objects.visible_to(user).open().filter(fingerprint=failure.fingerprint).first()
    more = context(
        "transactions",
        may_send=row.state == State.WAIVED and allowed(user, Right.RESUBMIT, row.legal_entity_id),
        may_question=row.state == State.POSTED
        and not row.withdraws
        and failure is None
        and allowed(user, Right.WORK_QUEUE, row.legal_entity_id),
        transaction=row,
        story=told,
        item=item,
        way=way(row.state, [step for step in told.transitions if step.subject_id == row.pk]),
        run=Run.objects.visible_to(user).filter(pk=row.run_id).select_related("route").first() if row.run_id else None,
        history=[(step, LABELS.get(step.to_state, step.to_state)) for step in told.transitions],
    )
    return render(request, "queue/transaction.html", more)


@page
@require_POST
def send_again(request: HttpRequest, transaction: UUID) -> HttpResponse:
    """Send what was waived after all, unless a newer version has come since."""
    user = person(request)
    row = get_object_or_404(Transaction.objects.visible_to(user), pk=transaction)
    try:
        asked = verbs.send_after_all(row, by=user, reason=request.POST.get("reason", "")[:500])
    except (verbs.NotPossible, NotReadyToRun) as error:
        messages.error(request, str(error))
        return redirect("queue:transaction", transaction=row.pk)
    if asked is None:
        messages.success(request, "It goes through again.")
    else:
        messages.success(
            request, f"Nothing was sent yet: {asked.policies} asks for a second person. It is request {asked.number}."
        )
    return redirect("queue:transaction", transaction=row.pk)


@page
@require_POST
def question(request: HttpRequest, transaction: UUID) -> HttpResponse:
    """Open an exception about what is posted, and lead to it."""
    user = person(request)
    row = get_object_or_404(Transaction.objects.visible_to(user), pk=transaction)
    try:
        item = verbs.question(row, by=user, reason=request.POST.get("reason", "")[:500])
    except verbs.NotPossible as error:
        messages.error(request, str(error))
        return redirect("queue:transaction", transaction=row.pk)
    messages.success(request, f"{row.key} is questioned. It stays posted until somebody takes it back.")
    return redirect("queue:item", number=item.number)
