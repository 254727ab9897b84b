"""Which schedules keep to the working days of a company's calendar."""

from governance.models import BusinessCalendar
from routes import schedules
from routes.models import Route


def of(calendar: BusinessCalendar) -> list[str]:
    """Return in sentences which routes run on the working days of a calendar only. Two queries."""
    tasks = schedules.all_schedules()
    only = [number for number, task in tasks.items() if schedules.only_on_working_days(task)]
    routes = Route.objects.filter(pk__in=only, legal_entity=calendar.legal_entity_id).order_by("name")
    return [f"The schedule of the route “{each.name}” keeps to its working days: change that first." for each in routes]
