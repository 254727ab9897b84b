"""Which internal id each record of the firm has in the ERP: fixed, so that configuration can name them.

External ids are the firm's own codes; internal ids are text, as NetSuite shows them.
"""

from datetime import date

from sandbox.firm.catalogue import (
    COST_CENTER_PREFIX,
    CUSTOMERS,
    INTERNAL_PROJECTS,
    INTERNAL_TASK,
    PRACTICES,
    PROJECT_NOT_IN_ERP,
    PROJECTS,
    TASKS,
    cost_center,
)
from sandbox.firm.people import WORKERS

CURRENCIES = {"EUR": "4", "USD": "1", "GBP": "2"}
ITEMS = {task.item: str(501 + place) for place, task in enumerate((*TASKS, INTERNAL_TASK))}
COST_CENTERS = [(entity, practice) for entity in COST_CENTER_PREFIX for practice in PRACTICES]
DEPARTMENTS = {cost_center(*pair): str(101 + place) for place, pair in enumerate(COST_CENTERS)}
CUSTOMER_IDS = {f"C-{customer.code}": str(1201 + place) for place, customer in enumerate(CUSTOMERS)}
CUSTOMER_IDS["C-INT"] = "1200"
JOBS = {project.code: str(3001 + place) for place, project in enumerate((*PROJECTS, *INTERNAL_PROJECTS))}
EMPLOYEES = {worker.code: str(2001 + place) for place, worker in enumerate(WORKERS)}


def in_erp(project_code: str) -> bool:
    """Whether the project was set up in the ERP when the story begins."""
    return project_code != PROJECT_NOT_IN_ERP


def period_id(month: date) -> str:
    """Return the internal id of a month's accounting period."""
    return str(month.year * 12 + month.month - 24_000)
