"""Addresses of the help desk and of maintenance."""

from __future__ import annotations

from django.urls import path

from tallystick.server.desk import links

app_name = "desk"
urlpatterns = [
    path("reply/<str:order_id>/<str:token>/", links.reply, name="reply"),
    path("satisfied/<str:token>/", links.satisfied, name="satisfied"),
]
