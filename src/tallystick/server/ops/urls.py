"""Addresses of operations; the dashboard is the hub's first page."""

from __future__ import annotations

from django.urls import path, re_path

from tallystick.server.ops import record_views, views

app_name = "ops"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("runs/", views.runs, name="runs"),
    path("runs/recent/", views.recent, name="recent"),
    path("runs/<str:run>/", views.run, name="run"),
    path("runs/<str:run>/live/", views.live, name="live"),
    path("runs/<str:run>/lines/", views.lines, name="lines"),
    path("runs/<str:run>/undo/", views.undo, name="undo"),
    path("runs/<str:run>/stop/", views.stop, name="stop"),
    path("runs/<str:run>/resume/", views.resume, name="resume"),
    path("runs/<str:run>/held/", views.answer_held, name="answer_held"),
    re_path(r"^runs/(?P<run>[^/]+)/rejects\.(?P<form>csv|jsonl)$", views.rejected, name="rejects"),
    path("journal/", record_views.journal, name="journal"),
    path("journal/story/", record_views.story, name="story"),
    path("why/", record_views.why, name="why"),
    path("links/", record_views.links, name="links"),
    path("links/new/", record_views.new_link, name="new_link"),
    path("links/<int:number>/", record_views.link, name="link"),
    path("links/<int:number>/unlink/", record_views.unlink, name="unlink"),
    path("metrics", record_views.read_metrics, name="metrics"),
]
