"""The hub's own words for business records.

Plain Python: knows no Django, no vendor and does no input or output.
"""

from canonical.catalog import CatalogueEntry, catalogue
from canonical.entities import ENTITIES
from canonical.schema import json_schema
from canonical.validity import check

__all__ = ["ENTITIES", "CatalogueEntry", "catalogue", "check", "json_schema"]
