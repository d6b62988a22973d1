"""Addresses of the API, of webhooks that come in, and of the pages about both."""

from __future__ import annotations

from django.urls import include, path

from tallystick.server.api import views
from tallystick.server.api.service import api
from tallystick.server.api.webhooks.incoming import receive

pages = [
    path("hooks/<str:mark>", receive, name="receive"),
    path("webhooks/", views.webhooks, name="list"),
    path("webhooks/new/", views.new, name="new"),
    path("webhooks/<int:number>/", views.webhook, name="one"),
    path("webhooks/<int:number>/rotate/", views.rotate, name="rotate"),
    path("webhooks/<int:number>/switch/", views.switch, name="switch"),
    path("webhooks/<int:number>/test/", views.send_test, name="send_test"),
    path("webhooks/<int:number>/remove/", views.remove, name="remove"),
    path("webhooks/deliveries/<int:number>/", views.delivery, name="delivery"),
    path("webhooks/deliveries/<int:number>/again/", views.send_again, name="send_again"),
    path("webhooks/inlets/<int:number>/remove/", views.remove_inlet, name="remove_inlet"),
    path("reference/api/", views.reference, name="reference"),
]

urlpatterns = [path("api/v1/", api.urls), path("", include((pages, "webhooks")))]
