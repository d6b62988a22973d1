"""The addresses of discovery."""

from __future__ import annotations

from django.urls import path

from tallystick.server.discovery import views
from tallystick.server.discovery.endpoint import inventory

app_name = "discovery"
urlpatterns = [
    path("inventory", inventory, name="inventory"),
    path("inventory/", inventory),
    path("discovery/", views.keys, name="keys"),
    path("discovery/new/", views.new, name="new"),
    path("discovery/<int:number>/revoke/", views.revoke, name="revoke"),
    path("discovery/programs/<str:device>/", views.programs, name="programs"),
]
