"""Django's settings, made from the `Configuration`. Importing this module makes no file."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from socket import gethostname
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from tallystick.server.configuration import Configuration
from tallystick.server.state.address import address_of

CONFIGURATION: Final = Configuration.from_environment()
HERE: Final = Path(__file__).parent

# --- apps: each adds its line when its package is there -------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "tallystick.server.ui",  # before allauth: its templates win
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "tallystick.server.state",
    "tallystick.server.people",
    "tallystick.server.review",
    "tallystick.server.ops",
    "tallystick.server.records",
    "tallystick.server.discovery",
    "tallystick.server.registers",
    "tallystick.server.packs",
    "tallystick.server.connections",
    "tallystick.server.designer",
    "tallystick.server.api",
    "tallystick.server.messages",
    "tallystick.server.desk",
    "tallystick.server.demo",
    "tallystick.server.request_tracker",
]

MIDDLEWARE = [
    "tallystick.server.ui.middleware.behind_proxies",
    "tallystick.server.ui.middleware.without_nul",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tallystick.server.people.middleware.acting",
    "tallystick.server.people.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tallystick.server.ui.edge.ErrorEdge",  # it words what views raise
    "allauth.account.middleware.AccountMiddleware",  # inside: it has errors of its own
]

ROOT_URLCONF = "tallystick.server.urls"
WSGI_APPLICATION = "tallystick.server.wsgi.application"
DEBUG = CONFIGURATION.is_debug
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEFAULT_EXCEPTION_REPORTER_FILTER = "django.views.debug.SafeExceptionReporterFilter"
LOGGING_CONFIG = None  # the command that starts the process sets it up

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "tallystick.server.ui.templatetags.ui",
                "tallystick.server.people.templatetags.people",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "tallystick.server.ui.context.around",
            ],
        },
    }
]
FORM_RENDERER = "tallystick.server.ui.forms.Renderer"

# --- the database: one for the hub and the state ------------------------------------------------------------------

CACHE_KIB: Final = 2_048  # the many threads of a web have a connection each, and the operating system caches the file

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **address_of(CONFIGURATION.database_url, cache_kib=CACHE_KIB).settings,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
CACHES: dict[str, dict[str, Any]] = {
    "default": {  # the sign-in library counts attempts there, for all processes
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "people_attempts",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# --- sign-in -----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["tallystick.server.people.backend.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = int(timedelta(days=2).total_seconds())  # one-time links
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "tallystick.server.people.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "20/m/ip", "reauthenticate": "10/m/user"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_FORMS = {"login": "tallystick.server.people.forms.SignInForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Tallystick"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an administrator vouches for the address
MFA_ADAPTER = "tallystick.server.people.adapters.SecondFactorAdapter"
SOCIALACCOUNT_ADAPTER = "tallystick.server.people.adapters.ServiceAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if (service := CONFIGURATION.sign_in_service) is not None:
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "EMAIL_AUTHENTICATION": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": service.name,
                    "client_id": service.client_id,
                    "secret": service.client_secret,
                    "settings": {"server_url": service.issuer, "oauth_pkce_enabled": True},
                }
            ],
        }
    }

# --- security ----------------------------------------------------------------------------------------------------

SECRET_KEY, *SECRET_KEY_FALLBACKS = CONFIGURATION.signing_keys()
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", gethostname(), *CONFIGURATION.hosts]
if CONFIGURATION.address:
    ALLOWED_HOSTS.append(urlsplit(CONFIGURATION.address).hostname or "")
CSRF_TRUSTED_ORIGINS = [CONFIGURATION.address] if CONFIGURATION.address else []
CSRF_COOKIE_HTTPONLY = False  # htmx sends it back in a header
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = CONFIGURATION.is_secure
CSRF_FAILURE_VIEW = "tallystick.server.ui.edge.csrf_failure"
SESSION_COOKIE_NAME = "tallystick_session"
SESSION_COOKIE_AGE = int(timedelta(days=7).total_seconds())
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CONFIGURATION.is_secure
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if CONFIGURATION.is_secure else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIGURATION.proxies else None
SECURE_SSL_REDIRECT = CONFIGURATION.is_secure and CONFIGURATION.proxies > 0  # else every request looks plain
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

_FORM_TARGETS = ["'self'"]
if CONFIGURATION.sign_in_service is not None:  # a form of ours is answered by going there
    _FORM_TARGETS.append("/".join(CONFIGURATION.sign_in_service.issuer.split("/")[:3]))
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": _FORM_TARGETS,
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# --- language, time, files ---------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LANGUAGE_COOKIE_SAMESITE = "Lax"
FORMAT_MODULE_PATH = ["tallystick.server.ui.formats"]

_UNFOLD = Path(str((find_spec("unfold") or find_spec("django")).origin)).parent / "static" / "unfold"  # type: ignore[union-attr]
STATICFILES_DIRS = [
    ("vendor/htmx", _UNFOLD / "js" / "htmx"),
    ("vendor/inter", _UNFOLD / "fonts" / "inter"),
    ("vendor/symbols", _UNFOLD / "fonts" / "material-symbols"),
]


def _edition() -> str:
    """Another one whenever a static file of ours is, so that browsers may keep files for ever."""
    stats = ((str(file), file.stat()) for file in sorted(HERE.glob("*/static/**/*")) if file.is_file())
    marks = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)
    return hashlib.sha256(marks.encode()).hexdigest()[:10]


STATIC_URL = f"/static/{_edition()}/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/"
