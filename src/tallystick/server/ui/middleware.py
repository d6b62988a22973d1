"""What stands between the network and the hub."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def behind_proxies(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """With TALLYSTICK_PROXIES=n the caller's address is the n-th from the end of X-Forwarded-For."""
    count: int = settings.CONFIGURATION.proxies

    def middleware(request: HttpRequest) -> HttpResponse:
        if count:
            hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            if len(hops) >= count:
                request.META["REMOTE_ADDR"] = hops[-count]
        else:  # nobody in front: what such headers say is the caller's word alone
            request.META.pop("HTTP_X_FORWARDED_FOR", None)
        return get_response(request)

    return middleware


def without_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """NUL stands in no record, and PostgreSQL refuses every question that holds one: a query string goes on without."""

    def middleware(request: HttpRequest) -> HttpResponse:
        asked: str = request.META.get("QUERY_STRING", "")
        if "%00" in asked or "\0" in asked:
            request.META["QUERY_STRING"] = asked.replace("%00", "").replace("\0", "")
        return get_response(request)

    return middleware
