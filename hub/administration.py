"""Loads the administration's pages together with the addresses, and not at the start of every program.

A worker, the clock and most commands never show a page: they start a third sooner without the forms of seven packages.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class Administration(SimpleAdminConfig):
    """Django's administration, whose pages `hub.urls` loads; its checks load them too."""

    default = False
    default_site = "hub.administration_site.Site"

    def ready(self) -> None:
        """Register the checks of the pages, of which none may be missing when they are made."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def _check_pages(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[checks.CheckMessage]:
    import hub.urls  # noqa: F401 - loads the pages

    return list(check_admin_app(app_configs, **options))
