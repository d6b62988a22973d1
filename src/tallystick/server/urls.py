"""The addresses of the hub. Each app adds its line when its package is there."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("tallystick.server.ui.urls")),
    path("", include("tallystick.server.people.urls")),
    path("", include("tallystick.server.records.urls")),
]

handler400 = "tallystick.server.ui.edge.bad_request"
handler403 = "tallystick.server.ui.edge.permission_denied"
handler404 = "tallystick.server.ui.edge.page_not_found"
handler500 = "tallystick.server.ui.edge.server_error"
