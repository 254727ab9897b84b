"""What people must do: work items, their money per currency, their history, and what a remedy has let go."""

from exceptions_queue.models.approvals import (
    ApprovalPolicy,
    ApprovalRequest,
    Deed,
    LoosenedPolicy,
    RequestState,
)
from exceptions_queue.models.bulk import BulkEdit, BulkMember, BulkRun, BulkState, Outcome, Result
from exceptions_queue.models.emergency import Emergency, EmergencyDeed, Review
from exceptions_queue.models.grouping import GroupingRule, Merge, SplitMember
from exceptions_queue.models.handling import WorkItemComment, WorkItemTag, WorkItemWatcher
from exceptions_queue.models.hint import Hint
from exceptions_queue.models.order import CutOff, CutOffKind, Yardstick
from exceptions_queue.models.release import Release
from exceptions_queue.models.routing import FallbackTeam, RoutingRule, Team
from exceptions_queue.models.tally import WorkItemTally
from exceptions_queue.models.value_tally import WorkItemValueTally
from exceptions_queue.models.views import ListColumns, SavedView
from exceptions_queue.models.work_item import (
    WHOSE,
    CauseCode,
    Recount,
    Resolution,
    RootCause,
    State,
    WorkItem,
    WorkItemAmount,
    WorkItemDay,
    WorkItemEvent,
)

__all__ = [
    "WHOSE",
    "ApprovalPolicy",
    "ApprovalRequest",
    "BulkEdit",
    "BulkMember",
    "BulkRun",
    "BulkState",
    "CauseCode",
    "CutOff",
    "CutOffKind",
    "Deed",
    "Emergency",
    "EmergencyDeed",
    "FallbackTeam",
    "GroupingRule",
    "Hint",
    "ListColumns",
    "LoosenedPolicy",
    "Merge",
    "Outcome",
    "Recount",
    "Release",
    "RequestState",
    "Resolution",
    "Result",
    "Review",
    "RootCause",
    "RoutingRule",
    "SavedView",
    "SplitMember",
    "State",
    "Team",
    "WorkItem",
    "WorkItemAmount",
    "WorkItemComment",
    "WorkItemDay",
    "WorkItemEvent",
    "WorkItemTag",
    "WorkItemTally",
    "WorkItemValueTally",
    "WorkItemWatcher",
    "Yardstick",
]
