"""Addresses of pages about integrations."""

from __future__ import annotations

from django.urls import path

from tallystick.server.designer.views import acts, documents, fields, lessons, pages, plans

app_name = "designer"
urlpatterns = [
    path("integrations/", pages.integration_list, name="list"),
    path("integrations/new/", documents.new, name="new"),
    path("integrations/import/", documents.import_file, name="import"),
    path("integrations/check/", documents.check, name="check"),
    path("plans/<str:id_>/", plans.plan, name="plan"),
    path("plans/<str:id_>/state/", plans.state, name="plan-state"),
    path("plans/<str:id_>/apply/", plans.apply, name="plan-apply"),
    path("plans/<str:id_>/file/", plans.download, name="plan-file"),
    path("weights/<str:id_>/", lessons.lesson, name="lesson"),
    path("weights/<str:id_>/state/", lessons.state, name="lesson-state"),
    path("weights/<str:id_>/use/", lessons.use, name="lesson-use"),
    path("weights/<str:id_>/back/", lessons.back, name="lesson-back"),
    path("integrations/<str:name>/", pages.one, name="one"),
    path("integrations/<str:name>/matching/", lessons.matching, name="matching"),
    path("integrations/<str:name>/learn/", lessons.learn, name="learn"),
    path("integrations/<str:name>/flows/<str:flow>/", fields.fields, name="fields"),
    path("integrations/<str:name>/flows/<str:flow>/look/", fields.look, name="fields-look"),
    path("integrations/<str:name>/flows/<str:flow>/add/", fields.add, name="field-add"),
    path("integrations/<str:name>/flows/<str:flow>/remove/", fields.remove, name="field-remove"),
    path("integrations/<str:name>/flows/<str:flow>/decide/", fields.decide, name="field-decide"),
    path("integrations/<str:name>/standing/", pages.standing_now, name="standing"),
    path("integrations/<str:name>/edit/", documents.edit, name="edit"),
    path("integrations/<str:name>/versions/<int:number>/", pages.version, name="version"),
    path("integrations/<str:name>/versions/<int:number>/back/", acts.roll_back, name="back"),
    path("integrations/<str:name>/export/", documents.export, name="export"),
    path("integrations/<str:name>/run/", acts.run, name="run"),
    path("integrations/<str:name>/standing/<slug:what>/", acts.stand, name="stand"),
    path("integrations/<str:name>/schedule/", acts.schedule, name="schedule"),
    path("integrations/<str:name>/delete/", acts.delete, name="delete"),
]
