"""Addresses of the API's doors that need the work items or a transaction's story."""

from django.urls import path

from exceptions_queue.api.transactions import TransactionDoor, TransactionsDoor

urlpatterns = [
    path("api/process/v1/transactions", TransactionsDoor.as_view(), name="api-transactions"),
    path("api/process/v1/transactions/<uuid:id>", TransactionDoor.as_view(), name="api-transaction"),
]
