"""What people must do: work items, their money per currency, their history, and what a remedy has let go."""

from exceptions_queue.models.release import Release
from exceptions_queue.models.work_item import Resolution, RootCause, State, WorkItem, WorkItemAmount, WorkItemEvent

__all__ = ["Release", "Resolution", "RootCause", "State", "WorkItem", "WorkItemAmount", "WorkItemEvent"]
