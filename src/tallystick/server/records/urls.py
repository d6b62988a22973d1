"""The addresses of the records."""

from __future__ import annotations

from django.urls import path, re_path

from tallystick.server.records.record_types import BY_NAME
from tallystick.server.records.views import calendar, codes, detail, edit, gone, lists, merge, transfer

app_name = "records"
urlpatterns = [
    path("records/", lists.more, name="more"),
    path("records/imports/", transfer.imports, name="imports"),
    path("records/deleted/", gone.deleted, name="deleted"),
    path("records/deleted/back/", gone.bring_back, name="bring_back"),
    path("records/calendar/", calendar.calendar, name="calendar"),
    path("records/codes/", codes.sets, name="code_sets"),
    path("records/codes/<str:name>/", codes.code_set, name="codes"),
    path("records/codes/<str:name>/add/", codes.add, name="code_add"),
    re_path(
        r"^records/codes/(?P<name>[a-z_]+)/(?P<code>[a-z0-9_.-]+)/(?P<what>up|down|retire|return|remove)/$",
        codes.act,
        name="code_act",
    ),
    path("records/undo/<str:token>/", lists.undo, name="undo"),
    path("records/location/<str:id_>/main/", detail.convert_to_main, name="convert_to_main"),
    *(path(f"records/{name}/", lists.records, {"type_": name}, name=name) for name in BY_NAME),
    path("records/<str:type_>/", lists.records, name="list"),
    path("records/<str:type_>/new/", edit.new, name="new"),
    path("records/<str:type_>/delete/", lists.delete, name="delete"),
    path("records/<str:type_>/merge/", merge.merge_chosen, name="merge_chosen"),
    path("records/<str:type_>/archive/", gone.archive, name="archive"),
    path("records/<str:type_>/restore/", lists.restore, name="restore"),
    path("records/<str:type_>/choices/", lists.choices, name="choices"),
    re_path(r"^records/(?P<type_>[a-z_]+)/export\.(?P<form>csv|jsonl)$", transfer.export, name="export"),
    path("records/<str:type_>/import/", transfer.import_, name="import"),
    path("records/<str:type_>/import/<str:token>/", transfer.preview, name="preview"),
    path("records/<str:type_>/import/<str:token>/go/", transfer.go_on, name="go_on"),
    path("records/<str:type_>/import/<str:token>/course/", transfer.course, name="course"),
    path("records/<str:type_>/import/<str:token>/stop/", transfer.stop, name="stop"),
    path("records/<str:type_>/import/<str:token>/rows/", transfer.bad_rows, name="bad_rows"),
    path("records/<str:type_>/<str:id_>/", detail.detail, name="detail"),
    path("records/<str:type_>/<str:id_>/edit/", edit.edit, name="edit"),
    path("records/<str:type_>/<str:id_>/history/", detail.past, name="history"),
    path("records/<str:type_>/<str:id_>/merge/", merge.merge, name="merge"),
    path("records/<str:type_>/<str:id_>/unmerge/", gone.take_back, name="take_back"),
]
