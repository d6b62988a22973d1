"""Addresses of the demo; without its inbox they answer that there is none."""

from __future__ import annotations

from django.urls import path

from tallystick.server.demo import views

app_name = "demo"
urlpatterns = [
    path("demo/inbox/", views.inbox, name="inbox"),
    path("demo/inbox/write/", views.write, name="write"),
    path("demo/inbox/<str:name>/", views.letter, name="letter"),
]
