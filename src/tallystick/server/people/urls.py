"""Addresses about people. Of the sign-in library only what the hub offers: people are invited, not registered."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import include, path

from tallystick.server.people import self_views, service_views, views

pages = [
    path("welcome/<str:token>/", self_views.first, name="first"),
    path("enter/<str:code>/<str:token>/", self_views.enter, name="enter"),
    path("profile/", self_views.profile, name="profile"),
    path("profile/sign-out-elsewhere/", self_views.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("profile/tokens/", self_views.token_list, name="tokens"),
    path("profile/tokens/<int:token_id>/revoke/", self_views.token_revoke, name="token_revoke"),
    path("users/", views.user_list, name="users"),
    path("users/new/", views.user_new, name="user_new"),
    path("users/<int:user_id>/", views.user, name="user"),
    path("users/<int:user_id>/link/", views.user_link, name="user_link"),
    path("users/<int:user_id>/unlock/", views.user_unlock, name="user_unlock"),
    path("users/<int:user_id>/second-factor/", views.user_second_factor, name="user_second_factor"),
    path("roles/", views.role_list, name="roles"),
    path("roles/new/", views.role, name="role_new"),
    path("roles/<int:role_id>/", views.role, name="role"),
    path("roles/<int:role_id>/delete/", views.role_delete, name="role_delete"),
    path("audit/", views.audit_trail, name="audit"),
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
    path("account/oidc/<str:provider_id>/login/", service_views.begin, name="openid_connect_login"),
    path("account/oidc/<str:provider_id>/login/callback/", service_views.come_back, name="openid_connect_callback"),
]
