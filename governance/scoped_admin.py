"""The admin of anything that belongs to legal entities: roles decide what is listed, shown and changed.

Django's own permissions are not asked; being staff opens the door of the admin, and the roles decide the rest.
"""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.utils import NestedObjects, unquote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db import models, router
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from governance import audit, discreet, history, protecting, second_person, taken
from governance.careful_deletion import CarefulDeletion
from governance.columns import headed
from governance.encrypted import EncryptedJSONField
from governance.in_words import in_words
from governance.inputs import AmountField, worded
from governance.list_filters import OnlyItsFilters
from governance.models import LegalEntity, User
from governance.roles import Right
from governance.scoping import ALL, entity_ids, path_to_entity
from governance.seen import Related, careful, hold

NOT_THERE = "Your roles let you change nothing there, or it is gone. Choose one of those in the list."
# Fields that people call otherwise than the code does.
WORDS = {"slug": "Short name", "enabled": "Switched on", "legal_entity": "Company", "username": "User name"}
SHOWN = 200  # changes of one row that its history shows


class VisibleFilter(RelatedFieldListFilter):
    """Filters a list by a row that it refers to; names only those that the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return the rows to choose from, by id and name."""
        offered = field.remote_field.model._default_manager.all()
        rows = _scoped(offered, request, model_admin.right_to_view)
        return sorted(((row.pk, str(row)) for row in rows), key=lambda pair: pair[1].casefold())

    def __init__(self, field: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, *args, **kwargs)
        self.title = WORDS.get(field.name, str(self.title)).lower()


class ScopedAdmin(CarefulDeletion, OnlyItsFilters, ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Lists what is visible to the person, asks the two rights, and writes an audit entry with every change."""

    right_to_view = Right.VIEW
    right_to_change = Right.EDIT_CONFIGURATION
    empty_value_display = "–"
    list_per_page = 40  # a row takes two milliseconds to draw
    looked_at_as_listed = False  # whoever may not change a row reads its list's words; its fields would be as stored
    also_seen: tuple[str, ...] = ()  # columns that its form changes under other names
    change_form_before_template = "admin/seen.html"
    of_company = headed("legal_entity", WORDS["legal_entity"])
    view_on_site: Any = False  # rows are linked to their pages by our own pages

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form; of a row that exists it tells when somebody else has changed that meanwhile."""
        own = getattr(getattr(self.form, "Meta", None), "labels", None) or {}
        form = _asking(super().get_form(request, obj, change, **{"labels": {**WORDS, **own}, **kwargs}), request)
        if not change or not self.has_change_permission(request, obj) or not (form.base_fields or self.also_seen):
            return form  # it changes nothing, so nothing can be overwritten
        return careful(form, self.model, self.also_seen, self._beside(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what a row's page shows, in groups."""
        if self.looked_at_as_listed and obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": self.list_display})]
        return super().get_fieldsets(request, obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kw: Any
    ) -> HttpResponse:
        """Show or take a form; what a verb refuses is said in words."""

        def taken_or_shown() -> HttpResponse:
            if request.method == "POST" and object_id is not None:
                hold(self.get_object(request, unquote(object_id)))
            return super(ScopedAdmin, self).changeform_view(request, object_id, *args, **kw)  # type: ignore[no-any-return]

        return in_words(request, taken_or_shown)

    def _beside(self, request: HttpRequest, obj: Any) -> list[Related]:
        """Return which rows are edited together with this one."""
        return [
            (inline.model, _key_to(inline.model, self.model), [f.name for f in inline.model._meta.concrete_fields])
            for inline in self.get_inline_instances(request, obj)
        ]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show who changed what and when, field by field, of the row and those edited together with it."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        entries = discreet.covered(self.history_of(request, obj)[: SHOWN + 1], cast(User, request.user))
        page = (self.opts.label_lower, str(obj.pk))
        given = {
            "title": f"History of {obj}",
            "changes": history.told(entries[:SHOWN], page=page, words=self.field_words),
            "more": len(entries) > SHOWN,
            "states": self.states_of(obj),
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk]),
        }
        return render(request, "admin/history.html", self.admin_site.each_context(request) | given)

    def states_of(self, obj: Any) -> str:
        """Return the address of a page with the states that a row was in, and the way back to them; "" for none."""
        return ""

    def history_of(self, request: HttpRequest, obj: Any) -> Any:
        """Return the audit entries of a row and of those edited together with it, the newest first."""
        things = [(self.opts.label_lower, str(obj.pk))]
        for model, key, _ in self._beside(request, obj):
            rows = model._default_manager.filter(**{key: obj.pk}).values_list("pk", flat=True)
            things += [(model._meta.label_lower, str(pk)) for pk in rows]
        return history.of_things(things)

    def field_words(self, kind: str, name: str) -> str:
        """Return what people call a field of an audit entry: as the form does where they change it."""
        forms_of = {each.model._meta.label_lower: each.form for each in self.inlines}
        form: Any = forms_of.get(kind, self.form if kind == self.opts.label_lower else None)
        labelled = getattr(form, "base_fields", {}).get(name)
        if labelled is not None and labelled.label:
            return _capital(str(labelled.label))
        if name in WORDS:
            return WORDS[name]
        try:
            return _capital(str(self.model._meta.get_field(name).verbose_name))
        except (FieldDoesNotExist, AttributeError):
            return _capital(name.replace("_", " "))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponseRedirect:
        """Say that a row is not there: it was deleted while somebody had it open, or is none of theirs."""
        lost = " What you typed is not saved." if request.method == "POST" else ""
        words = f"This {opts.verbose_name} is not there: somebody has deleted it, or it is not yours to see.{lost}"
        messages.warning(request, words)
        if self.has_view_permission(request):
            return redirect(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        return redirect("admin:index")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[models.Model]:
        """Return what the person may see; of a global model everything."""
        return _scoped(super().get_queryset(request), request, self.right_to_view)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the list's columns; what people call otherwise than the code does is headed as they call it."""
        shown = super().get_list_display(request)
        return ["of_company" if each == "legal_entity" else each for each in shown]

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

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return a field's input in the hub's words."""
        if isinstance(db_field, models.DecimalField):
            kwargs.setdefault("form_class", AmountField)
        return worded(super().formfield_for_dbfield(db_field, request, **kwargs))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows that the person may see; of those that say whose the row is, only where it may be changed."""
        offered = db_field.remote_field.model._default_manager.all()
        says_whose = db_field.name == path_to_entity(self.model._default_manager.all()).split("__")[0]
        right = self.right_to_change if says_whose else self.right_to_view
        kwargs.setdefault("queryset", _scoped(offered, request, right))
        if says_whose:
            kwargs.setdefault("error_messages", {"invalid_choice": NOT_THERE})
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Save with an audit entry; refuse to put a row into a legal entity where the person has no hand."""
        second_person.require_agreed(request.user, _concerned(obj), thing=str(obj))
        super().save_model(request, obj, form, change)
        if not _has_right(request, self.right_to_change, obj):
            raise PermissionDenied(f"{obj} belongs to a company in which your roles do not let you change this.")
        if change and not form.changed_data:
            return  # saved as it was: no line in a history
        before = {name: _told(obj, name, form.initial.get(name)) for name in form.changed_data if change}
        after = {name: _told(obj, name, form.cleaned_data.get(name)) for name in form.changed_data}
        self._record(request, obj, "change" if change else "add", before, after)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows that are edited together with this one, each with an audit entry."""
        for each in formset.forms:
            if each.has_changed():
                second_person.require_agreed(request.user, _concerned(each.instance), thing=str(each.instance))
        super().save_formset(request, form, formset, change)
        for obj in formset.new_objects:
            self._record(request, obj, "add", {}, {"row": str(obj)})
        started = {each.instance.pk: each.initial for each in formset.initial_forms}
        for obj, fields in formset.changed_objects:
            before = {name: _told(obj, name, started.get(obj.pk, {}).get(name)) for name in fields}
            after = {name: _told(obj, name, getattr(obj, name, None)) for name in fields}
            self._record(request, obj, "change", before, after)
        for obj in formset.deleted_objects:
            self._record(request, obj, "delete", {"row": str(obj)}, {})

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete with an audit entry."""
        second_person.require_agreed(request.user, _concerned(obj), thing=str(obj))
        self._record(request, obj, "delete", {}, {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[models.Model]) -> None:
        """Delete what is chosen in the list one by one, so that each is asked for and recorded."""
        for obj in queryset:
            if not self.has_delete_permission(request, obj):
                raise PermissionDenied(f"Your roles do not let you delete {obj}.")
            self.delete_model(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would be deleted, and in words what keeps it: only what the person may see is named."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if protected:
            asked = NestedObjects(using=router.db_for_write(self.model))
            asked.collect(list(objs))
            protected, lacking = [f"It is used by {protecting.told(asked.protected, request.user)}"], set()
        return deleted, counts, lacking, protected

    def _record(self, request: HttpRequest, obj: models.Model, verb: str, before: object, after: object) -> None:
        legal_entity = _legal_entity_of(obj)
        audit.record(by=request.user, verb=verb, thing=obj, before=before, after=after, legal_entity=legal_entity)


INCOMPLETE = (
    "This form arrived incomplete, so nothing of it was kept: the part that says how many rows it has is missing. Load "
    "the page again and send it once more."
)


class ScopedRows:
    """Rows edited together with the row they belong to: whoever may change that one may change these."""

    extra = 0
    empty_value_display = "–"
    right_to_view = Right.VIEW
    right_to_change = Right.EDIT_CONFIGURATION

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the right to see, for the row they belong to."""
        return _has_right(request, self.right_to_view, obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the right to change, for the row they belong to."""
        return _has_right(request, self.right_to_change, obj)

    has_add_permission = has_delete_permission = has_change_permission

    def get_formset(self, request: HttpRequest, *given: Any, **more: Any) -> Any:
        """Return the rows' form, which says in our words when a part of it did not arrive."""
        formset = super().get_formset(request, *given, **more)  # type: ignore[misc]  # of the library's class
        formset.form = _asking(formset.form, request)
        formset.default_error_messages = {**formset.default_error_messages, "missing_management_form": INCOMPLETE}
        return formset

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only what the person may see; name each input: in a table its label stands where nobody hears it."""
        field = worded(super().formfield_for_dbfield(db_field, request, **kwargs))  # type: ignore[misc]  # of the library's class
        if field is not None:
            field.widget.attrs.setdefault("aria-label", str(field.label or db_field.verbose_name).capitalize())
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows that the person may see."""
        offered = db_field.remote_field.model._default_manager.all()
        kwargs.setdefault("queryset", _scoped(offered, request, self.right_to_view))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]  # of the library's class


class ScopedInline(ScopedRows, TabularInline):  # type: ignore[misc]  # unfold carries no types
    """Such rows as lines of a table."""


class ScopedStack(ScopedRows, StackedInline):  # type: ignore[misc]  # unfold carries no types
    """Such rows one below the other, each field with its label and help."""


def _asking(form: type[forms.ModelForm], request: HttpRequest) -> type[forms.ModelForm]:  # type: ignore[type-arg]
    """Return a form whose row knows for whom it is judged: what is said of a name that is taken depends on that."""

    class Asking(form):  # type: ignore[valid-type,misc]
        asker = request.user

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            taken.asked_by(self.instance, request.user)

    return Asking


def _key_to(model: type[models.Model], parent: type[models.Model]) -> str:
    """Return the name of the field by which rows of one model belong to one of another."""
    return next(f.name for f in model._meta.concrete_fields if f.related_model is parent)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _concerned(obj: models.Model) -> list[LegalEntity]:
    """Return the companies that a change of a row concerns, of the row as it was and as it is to be."""
    if not hasattr(obj, "companies_concerned"):
        return []
    stored: Any = type(obj)._default_manager.filter(pk=obj.pk).first() if obj.pk else None
    return [*(stored.companies_concerned() if stored else []), *obj.companies_concerned()]


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
    if request.method == "GET":  # nothing changes while a page is made, which asks for each of its parts
        known: dict[Any, bool] = request.__dict__.setdefault("_has_right_to", {})
        if (key := (type(obj), obj.pk, right)) not in known:
            known[key] = _scoped(type(obj)._default_manager.filter(pk=obj.pk), request, right).exists()
        return known[key]
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
    field = {field.name: field for field in obj._meta.get_fields()}.get(name)
    if isinstance(field, EncryptedJSONField) or "password" in name:
        return history.HIDDEN
    if isinstance(field, models.ForeignKey) and value and not isinstance(value, models.Model):
        value = field.remote_field.model._default_manager.filter(pk=value).first()  # a form begins with the number
    if isinstance(field, models.Field) and isinstance(field.choices, list) and value not in (None, ""):
        value = dict(field.flatchoices).get(value, value)
    if isinstance(value, models.Model | models.QuerySet):
        return str(value) if isinstance(value, models.Model) else [str(each) for each in value]
    try:
        return audit.plain(value)
    except TypeError:
        return str(value)
