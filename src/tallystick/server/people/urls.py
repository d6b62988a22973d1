"""Addresses about people. Of the sign-in library only what the hub offers: people are invited, not registered."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import include, path

from tallystick.server.people import views

pages = [
    path("welcome/<str:token>/", views.first, name="first"),
]

urlpatterns = [
    path("", include((pages, "people"))),
    path("account/sign-in/", account.login, name="account_login"),
    path("account/sign-out/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("account/service/", include("allauth.socialaccount.urls")),
    path("account/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
