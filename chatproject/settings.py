"""All settings, in one module. Every value that differs between installations comes through `env.py`; the defaults
run embedded.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from chatproject import env

BASE_DIR = env.BASE_DIR
DATA_DIR = env.data_dir()

# Who and where
SITE_NAME = env.text("SITE_NAME", "Llave")
SITE_URL = env.text("SITE_URL", "http://localhost:8000").rstrip("/")
_site = urlsplit(SITE_URL)
TLS = _site.scheme == "https"
ALLOWED_ORIGINS = [SITE_URL, *(origin.rstrip("/") for origin in env.words("EXTRA_ORIGINS"))]
ALLOWED_HOSTS = sorted({urlsplit(origin).hostname or "" for origin in ALLOWED_ORIGINS})
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
TRUSTED_PROXY_COUNT = env.whole("TRUSTED_PROXY_COUNT", 0, most=5)
REGISTRATION = env.choice("REGISTRATION", "open", {"open", "closed"})
ADMIN_PATH = env.text("ADMIN_PATH", "admin").strip("/")

# Secrets
SECRET_KEY = env.listable_secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.optional_secrets("SECRET_KEY_FALLBACKS")
FIELD_KEYS = env.key_list("FIELD_KEYS")
LOG_KEY_SEEDS = env.key_list("LOG_KEY_SEED")

DEBUG = False
ROOT_URLCONF = "chatproject.urls"
ASGI_APPLICATION = "chatproject.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "daphne",
    "servestatic",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_otp",
    "chatproject",
    "accounts",
    "keys",
    "conversations",
]

MIDDLEWARE = [
    "chatproject.middleware.SecurityHeaders",
    "chatproject.observed.Observed",
    "chatproject.deadline.Deadline",
    "chatproject.turns.Turns",
    "chatproject.health.ProbesByAddress",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.FullLoginRequired",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chatproject.importmap.context",
            ],
        },
    }
]


# Databases: accounts and keys in `default`, conversations in `messages` when it has a database of its own
def _sqlite(path: Path) -> dict[str, Any]:
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


def _tuned(database: dict[str, Any]) -> dict[str, Any]:
    options = dict(database.get("OPTIONS", {}))
    if database["ENGINE"].endswith("sqlite3"):
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
        }
    else:
        # A network that swallows everything is noticed; what the address says of it counts more.
        given = {"connect_timeout": 4, "tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 5}
        pool = {"min_size": 1, "max_size": env.whole("DATABASE_POOL_MAX", 10, least=1), "timeout": 5}
        options = {**given, "keepalives_count": 3, **options, "pool": pool}
    return {**database, "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


DATABASES = {"default": _tuned(env.database("DATABASE_URL") or _sqlite(DATA_DIR / "chat.sqlite3"))}
_messages = env.database("MESSAGES_DATABASE_URL")
MESSAGES_ALIAS = "messages" if _messages else "default"
if _messages:
    DATABASES["messages"] = _tuned(_messages)
DATABASE_ROUTERS = ["conversations.routers.MessagesRouter"]
DATABASE_THREADS = env.whole("DATABASE_THREADS", 8, least=1, most=64)
BRIDGE_INLINE = False

# Bells and counters: in memory when embedded, Redis when there are several processes
REDIS_URL = env.redis("REDIS_URL")
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Counters of tries: with Django's 300 entries, guessing under many names would wipe them out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
if REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_connect_timeout": 2, "socket_timeout": None}],
            "prefix": "llave",
            # Whoever can write to Redis but has no key rings nobody and ends no socket.
            "symmetric_encryption_keys": [f"bells:{key}" for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)],
        },
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {
                "serializer": "chatproject.lib.numbers.Numbers",
                "socket_connect_timeout": 2,
                "socket_timeout": 2,
            },
        }
    }

# Accounts
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["accounts.hashers.Argon2idHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.validators.ContextWordsValidator"},
]
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
OTP_TOTP_ISSUER = SITE_NAME
LOGIN_URL = "accounts:log-in"
LOGIN_REDIRECT_URL = "/chat/"
POSTS_PER_MINUTE = env.whole("POSTS_PER_MINUTE", 120, least=1)

# Cookies and transport
_prefix = "__Host-" if TLS else ""
SESSION_COOKIE_NAME = f"{_prefix}session"
CSRF_COOKIE_NAME = f"{_prefix}csrf"
LANGUAGE_COOKIE_NAME = f"{_prefix}language"
KNOWN_BROWSER_COOKIE_NAME = f"{_prefix}known_browser"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie more
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_FAILURE_VIEW = "chatproject.errors.csrf_failure"
SECURE_SSL_REDIRECT = False
if TRUSTED_PROXY_COUNT and TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if TLS else 0
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002"]  # chatproject.middleware sets these headers
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# Mail: to the terminal and the data folder, or through EMAIL_URL
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <chat@localhost>")
EMAIL_TIMEOUT = 10
_mail = env.email()
if _mail:
    vars().update(_mail)
else:
    EMAIL_BACKEND = "chatproject.mail.TerminalAndFileBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")

# Words
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [env.BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# Static files: always by hashed name
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]

# Attachments: files of ciphertext in a folder that all processes share, or objects in a bucket
MEDIA_ROOT = Path(env.text("MEDIA_ROOT") or DATA_DIR / "media")
_blobs = {"BACKEND": "conversations.attachments.parts.DurableFiles", "OPTIONS": {"location": str(MEDIA_ROOT)}}
_bucket = env.bucket("BLOBS_URL")
if _bucket:
    _blobs = {"BACKEND": "conversations.attachments.bucket.Bucket", "OPTIONS": _bucket}
ATTACHMENT_MAX_BYTES = env.whole("ATTACHMENT_MAX_MIB", 100, least=1, most=100) * 1024 * 1024
ATTACHMENTS_MAX_BYTES = env.whole("ATTACHMENTS_MAX_MIB", 1024, least=1) * 1024 * 1024
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "blobs": _blobs,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
SERVESTATIC_ALLOW_ALL_ORIGINS = False

# What operators see: metrics on a port of their own, logs as lines or as JSON; and what they keep: backups
METRICS_ADDRESS = env.address("METRICS_ADDRESS")
LOG_FORMAT = env.choice("LOG_FORMAT", "text", {"text", "json"})
BACKUP_PUBLIC_KEY = env.text("BACKUP_PUBLIC_KEY")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"text": {"()": "chatproject.logs.Line"}, "json": {"()": "chatproject.logs.Json"}},
    "filters": {"hide_tokens": {"()": "chatproject.logs.HideTokens"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["hide_tokens"]}},
    "loggers": {"botocore": {"level": "WARNING"}},  # below that: bodies, and keys to the bucket
    "root": {"handlers": ["terminal"], "level": env.text("LOG_LEVEL", "WARNING")},
}
