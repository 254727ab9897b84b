"""How fields of forms are drawn: as Django and unfold do, with long lists of choices at a tenth of the price."""

from functools import cached_property
from pathlib import Path

from django import forms
from django.conf import settings
from django.forms.renderers import DjangoTemplates
from django.template.backends.django import DjangoTemplates as Engine


class Renderer(DjangoTemplates):
    """Looks for the template of a field among ours first, in templates/fields."""

    @cached_property
    def engine(self) -> Engine:
        theirs = Path(forms.__file__).parent / "templates"
        ours = settings.BASE_DIR / "templates" / "fields"
        return self.backend({"APP_DIRS": True, "DIRS": [ours, theirs], "NAME": "fields", "OPTIONS": {}})
