"""Addresses of pages about systems."""

from __future__ import annotations

from django.urls import path

from tallystick.server.connections import views

app_name = "connections"
urlpatterns = [
    path("systems/", views.connection_list, name="list"),
    path("systems/new/", views.choose, name="new"),
    path("systems/new/<slug:connector>/", views.add, name="add"),
    path("systems/try/<slug:connector>/", views.try_out, name="try"),
    path("systems/<str:name>/", views.one, name="one"),
    path("systems/<str:name>/edit/", views.edit, name="edit"),
    path("systems/<str:name>/test/", views.test, name="test"),
    path("systems/<str:name>/holds/", views.holds, name="holds"),
    path("systems/<str:name>/remove/", views.remove, name="remove"),
]
