"""The addresses of the hub. Each app adds its line when its package is there."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("tallystick.server.ops.urls")),  # its dashboard is the first page
    path("review/", include("tallystick.server.review.urls")),
    path("", include("tallystick.server.ui.urls")),
    path("", include("tallystick.server.people.urls")),
    path("", include("tallystick.server.records.urls")),
    path("", include("tallystick.server.discovery.urls")),
    path("", include("tallystick.server.registers.urls")),
    path("", include("tallystick.server.packs.urls")),
    path("", include("tallystick.server.connections.urls")),
    path("", include("tallystick.server.designer.urls")),
    path("", include("tallystick.server.desk.urls")),  # before the API: it adds calls to it
    path("", include("tallystick.server.messages.urls")),
    path("", include("tallystick.server.demo.urls")),
    path("", include("tallystick.server.request_tracker.urls")),
    path("", include("tallystick.server.api.urls")),
]

handler400 = "tallystick.server.ui.edge.bad_request"
handler403 = "tallystick.server.ui.edge.permission_denied"
handler404 = "tallystick.server.ui.edge.page_not_found"
handler429 = "tallystick.server.ui.edge.too_many"  # asked for by the sign-in library
handler500 = "tallystick.server.ui.edge.server_error"
