"""The admin of governance: legal entities, people and their roles, calendars; versions and audit entries to look at."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from unfold.paginator import InfinitePaginator

from governance import calendar_admin as calendar_admin
from governance import client_admin as client_admin
from governance import people_admin as people_admin
from governance.in_lines import in_lines
from governance.models import AuditEntry, LegalEntity, Version
from governance.scoped_admin import ScopedAdmin

admin.site.unregister(Group)  # rights come from roles per legal entity, never from groups
# What signing in keeps is changed by its own pages and verbs; providers are the operator's, in the environment.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession])


class LookOnly:
    """Shows rows; they are changed by verbs elsewhere, or never."""

    def has_add_permission(self, *_: object) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(LegalEntity)
class LegalEntityAdmin(ScopedAdmin):
    """The companies of the firm."""

    list_display = ("code", "name", "country", "currency")
    search_fields = ("code", "name")


@admin.register(Version)
class VersionAdmin(LookOnly, ScopedAdmin):
    """Versions of everything configurable."""

    list_display = ("object_key", "kind", "number", "state", "created_at", "legal_entity")
    list_filter = ("kind", "state", "legal_entity")
    search_fields = ("object_key",)
    exclude = ("content",)
    readonly_fields = ("says",)

    @admin.display(description="Content")
    def says(self, version: Version) -> str:
        """Tell what the version says, in lines."""
        return in_lines(version.content)


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly, ScopedAdmin):
    """Who did what to what."""

    list_display = ("at", "actor_name", "verb", "thing_name", "reason", "channel")
    list_filter = ("verb", "channel")
    search_fields = ("thing_name", "actor_name")
    exclude = ("digest", "before", "after")
    readonly_fields = ("was", "became")
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing
    ordering = ("-at",)

    @admin.display(description="Before")
    def was(self, entry: AuditEntry) -> str:
        """Tell what stood there, in lines."""
        return in_lines(entry.before)

    @admin.display(description="After")
    def became(self, entry: AuditEntry) -> str:
        """Tell what stands there since, in lines."""
        return in_lines(entry.after)
