"""Addresses of the message monitor, and those that other systems send messages to."""

from __future__ import annotations

from django.urls import include, path

from tallystick.server.api.service import api
from tallystick.server.messages import views, wire
from tallystick.server.messages.calls import calls as message_calls
from tallystick.server.messages.partner_calls import calls as partner_calls

api.add_router("/messages", message_calls.router)
api.add_router("/message-partners", partner_calls.router)
pages = [
    path("messages/", views.monitor, name="monitor"),
    path("messages/<int:number>/", views.message, name="message"),
    path("messages/<int:number>/again/", views.send_again, name="send_again"),
    path("messages/<int:number>/settle/", views.settle, name="settle"),
    path("messages/<int:number>/cancel/", views.cancel, name="cancel"),
    path("messages/<int:number>/take-up/", views.take_up, name="take_up"),
    path("messages/partners/", views.peers, name="peers"),
    path("messages/partners/<str:name>/pause/", views.pause, name="pause"),
    path("messages/partners/<str:name>/delete/", views.delete, name="delete"),
]
calls = [
    path("openapi.json", wire.description, name="openapi"),
    path("schemas/<str:name>/<int:version>.json", wire.schema, name="schema"),
    path("<str:mark>/transactions", wire.transactions, name="transactions"),
    path("<str:mark>/transactions/<str:id_>", wire.transaction, name="transaction"),
    path("<str:mark>/lists/<str:name>", wire.list_of, name="list"),
]
urlpatterns = [
    path("", include((pages, "messaging"))),
    path("api/messages/v1/", include((calls, "message-calls"))),
]
