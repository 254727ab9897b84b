"""Gives templates the words of the line by which the list is narrowed."""

from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from exceptions_queue.query.words import TABLE

register = template.Library()


@register.simple_tag
@cache
def words_of_the_line() -> SafeString:
    """Return the table of these words: the same for everybody, so drawn once by a process and not for each page."""
    return render_to_string("queue/line_words.html", {"words": TABLE})
