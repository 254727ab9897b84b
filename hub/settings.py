"""Settings of the hub. What the operator chooses comes from the environment, as `hub.environment.declared` lists it.

Units: sizes in bytes, times in seconds. `STATE` is the folder that holds everything the hub keeps on disk.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from django.templatetags.static import static

from hub import administration_look, log_lines
from hub.environment import broker, declared, libpq, signing_key
from hub.environment.reading import WrongSettings, read
from hub.sign_in.providers import providers
from hub.supervisor.addresses import given_beside, remembered
from hub.supervisor.problems import CannotStart

BASE_DIR = Path(__file__).resolve().parent.parent
try:
    GIVEN = read(os.environ)
except WrongSettings as wrong:  # whichever program reads these settings ends with the message and no trace
    raise SystemExit(wrong.lines()) from None
STATE = GIVEN[declared.STATE]

OURS = "throughline"  # how the hub's programs call themselves at the database, first of all: restore looks for them
# Rows are found by key in batches of hundreds: the planner's usual price for a random page makes it read whole tables.
PLANNER = "-c random_page_cost=1.1 -c jit=off"


def _database(url: str) -> dict[str, object]:
    """Turn postgresql://user:password@host:port/name?sslmode=require into Django's form; libpq's parameters pass."""
    parts = libpq.parameters(url)
    places = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    found: dict[str, object] = {ours: parts.pop(theirs, "") for ours, theirs in places.items()}
    named = " ".join(part for part in (OURS, parts.pop("application_name", "")) if part)
    options = " ".join(part for part in (PLANNER, parts.pop("options", "")) if part)
    return found | {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10} | parts | {"application_name": named, "options": options},
    }


try:
    SECRET_KEY = GIVEN[declared.SECRET_KEY] or signing_key.kept(STATE, sys.argv)
except CannotStart as refused:
    raise SystemExit(refused.lines()) from None
DEBUG = GIVEN[declared.DEBUG]
ALLOWED_HOSTS = GIVEN[declared.ALLOWED_HOSTS]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # its look; the site is ours
    "hub.administration.Administration",
    "hub.first_commands",  # before those whose commands it replaces
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "simple_history",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "django_celery_beat",
    "django_htmx",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "governance",
    "connectors",
    "mappings",
    "routes",
    "exceptions_queue",
    "hub",
]

MIDDLEWARE = [
    "hub.probes.Probes",
    "hub.figures.page.Figures",
    "hub.correlation.Correlated",
    "hub.figures.requests.Counted",
    *(["hub.tracing.Traced"] if GIVEN[declared.OTEL_EXPORTER_OTLP_ENDPOINT] else []),  # loads much
    "hub.arriving.InTime",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "governance.middleware.WithoutNul",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "hub.sign_in.middleware.LastUse",
    "hub.sign_in.middleware.SecondFactorFirst",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "governance.middleware.rights_asked_once",
    "governance.middleware.channel_of_request",  # audit entries say whether it was a page, the admin or the API
]

# The administration wears the shell of our own pages (templates/admin, static/administration, hub/administration_site).
UNFOLD = {
    "SITE_TITLE": "Throughline",
    "SITE_HEADER": "Throughline",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("queue/mark.svg")}],
    "BORDER_RADIUS": "6px",
    "COLORS": administration_look.COLORS,
    "STYLES": [lambda request: static("queue/side.css"), lambda request: static("administration/look.css")],
    "SCRIPTS": [
        lambda request: static("queue/theme.js"),
        lambda request: static("administration/keys.js"),
        lambda request: static("administration/choices.js"),
        lambda request: static("queue/leaving.js"),
        lambda request: static("queue/wrong.js"),
    ],
}

ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

FORM_RENDERER = "hub.fields.Renderer"

# The supervisor sets DATABASE_URL and REDIS_URL to the embedded servers' sockets when the operator has not, and
# remembers them for commands that are typed beside it.
_ADDRESSES = {"DATABASE_URL": "postgresql://throughline@/throughline", "REDIS_URL": "redis://localhost:6379/0"}
_ADDRESSES |= remembered(STATE)
_ADDRESSES |= {each.name: GIVEN[each] for each in (declared.DATABASE_URL, declared.REDIS_URL) if GIVEN[each]}
DATABASES = {"default": _database(_ADDRESSES["DATABASE_URL"])}
REDIS_URL = _ADDRESSES["REDIS_URL"]

AUTH_USER_MODEL = "governance.User"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000  # a mapping of 500 rows as a form has that many inputs
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["hub.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = STATE / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "hub.static_files.Storage"},
}
LOGIN_URL = "login"  # not the admin's: finance has no business in there and is refused by it
LOGIN_REDIRECT_URL = "/"

# Signing in: the operator's choices, then what hub/sign_in makes of allauth.
HTTPS = GIVEN[declared.HTTPS]
SESSION_HOURS = GIVEN[declared.SESSION_HOURS]
TOTP_REQUIRED = GIVEN[declared.TOTP_REQUIRED]
ALLAUTH_TRUSTED_PROXY_COUNT = GIVEN[declared.TRUSTED_PROXIES]
SESSION_COOKIE_AGE = int(SESSION_HOURS * 3600)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict would lose whoever comes back from a provider
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
AUTHENTICATION_BACKENDS = ["hub.sign_in.backend.Passwords"]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator"},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
    {"NAME": _VALIDATION + "NumericPasswordValidator"},
]
# Counts of tries have to be the same for all processes, and outlive Redis, which may lose what it has.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "governance_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
ACCOUNT_ADAPTER = "hub.sign_in.account.AccountAdapter"
ACCOUNT_FORMS = {"login": "hub.sign_in.form.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # nobody signs up; allauth's check wants what signing in needs
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "login"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds for which a password or code is enough for what matters
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_RATE_LIMITS = {
    "login": None,  # only what fails is counted
    "login_failed": "20/m/ip,5/5m/key",  # key: the user name that is tried
    "provider": "30/m/ip",  # each makes the hub ask the provider
}
MFA_ADAPTER = "hub.sign_in.codes.SecondFactors"
MFA_FORMS = {
    "authenticate": "hub.sign_in.codes.SignInCodeForm",
    "reauthenticate": "hub.sign_in.codes.ConfirmCodeForm",
    "activate_totp": "hub.sign_in.codes.EnrolForm",
}
MFA_TOTP_ISSUER = "Throughline"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds that a telephone's clock may be off
MFA_RECOVERY_CODES_SHOW_ONCE = True
SOCIALACCOUNT_ADAPTER = "hub.sign_in.provider.Arrival"
_PROVIDERS = providers(os.environ)  # what is wrong with them was told with all else, by `read`
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "openid_connect": {"APPS": _PROVIDERS, "provider_class": "hub.sign_in.provider.Provider"}
}

CELERY_BROKER_URL = broker.for_celery(REDIS_URL)
# A lane is a queue with workers of its own choice (WORKERS, see the supervisor's options): analytics never delays
# posting. A task is sent with queue=<lane>; a lane that is not listed is an error and not a queue nobody reads.
LANES = list(declared.LANES)
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {lane: {} for lane in LANES}
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_DEFAULT_QUEUE = "master"
CELERY_BROKER_CONNECTION_TIMEOUT = 2  # seconds; a silent broker must not hold up work
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 30, "max_retries": 0}
CELERY_TASK_IGNORE_RESULT = True  # the database is the record; a result backend would be a second truth
CELERY_TASK_ACKS_LATE = False  # a nudge that is lost is made again by the sweep
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "hub.pulse:Scheduler"
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # one format of log lines for all processes
# The sweep nudges the lanes that have due rows: a lost message, a killed worker or a wake-up time costs some seconds.
SWEEP_SECONDS = 5.0
if find_spec("routes.tasks"):
    CELERY_BEAT_SCHEDULE = {
        "sweep": {
            "task": "routes.tasks.sweep",
            "schedule": SWEEP_SECONDS,
            "options": {"queue": "master", "expires": 2 * SWEEP_SECONDS},  # sweeps that waited have no use
        },
        "exceptions": {
            "task": "exceptions_queue.tasks.sweep",
            "schedule": SWEEP_SECONDS,
            "options": {"queue": "master", "expires": 2 * SWEEP_SECONDS},
        },
        "bulk runs": {
            "task": "exceptions_queue.bulk.tasks.sweep",
            "schedule": SWEEP_SECONDS,
            "options": {"queue": "master", "expires": 2 * SWEEP_SECONDS},
        },
        # What comes with the clock alone. Each can be late, lost or doubled: the next one does the same.
        "publish what is due": {"task": "hub.tasks.publish_due", "schedule": 30.0, "options": {"expires": 30}},
        "ask for comparisons": {"task": "routes.tasks.compare", "schedule": 300.0, "options": {"expires": 300}},
        "count days": {
            "task": "routes.tasks.count_days",
            "schedule": 60.0,
            "options": {"queue": "analytics", "expires": 60},
        },
        "partitions": {"task": "routes.tasks.make_partitions", "schedule": crontab(hour="1", minute="10")},
        "note the audit trail's head": {
            "task": "hub.tasks.note_audit_head",
            "schedule": crontab(hour="1", minute="40"),
        },
        "forget what the API kept": {
            "task": "hub.tasks.forget_what_the_api_kept",
            "schedule": crontab(hour="2", minute="20"),
        },
        "drop old events out": {"task": "routes.tasks.drop_old_events", "schedule": crontab(hour="2", minute="10")},
        "periods": {"task": "routes.tasks.read_periods", "schedule": 1800.0, "options": {"queue": "master"}},
    }

log_lines.hide([*log_lines.secrets_of(GIVEN), SECRET_KEY, str(DATABASES["default"]["PASSWORD"])])
log_lines.hide(str(each.get("secret", "")) for each in _PROVIDERS)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "hub.log_lines.Line", "format": log_lines.PLAIN},
        "json": {"()": "hub.log_lines.JsonLine"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": GIVEN[declared.LOG_FORMAT]}},
    "root": {"handlers": ["stderr"], "level": GIVEN[declared.LOG_LEVEL]},
}

# Operator's settings, never the admin's; `hub.environment.declared` says what each is.
# A command beside a running supervisor may reach what the hub's programs may: the simulated systems.
_BESIDE = read(given_beside(STATE))
OUTBOUND_ALLOWED = list(dict.fromkeys([*GIVEN[declared.OUTBOUND_ALLOWED], *_BESIDE[declared.OUTBOUND_ALLOWED]]))
SANDBOX = GIVEN[declared.SANDBOX] or _BESIDE[declared.SANDBOX]
CONNECTOR_PATHS = GIVEN[declared.CONNECTOR_PATHS]
LEASE_SECONDS = GIVEN[declared.LEASE_SECONDS]
DELIVERY_BATCH = GIVEN[declared.DELIVERY_BATCH]
DELIVERY_AT_ONCE = GIVEN[declared.DELIVERY_AT_ONCE]
CONSIGNMENTS = GIVEN[declared.CONSIGNMENTS]
BULK_MEMBERS_ALONE = GIVEN[declared.BULK_MEMBERS_ALONE]
BULK_AMOUNT_ALONE = GIVEN[declared.BULK_AMOUNT_ALONE]
BULK_PACE = GIVEN[declared.BULK_PACE]
REQUEST_TIMEOUT_SECONDS = GIVEN[declared.REQUEST_TIMEOUT_SECONDS]
BODY_PATIENCE = GIVEN[declared.BODY_PATIENCE]
EVENT_BYTES = GIVEN[declared.EVENT_BYTES]
METRICS_TOKEN = GIVEN[declared.METRICS_TOKEN]
OTEL_EXPORTER_OTLP_ENDPOINT = GIVEN[declared.OTEL_EXPORTER_OTLP_ENDPOINT]
OTEL_EXPORTER_OTLP_HEADERS = GIVEN[declared.OTEL_EXPORTER_OTLP_HEADERS]
OTEL_SERVICE_NAME = GIVEN[declared.OTEL_SERVICE_NAME]
EVENT_RECORDS = GIVEN[declared.EVENT_RECORDS]
EVENT_TIMEOUT_SECONDS = GIVEN[declared.EVENT_TIMEOUT_SECONDS]
EVENT_DISABLE_DAYS = GIVEN[declared.EVENT_DISABLE_DAYS]
EVENT_KEEP_DAYS = GIVEN[declared.EVENT_KEEP_DAYS]

# The API. How often one caller may ask within a minute, unless its client says otherwise; counted in rows, or in Redis.
API_REQUESTS_PER_MINUTE = GIVEN[declared.API_REQUESTS_PER_MINUTE]
API_COUNTS_IN = GIVEN[declared.API_COUNTS_IN]

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "hub.api.described.Described",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "EXCEPTION_HANDLER": "hub.problems.answer",
    "URL_FORMAT_OVERRIDE": None,  # a parameter that is not known is refused, this one too
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Throughline",
    "DESCRIPTION": "The API of this hub. Guide: docs/api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["hub.api.described.complete"],
    "PREPROCESSING_HOOKS": [],
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "governance.ApiClient"
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "governance.api.token_rules.TokenRules",
    "OAUTH2_SERVER_CLASS": "governance.api.token_server.TokenServer",
    "SCOPES_BACKEND_CLASS": "governance.api.scopes.ClientScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 14 * 24 * 3600,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],  # http: programs on a person's own machine (RFC 8252)
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "client_credentials", "refresh_token"],
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # tokens are kept as hashes only
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
}
