"""The addresses of the register."""

from __future__ import annotations

from django.urls import path

from tallystick.server.registers import views

app_name = "register"
urlpatterns = [
    path("register/exceptions/", views.exceptions, name="exceptions"),
    path("register/exceptions/decide/", views.decided, name="decide"),
    path("register/exceptions/compare/", views.compared, name="compare"),
    path("register/exceptions/settings/", views.settings, name="settings"),
    path("register/serials/", views.serials, name="serials"),
]
