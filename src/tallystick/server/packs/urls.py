"""The addresses of packs."""

from __future__ import annotations

from django.urls import path

from tallystick.server.api.service import api
from tallystick.server.packs import tour_views, views
from tallystick.server.packs.calls import calls

app_name = "packs"
api.add_router("/packs", calls.router)
urlpatterns = [
    path("packs/", views.catalogue, name="catalogue"),
    path("packs/case/<str:case>/asset/", views.choose_asset, name="choose_asset"),
    path("packs/tours/", tour_views.every, name="tours"),
    path("packs/<str:name>/tour/", tour_views.one, name="tour"),
    path("packs/<str:name>/", views.one, name="pack"),
    path("packs/<str:name>/install/", views.new, name="new"),
    path("packs/<str:name>/unit/", views.switch_unit, name="unit"),
    path("packs/<str:name>/run/", views.run_operation, name="run"),
    path("packs/<str:name>/enable/", views.enable, name="enable"),
    path("packs/<str:name>/reconciliation/", views.reconciliation, name="reconciliation"),
]
