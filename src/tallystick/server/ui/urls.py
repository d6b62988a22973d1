"""Addresses of pages that belong to no subject."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from tallystick.server.ui import style, views

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
if settings.DEBUG:
    urlpatterns.append(path("style/", style.style, name="style"))
