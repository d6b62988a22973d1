"""Addresses of the queue."""

from __future__ import annotations

from django.urls import path

from tallystick.server.review import views

app_name = "review"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("answered/", views.answered, name="answered"),
    path("errands/<int:number>/", views.errand, name="errand"),
    path("<int:number>/", views.question, name="question"),
    path("<int:number>/answer/", views.decide, name="decide"),
    path("<int:number>/undo/", views.undo, name="undo"),
]
