"""The web process's entry."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from hub import standing_still

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
application = get_wsgi_application()
standing_still.end_after_a_lease()
_ = (
    get_resolver().url_patterns
)  # loads all pages before the workers are forked: once, and not with somebody's first request
