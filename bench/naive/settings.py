"""As `django-admin startproject` and the Channels tutorial leave them: nothing is tuned."""

import os

SECRET_KEY = "only for a bench on loopback"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "channels",
    "bench.naive",
]
ASGI_APPLICATION = os.environ.get("BENCH_APPLICATION", "bench.naive.asgi.application")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ["BENCH_POSTGRES_PORT"],
        "USER": "chat",
        "NAME": os.environ["BENCH_DATABASE"],
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ.get("BENCH_REDIS_URL", "")]},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
