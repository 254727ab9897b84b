"""A line whose costly words are looked for once: a page lists what they mean, counts it and adds it up.

A text or a key is looked for among all open items. What was found stands for these words in all that the page asks
afterwards, so that each of its questions looks at the few that were found, and not at all once more.
"""

from dataclasses import replace

from exceptions_queue.models import WorkItem
from exceptions_queue.query.compiled import FOUND, Asker, condition, only_open
from exceptions_queue.query.counting import ALWAYS
from exceptions_queue.query.line import Term
from exceptions_queue.query.words import Understood
from governance.models import User

COSTLY = ("", "key", "waiting", "has", "tries", "version")  # of which each open item is looked at, and keys
MOST = 40_000  # items that may stand for words: what has more is found soon, and for each question anew


def looked_for(found: Understood, user: User) -> Understood:
    """Return a line of the same meaning to somebody at this moment, whose costly words were looked for. One query.

    The line itself stays, as it is written. What is chosen of the words that are always counted stays, too: each of
    them is counted without it. Returned as it is: a line without costly words, one of resolved items by more than
    keys, and one whose costly words mean too many.
    """
    costly = [(t, meant) for t, meant in found.meant if t.word in COSTLY]
    by_key = all(t.word == "key" and not t.negated for t, _ in costly)  # means few items, resolved ones or not
    if not costly or found.wrong or not (only_open(found) or by_key):
        return found
    rows = WorkItem.objects.visible_to(user).filter(condition(found, Asker(user), without=frozenset(ALWAYS)))
    numbers = list(rows.order_by().values_list("pk", flat=True)[: MOST + 1])
    if len(numbers) > MOST:
        return found
    cheap = tuple(each for each in found.meant if each not in costly)
    return replace(found, meant=(*cheap, (Term(FOUND, ()), (numbers,))))
