"""What Django's client keeps of the templates that a page was drawn with: the first context of each is enough.

Django copies the context of every template whenever it is drawn, so that a test can look into it: of a page with a long
list or form some hundred times, for nothing. A name is looked up in the first context that has it, before and now.
"""

from copy import copy
from typing import Any

from django.test import client
from django.test.utils import ContextList


def spare() -> None:
    """Let Django's client keep no more than that."""
    client.store_rendered_templates = _store


def _store(store: dict[str, Any], signal: Any, sender: Any, template: Any, context: Any, **_: Any) -> None:
    store.setdefault("templates", []).append(template)
    kept = store.setdefault("kept", set())
    if template.name is None or template.name not in kept:
        kept.add(template.name)
        store.setdefault("context", ContextList()).append(copy(context))
