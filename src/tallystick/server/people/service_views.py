"""Going to the sign-in service (OpenID Connect) and coming back."""

from __future__ import annotations

from allauth.socialaccount.providers.openid_connect import views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from requests import RequestException

from tallystick.errors import Unreachable


@login_not_required
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Raises Unreachable when the service does not say how it is to be asked."""
    try:
        answer: HttpResponse = views.login(request, provider_id)
    except RequestException as error:
        raise _away() from error
    return answer


@login_not_required
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Raises Unreachable when the service does not confirm who came."""
    try:
        answer: HttpResponse = views.callback(request, provider_id)
    except RequestException as error:
        raise _away() from error
    return answer


def _away() -> Unreachable:
    return Unreachable(
        _("The sign-in service does not answer."), hint=_("Try again in a minute, or sign in with your password.")
    )
