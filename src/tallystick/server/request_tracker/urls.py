"""The addresses of Request Tracker's pages."""

from __future__ import annotations

from django.urls import path

from tallystick.server.api.service import api
from tallystick.server.request_tracker import views
from tallystick.server.request_tracker.calls import calls

app_name = "request_tracker"
api.add_router("/request-tracker/queues", calls.router)
urlpatterns = [
    path("messages/request-tracker/", views.queues, name="queues"),
    path("messages/request-tracker/new/", views.new, name="new"),
    path("messages/request-tracker/<int:number>/", views.queue, name="queue"),
    path("messages/request-tracker/<int:number>/delete/", views.delete, name="delete"),
]
