"""The settings of a Django project, and its one page. Secrets are read once, when Django reads this module.

DJANGO_SETTINGS_MODULE=service python -m django runserver
"""

from urllib.parse import parse_qsl, unquote

from django.http import HttpRequest, JsonResponse
from django.urls import path
from pydantic import PostgresDsn, SecretStr

from infra_secrets.runtime import SecretSettings


class Shop(SecretSettings, service="shop"):
    """What this project needs to know."""

    django_secret_key: SecretStr
    database_url: PostgresDsn


secrets = Shop()  # a name in lower case: Django takes and shows only those in capitals
_database = secrets.database_url.hosts()[0]

SECRET_KEY = secrets.django_secret_key.get_secret_value()
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote((secrets.database_url.path or "").lstrip("/")),
        "HOST": _database["host"],
        "PORT": _database["port"] or "",
        "USER": unquote(_database["username"] or ""),
        "PASSWORD": unquote(_database["password"] or ""),  # in a URL it is percent-encoded
        "OPTIONS": dict(parse_qsl(secrets.database_url.query or "")),  # e.g. sslmode=require
    }
}


def health(_: HttpRequest) -> JsonResponse:
    """Say that the project is there."""
    return JsonResponse({"started": True})


urlpatterns = [path("health", health)]
