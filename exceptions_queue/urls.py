"""Addresses of the queue's pages. Nouns: each remedy has its own address, history and right."""

from django.urls import path, register_converter

from exceptions_queue.codes import CodeConverter
from exceptions_queue.pages import (
    bulk,
    corrections,
    handling,
    home,
    item,
    items,
    keyboard,
    news,
    order,
    records,
    runs,
    search,
    sheets,
    transactions,
    trials,
    views,
)

register_converter(CodeConverter, "code")
app_name = "queue"
urlpatterns = [
    path("", home.home, name="home"),
    path("queue/", items.items, name="items"),
    path("queue/news/", news.news, name="news"),
    path("queue/sheets/<slug:form>/", sheets.sheet, name="sheet"),
    path("queue/columns/", views.choose_columns, name="columns"),
    path("queue/views/", views.keep, name="views"),
    path("queue/views/<int:pk>/", views.change, name="view"),
    path("queue/views/<int:pk>/sharings/", views.share, name="view-share"),
    path("queue/views/<int:pk>/deletions/", views.delete, name="view-delete"),
    path("queue/choices/<slug:word>/", items.facet, name="facet"),
    path("queue/order/", order.order, name="order"),
    path("queue/<int:number>/", item.item, name="item"),
    path("queue/<int:number>/technical/", item.technical, name="technical"),
    path("queue/<int:number>/releases/", item.progress, name="progress"),
    path("queue/<int:number>/trials/", trials.trials, name="trials"),
    path("queue/<int:number>/taking/", handling.take, name="take"),
    path("queue/<int:number>/watchers/", handling.watch, name="watch"),
    path("queue/<int:number>/handling/<slug:name>/", handling.handle, name="handle"),
    path("queue/<int:number>/<slug:name>/", item.remedy, name="remedy"),
    path("keyboard/", keyboard.keys, name="keyboard"),
    path("bulk-runs/", bulk.runs, name="bulk-runs"),
    path("bulk-runs/new/", bulk.new, name="bulk-new"),
    path("bulk-runs/<int:number>/", bulk.run, name="bulk-run"),
    path("bulk-runs/<int:number>/<slug:name>/", bulk.steer, name="bulk-steer"),
    path("corrections/", corrections.corrections, name="corrections"),
    path("corrections/<int:number>/", corrections.correction, name="correction"),
    path("corrections/<int:number>/withdrawals/", corrections.withdraw, name="correction-withdrawals"),
    path("search/", search.search, name="search"),
    path("records/", records.records, name="records"),
    path("records/<code:record>/", records.record, name="record"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<code:run>/", runs.run, name="run"),
    path("transactions/", runs.transactions, name="transactions"),
    path("transactions/<code:transaction>/", transactions.transaction, name="transaction"),
    path("transactions/<code:transaction>/resubmissions/", transactions.send_again, name="sent-again"),
]
