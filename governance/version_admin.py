"""The admin of versions: which there are and who had a hand in them. What they say stands on pages of their own."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from governance.actor import names
from governance.columns import headed
from governance.look_only import LookOnly
from governance.models import Version
from governance.models.version import PUT_INTO_ROWS
from governance.scoped_admin import ScopedAdmin
from governance.versions import ONE_PERSON, SHIPPED

KINDS = {"calendar": "business calendar"}  # what pages call a kind, where it is not the kind itself
BY_RULE = {ONE_PERSON.reference: f"by {ONE_PERSON.name}", SHIPPED.reference: "came with Throughline"}


class KindFilter(admin.SimpleListFilter):
    """Filters versions by what they are of, in the words of the pages."""

    title, parameter_name = "what it is of", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the kinds."""
        return [(kind, _kind(kind)) for kind in ("mapping", *PUT_INTO_ROWS)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the versions of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Version)
class VersionAdmin(LookOnly, ScopedAdmin):
    """Versions of everything configurable."""

    list_display = ("thing", "number", "state", "begun", "legal_entity")
    begun = headed("created_at", "Begun")
    list_filter = (KindFilter, "state", "legal_entity")
    search_fields = ("object_key",)
    readonly_fields = ("thing", "at", "wrote", "sent", "approved", "planned", "published", "retired", "brings_back")
    fields = (
        "thing", "number", "state", "legal_entity", "note", "created_at", "wrote", "sent", "approved", "planned",
        "published", "retired", "brings_back", "at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the versions whose content the person may read."""
        found = super().get_queryset(request)
        return found.filter(pk__in=Version.objects.readable_by(request.user).values("pk"))

    @admin.display(description="Of", ordering="object_key")
    def thing(self, version: Version) -> str:
        """Tell what it is a version of: “Route Approved time from Harvest to NetSuite”."""
        content = version.content if isinstance(version.content, dict) else {}
        return f"{_kind(version.kind)} {content.get('name') or version.object_key}"

    @admin.display(description="Written by")
    def wrote(self, version: Version) -> str:
        """Name everybody who had a hand in it, the author first."""
        return ", ".join(dict.fromkeys(names([version.author, *version.contributors]).values()))

    @admin.display(description="Sent for approval")
    def sent(self, version: Version) -> str:
        """Tell who sent it in, and when."""
        return _told(version.submitted_by, version.submitted_at)

    @admin.display(description="Approved")
    def approved(self, version: Version) -> str:
        """Tell who approved it, and when; or that nobody else had to."""
        by_rule = BY_RULE.get(version.approved_by or "")
        return by_rule or _told(version.approved_by, version.approved_at)

    @admin.display(description="To be put in force")
    def planned(self, version: Version) -> str:
        """Tell for when it is planned, and by whom."""
        return _told(version.scheduled_by, version.publish_at)

    @admin.display(description="Put in force")
    def published(self, version: Version) -> str:
        """Tell who put it in force, and when."""
        return _told(version.published_by, version.published_at)

    @admin.display(description="Followed by another")
    def retired(self, version: Version) -> str:
        """Tell who put another in its place or took it out, and when."""
        return _told(version.retired_by, version.retired_at)

    @admin.display(description="Brings back")
    def brings_back(self, version: Version) -> str:
        """Tell which earlier version's content it is."""
        earlier = version.rolls_back_to
        return f"version {earlier.number}" if earlier is not None else "–"

    @admin.display(description="What it says")
    def at(self, version: Version) -> str:
        """Lead to the page that shows it in words, for those who may see it."""
        own = version.kind in PUT_INTO_ROWS
        address = reverse("changes:change", args=[version.pk]) if own else reverse("mappings:mappings")
        words = "Its page, with what it changes" if own else "Mappings, each with its versions"
        return format_html('<a class="underline" href="{}">{}</a>', address, words)


def _kind(kind: str) -> str:
    return str(capfirst(KINDS.get(kind, kind)))


def _told(who: str | None, when: datetime | None) -> str:
    if not who or when is None:
        return "–"
    return f"by {names([who])[who]}, {when:%Y-%m-%d %H:%M} UTC"
