"""Addresses of the API's doors that need the work items or a transaction's story."""

from django.urls import path

from exceptions_queue.api.items import ItemDoor, ItemsDoor, MembersDoor, TotalsDoor
from exceptions_queue.api.records import RecordDoor, RecordsDoor
from exceptions_queue.api.remedies import SKINS, door_of
from exceptions_queue.api.runs import ResubmissionsDoor, RunDoor
from exceptions_queue.api.transactions import TransactionDoor, TransactionsDoor

SYSTEM, PROCESS, EXPERIENCE = "api/system/v1/", "api/process/v1/", "api/experience/v1/"
urlpatterns = [
    path(f"{SYSTEM}records", RecordsDoor.as_view(), name="api-records"),
    path(f"{SYSTEM}records/<uuid:id>", RecordDoor.as_view(), name="api-record"),
    path(f"{PROCESS}runs/<uuid:id>", RunDoor.as_view(), name="api-run"),
    path(f"{PROCESS}transactions", TransactionsDoor.as_view(), name="api-transactions"),
    path(f"{PROCESS}transactions/<uuid:id>", TransactionDoor.as_view(), name="api-transaction"),
    path(f"{PROCESS}resubmissions", ResubmissionsDoor.as_view(), name="api-resubmissions"),
    path(f"{EXPERIENCE}totals", TotalsDoor.as_view(), name="api-totals"),
    path(f"{EXPERIENCE}work-items", ItemsDoor.as_view(), name="api-items"),
    path(f"{EXPERIENCE}work-items/<int:number>", ItemDoor.as_view(), name="api-item"),
    path(f"{EXPERIENCE}work-items/<int:number>/members", MembersDoor.as_view(), name="api-members"),
    *(
        path(f"{EXPERIENCE}work-items/<int:number>/{skin.name}", door_of(skin).as_view(), name=f"api-{skin.name}")
        for skin in SKINS
    ),
]
