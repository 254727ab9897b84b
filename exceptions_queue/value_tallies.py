"""Numbers of open items by client, project, person and other values of many kinds, without looking at each item.

As with `tallies`, the database writes what each change of items makes of these numbers beside it, in the same
transaction. Kept apart from those: what is told apart by everything at once would be as many rows as there are items.
So a line that asks for states and companies alone is counted from here, and any other from the items.
"""

from django.db.models import Sum

from canonical.entity import Mask
from exceptions_queue import tallies
from exceptions_queue.models import State, WorkItemValueTally
from exceptions_queue.query.compiled import Asker, condition
from exceptions_queue.query.words import Understood

WORDS = frozenset({"client", "project", "contract", "worker", "period", "cause", "target"})  # as in migration 0034
STATES = frozenset({"open", *State.values})
MANY = 5_000  # changes from which on they are summed up; one item that comes or goes makes up to seven
LOCK = 7_015_004  # of who sums up

SUM_UP = """
WITH known AS (
    DELETE FROM exceptions_queue_workitemvaluetally t USING (
        SELECT DISTINCT legal_entity_id, word, value FROM exceptions_queue_workitemvaluetally WHERE NOT is_sum
    ) n WHERE t.word = n.word AND t.legal_entity_id = n.legal_entity_id AND t.value = n.value
    RETURNING t.*
)
INSERT INTO exceptions_queue_workitemvaluetally (legal_entity_id, state, word, value, items, is_sum)
SELECT legal_entity_id, state, word, value, sum(items), true
FROM known GROUP BY legal_entity_id, state, word, value HAVING sum(items) <> 0
"""
# Both sides are of one moment, so that they differ only where something has passed the triggers by.
IS_RIGHT = """
SELECT (SELECT (count(nullif(about ->> 'customer_id', '')), count(nullif(about ->> 'project_code', '')),
                count(nullif(about ->> 'period', '')), count(nullif(cause_code, '')))
        FROM exceptions_queue_workitem WHERE state <> 'resolved')
    = (SELECT (coalesce(sum(items) FILTER (WHERE word = 'client'), 0)::bigint,
               coalesce(sum(items) FILTER (WHERE word = 'project'), 0)::bigint,
               coalesce(sum(items) FILTER (WHERE word = 'period'), 0)::bigint,
               coalesce(sum(items) FILTER (WHERE word = 'cause'), 0)::bigint)
        FROM exceptions_queue_workitemvaluetally)
"""


def serves(found: Understood, word: str) -> bool:
    """Return whether the values of a word among a line's open items can be counted from here."""
    return word in WORDS and all(
        term.word == "entity" or (term.word == "is" and set(meant) <= STATES)
        for term, meant in found.meant
        if term.word != word or term.negated
    )


def counted(found: Understood, word: str, asker: Asker) -> list[tuple[str, int]]:
    """Return the values of a word with the number of a line's open items that somebody sees, most first. One query.

    What is chosen of the word itself does not narrow them. Of "target", a value holds ids of route and connection.
    """
    rows = WorkItemValueTally.objects.visible_to(asker.user)
    rows = rows.filter(condition(found, asker, without=frozenset({word})), word=word)
    if word == "worker" and (sees := asker.sees(Mask.PERSON)) is not None:  # persons only where somebody sees who
        rows = rows.filter(sees)
    summed = rows.order_by().values_list("value").annotate(n=Sum("items")).filter(n__gt=0)
    return list(summed.order_by("-n", "value"))


def sum_up() -> int:
    """Put one row in place of those that are alike, as the first tally does; return how many changes there were."""
    changes, anew = WorkItemValueTally.objects.filter(is_sum=False), "exceptions_queue_value_tally_anew"
    return tallies.summed_up(changes, most=MANY, lock=LOCK, sums=SUM_UP, is_right=IS_RIGHT, anew=anew)
