"""The admin of anything that belongs to legal entities: roles decide what is listed, shown and changed.

Django's own permissions are not asked; being staff opens the door of the admin, and the roles decide the rest.
"""

from typing import Any

from django import forms
from django.contrib.admin import RelatedFieldListFilter
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from governance import audit
from governance.encrypted import EncryptedJSONField
from governance.roles import Right
from governance.scoping import ALL, entity_ids, path_to_entity


class VisibleFilter(RelatedFieldListFilter):
    """Filters a list by a row that it refers to; names only those that the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return the rows to choose from, by id and name."""
        offered = field.remote_field.model._default_manager.all()
        rows = _scoped(offered, request, model_admin.right_to_view)
        return sorted(((row.pk, str(row)) for row in rows), key=lambda pair: pair[1].casefold())


class ScopedAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Lists what is visible to the person, asks the two rights, and writes an audit entry with every change."""

    right_to_view = Right.VIEW
    right_to_change = Right.EDIT_CONFIGURATION
    list_per_page = 40  # a row takes two milliseconds to draw

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[models.Model]:
        """Return what the person may see; of a global model everything."""
        return _scoped(super().get_queryset(request), request, self.right_to_view)

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the list's filters; what they name is visible to the person."""
        names = {field.name for field in self.opts.get_fields() if field.many_to_one}
        return [(each, VisibleFilter) if each in names else each for each in super().get_list_filter(request)]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the application to those who may see something of it."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the right to see, in the row's legal entity or anywhere."""
        return _has_right(request, self.right_to_view, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the right to change, anywhere; where exactly is asked when saving."""
        return _has_right(request, self.right_to_change, None)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the right to change, in the row's legal entity or anywhere."""
        return _has_right(request, self.right_to_change, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the right to change, in the row's legal entity or anywhere."""
        return _has_right(request, self.right_to_change, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows that the person may see."""
        offered = db_field.remote_field.model._default_manager.all()
        kwargs.setdefault("queryset", _scoped(offered, request, self.right_to_view))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Save with an audit entry; refuse to put a row into a legal entity where the person has no hand."""
        super().save_model(request, obj, form, change)
        if not _has_right(request, self.right_to_change, obj):
            raise PermissionDenied(f"{obj} belongs to a legal entity in which your roles do not let you change this.")
        before = {name: _told(obj, name, form.initial.get(name)) for name in form.changed_data if change}
        after = {name: _told(obj, name, form.cleaned_data.get(name)) for name in form.changed_data}
        self._record(request, obj, "change" if change else "add", before, after)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows that are edited together with this one, each with an audit entry."""
        super().save_formset(request, form, formset, change)
        for obj in formset.new_objects:
            self._record(request, obj, "add", {}, {"row": str(obj)})
        for obj, fields in formset.changed_objects:
            self._record(request, obj, "change", {}, {name: _told(obj, name, getattr(obj, name)) for name in fields})
        for obj in formset.deleted_objects:
            self._record(request, obj, "delete", {"row": str(obj)}, {})

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete with an audit entry."""
        self._record(request, obj, "delete", {}, {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[models.Model]) -> None:
        """Delete what is chosen in the list one by one, so that each is asked for and recorded."""
        for obj in queryset:
            if not self.has_delete_permission(request, obj):
                raise PermissionDenied(f"Your roles do not let you delete {obj}.")
            self.delete_model(request, obj)

    def _record(self, request: HttpRequest, obj: models.Model, verb: str, before: object, after: object) -> None:
        legal_entity = _legal_entity_of(obj)
        audit.record(by=request.user, verb=verb, thing=obj, before=before, after=after, legal_entity=legal_entity)


class ScopedInline(TabularInline):  # type: ignore[misc]  # unfold carries no types
    """Rows edited together with the row they belong to: whoever may change that one may change these."""

    extra = 0
    right_to_view = Right.VIEW
    right_to_change = Right.EDIT_CONFIGURATION

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the right to see, for the row they belong to."""
        return _has_right(request, self.right_to_view, obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the right to change, for the row they belong to."""
        return _has_right(request, self.right_to_change, obj)

    has_add_permission = has_delete_permission = has_change_permission

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Name each input by itself: in a table's row the label stands at the column's head, where nobody hears it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            widget = getattr(field.widget, "widget", field.widget)  # a related row's widget is wrapped in links
            widget.attrs.setdefault("aria-label", str(field.label or db_field.verbose_name).capitalize())
        return field


def _legal_entity_of(obj: models.Model) -> int | None:
    """Return the id of the legal entity that the row's entity_path leads to."""
    if obj.pk is None or not hasattr(type(obj)._default_manager.all(), "visible_to"):
        return None
    queryset = type(obj)._default_manager.filter(pk=obj.pk)
    return queryset.values_list(path_to_entity(queryset), flat=True).first()


def _has_right(request: HttpRequest, right: Right, obj: models.Model | None) -> bool:
    """Return whether the person has the right in the row's legal entity; without one, anywhere."""
    ids = _ids(request, right)
    if ids is ALL:
        return True
    if obj is None or obj.pk is None or not hasattr(type(obj)._default_manager.all(), "visible_to"):
        return bool(ids)
    return _scoped(type(obj)._default_manager.filter(pk=obj.pk), request, right).exists()


def _ids(request: HttpRequest, right: Right) -> frozenset[int] | None:
    """Return where the person has a right, asked once per request: the list of pages alone asks for every model."""
    known: dict[Right, frozenset[int] | None] = request.__dict__.setdefault("_entity_ids", {})
    if right not in known:
        known[right] = entity_ids(request.user, right)
    return known[right]


def _scoped(
    queryset: models.QuerySet[models.Model], request: HttpRequest, right: Right
) -> models.QuerySet[models.Model]:
    visible_to = getattr(queryset, "visible_to", None)
    return queryset if visible_to is None else visible_to(request.user, right)


def _told(obj: models.Model, name: str, value: object) -> object:
    """Return a value as the audit entry shows it: rows by name, secrets not at all."""
    names = {field.name: field for field in obj._meta.get_fields()}
    if isinstance(names.get(name), EncryptedJSONField) or "password" in name:
        return "•••"
    if isinstance(value, models.Model | models.QuerySet):
        return str(value) if isinstance(value, models.Model) else [str(each) for each in value]
    try:
        return audit.plain(value)
    except TypeError:
        return str(value)
