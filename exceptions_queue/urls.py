"""Addresses of the queue's pages. Nouns: each remedy has its own address, history and right."""

from django.urls import path, register_converter

from exceptions_queue.codes import CodeConverter
from exceptions_queue.pages import home, item, items, records, runs, search, transactions

register_converter(CodeConverter, "code")
app_name = "queue"
urlpatterns = [
    path("", home.home, name="home"),
    path("queue/", items.items, name="items"),
    path("queue/<int:number>/", item.item, name="item"),
    path("queue/<int:number>/technical/", item.technical, name="technical"),
    path("queue/<int:number>/releases/", item.progress, name="progress"),
    path("queue/<int:number>/assignments/", item.take, name="take"),
    path("queue/<int:number>/<slug:name>/", item.remedy, name="remedy"),
    path("search/", search.search, name="search"),
    path("records/<code:record>/", records.record, name="record"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<code:run>/", runs.run, name="run"),
    path("transactions/", runs.transactions, name="transactions"),
    path("transactions/<code:transaction>/", transactions.transaction, name="transaction"),
]
