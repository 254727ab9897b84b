"""Addresses of the API's doors that need the work items or a transaction's story."""

from django.urls import path

from exceptions_queue.api.approvals import ANSWERS, ApprovalRequestDoor, ApprovalRequestsDoor
from exceptions_queue.api.bulk import STEPS, BulkMembersDoor, BulkRunDoor, BulkRunsDoor
from exceptions_queue.api.configurations import ConfigurationsDoor
from exceptions_queue.api.correction_sheets import CorrectedSheetsDoor, SheetsDoor
from exceptions_queue.api.corrections import CorrectionDoor, CorrectionsDoor, CorrectionWithdrawalsDoor
from exceptions_queue.api.counts import ItemCountsDoor
from exceptions_queue.api.emergency import (
    REVIEWS,
    DeedQuestionsDoor,
    EmergenciesDoor,
    EmergencyDeedDoor,
    EmergencyDeedsDoor,
    EmergencyDoor,
    EmergencyEndingsDoor,
)
from exceptions_queue.api.fields import ChecksDoor, MemberDoor, PresentDoor
from exceptions_queue.api.grouping import RuleDoor, RulesDoor, RuleTrialsDoor
from exceptions_queue.api.handling import WAYS
from exceptions_queue.api.items import ItemDoor, ItemsDoor, MembersDoor, TotalsDoor
from exceptions_queue.api.order import CutOffTrialsDoor, OrderTrialsDoor
from exceptions_queue.api.records import RecordDoor, RecordsDoor
from exceptions_queue.api.remedies import SKINS, door_of
from exceptions_queue.api.runs import ResubmissionsDoor, RunDoor
from exceptions_queue.api.transactions import QuestionsDoor, TransactionDoor, TransactionsDoor
from exceptions_queue.api.trials import TrialsDoor
from exceptions_queue.api.views import ViewDoor, ViewsDoor, ViewSharingsDoor

SYSTEM, PROCESS, EXPERIENCE = "api/system/v1/", "api/process/v1/", "api/experience/v1/"
urlpatterns = [
    path(f"{SYSTEM}records", RecordsDoor.as_view(), name="api-records"),
    path(f"{SYSTEM}records/<uuid:id>", RecordDoor.as_view(), name="api-record"),
    path(f"{PROCESS}runs/<uuid:id>", RunDoor.as_view(), name="api-run"),
    path(f"{PROCESS}transactions", TransactionsDoor.as_view(), name="api-transactions"),
    path(f"{PROCESS}transactions/<uuid:id>", TransactionDoor.as_view(), name="api-transaction"),
    path(f"{PROCESS}resubmissions", ResubmissionsDoor.as_view(), name="api-resubmissions"),
    path(f"{EXPERIENCE}transactions/<uuid:id>/questions", QuestionsDoor.as_view(), name="api-questions"),
    path(f"{EXPERIENCE}totals", TotalsDoor.as_view(), name="api-totals"),
    path(f"{EXPERIENCE}work-item-counts", ItemCountsDoor.as_view(), name="api-item-counts"),
    path(f"{EXPERIENCE}work-item-views", ViewsDoor.as_view(), name="api-item-views"),
    path(f"{EXPERIENCE}work-item-views/<int:id>", ViewDoor.as_view(), name="api-item-view"),
    path(f"{EXPERIENCE}work-item-views/<int:id>/sharings", ViewSharingsDoor.as_view(), name="api-item-view-sharings"),
    path(f"{EXPERIENCE}work-items", ItemsDoor.as_view(), name="api-items"),
    path(f"{EXPERIENCE}work-items/<int:number>", ItemDoor.as_view(), name="api-item"),
    path(f"{EXPERIENCE}work-items/<int:number>/members", MembersDoor.as_view(), name="api-members"),
    path(f"{EXPERIENCE}work-items/<int:number>/members/<uuid:failure>", MemberDoor.as_view(), name="api-member"),
    path(
        f"{EXPERIENCE}work-items/<int:number>/members/<uuid:failure>/inquiries",
        PresentDoor.as_view(),
        name="api-member-inquiries",
    ),
    path(
        f"{EXPERIENCE}work-items/<int:number>/members/<uuid:failure>/checks",
        ChecksDoor.as_view(),
        name="api-member-checks",
    ),
    path(
        f"{EXPERIENCE}work-items/<int:number>/configurations", ConfigurationsDoor.as_view(), name="api-configurations"
    ),
    path(f"{EXPERIENCE}work-items/<int:number>/trials", TrialsDoor.as_view(), name="api-trials"),
    path(f"{EXPERIENCE}corrections", CorrectionsDoor.as_view(), name="api-corrections"),
    path(f"{EXPERIENCE}corrections/<int:number>", CorrectionDoor.as_view(), name="api-correction"),
    path(
        f"{EXPERIENCE}corrections/<int:number>/withdrawals",
        CorrectionWithdrawalsDoor.as_view(),
        name="api-correction-withdrawals",
    ),
    path(f"{EXPERIENCE}correction-sheets", SheetsDoor.as_view(), name="api-correction-sheets"),
    path(f"{EXPERIENCE}corrected-sheets", CorrectedSheetsDoor.as_view(), name="api-corrected-sheets"),
    path(f"{EXPERIENCE}approval-requests", ApprovalRequestsDoor.as_view(), name="api-requests"),
    path(f"{EXPERIENCE}approval-requests/<int:number>", ApprovalRequestDoor.as_view(), name="api-request"),
    *(
        path(f"{EXPERIENCE}approval-requests/<int:number>/{name}", door.as_view(), name=f"api-request-{name}")
        for name, door in ANSWERS.items()
    ),
    path(f"{EXPERIENCE}emergency-modes", EmergenciesDoor.as_view(), name="api-emergency-modes"),
    path(f"{EXPERIENCE}emergency-modes/<int:number>", EmergencyDoor.as_view(), name="api-emergency-mode"),
    path(
        f"{EXPERIENCE}emergency-modes/<int:number>/endings",
        EmergencyEndingsDoor.as_view(),
        name="api-emergency-mode-endings",
    ),
    path(f"{EXPERIENCE}emergency-deeds", EmergencyDeedsDoor.as_view(), name="api-emergency-deeds"),
    path(f"{EXPERIENCE}emergency-deeds/<int:number>", EmergencyDeedDoor.as_view(), name="api-emergency-deed"),
    *(
        path(f"{EXPERIENCE}emergency-deeds/<int:number>/{name}", door.as_view(), name=f"api-emergency-deed-{name}")
        for name, door in REVIEWS.items()
    ),
    path(
        f"{EXPERIENCE}emergency-deeds/<int:number>/questions",
        DeedQuestionsDoor.as_view(),
        name="api-emergency-deed-questions",
    ),
    path(f"{EXPERIENCE}grouping-rules", RulesDoor.as_view(), name="api-grouping-rules"),
    path(f"{EXPERIENCE}grouping-rules/<int:id>", RuleDoor.as_view(), name="api-grouping-rule"),
    path(f"{EXPERIENCE}grouping-rule-trials", RuleTrialsDoor.as_view(), name="api-grouping-rule-trials"),
    path(f"{EXPERIENCE}order-trials", OrderTrialsDoor.as_view(), name="api-order-trials"),
    path(f"{EXPERIENCE}cut-off-trials", CutOffTrialsDoor.as_view(), name="api-cut-off-trials"),
    path(f"{EXPERIENCE}bulk-runs", BulkRunsDoor.as_view(), name="api-bulk-runs"),
    path(f"{EXPERIENCE}bulk-runs/<int:number>", BulkRunDoor.as_view(), name="api-bulk-run"),
    path(f"{EXPERIENCE}bulk-runs/<int:number>/members", BulkMembersDoor.as_view(), name="api-bulk-members"),
    *(
        path(f"{EXPERIENCE}bulk-runs/<int:number>/{name}", door.as_view(), name=f"api-bulk-{name}")
        for name, door in STEPS.items()
    ),
    *(
        path(f"{EXPERIENCE}work-items/<int:number>/{skin.name}", door_of(skin).as_view(), name=f"api-{skin.name}")
        for skin in (*SKINS, *WAYS)
    ),
]
