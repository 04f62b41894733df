"""The project as Django starts it: in a process of its own, with what its pod is given."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASK = """
import django
django.setup()
from django.conf import settings
from django.test import Client
print(Client().get("/health").content.decode(), settings.DATABASES["default"]["HOST"])
"""


def django(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {"DJANGO_SETTINGS_MODULE": "service", "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    return subprocess.run(  # noqa: S603
        [sys.executable, *arguments],
        cwd=Path(__file__).parent,
        env={**own, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_it_starts_with_what_its_pod_is_given() -> None:
    given = {
        "DJANGO_SECRET_KEY": "made-up-" + "key-" * 20,
        "DATABASE_URL": "postgresql://shop:made-up@db.example.com:5433/shop",
    }
    done = django("-c", ASK, **given)

    assert done.stdout == '{"started": true} db.example.com\n', done.stderr


def test_it_does_not_start_without_one_and_the_error_says_which() -> None:
    done = django("-c", ASK, DATABASE_URL="postgresql://shop:made-up@db.example.com/shop")

    assert done.returncode == 1
    assert "django_secret_key: the variable DJANGO_SECRET_KEY is not set" in done.stderr
    assert "made-up" not in done.stderr


def test_its_database_gets_the_password_and_not_how_a_url_spells_it() -> None:
    asked = ASK + "print(settings.DATABASES['default']['PASSWORD'] == 'made/up@')"
    url = "postgresql://shop:made%2Fup%40@db.example.com/shop"
    done = django("-c", asked, DJANGO_SECRET_KEY="made-up-" + "key-" * 20, DATABASE_URL=url)

    assert done.stdout.splitlines()[-1] == "True", done.stderr


def test_its_database_gets_the_options_of_the_url() -> None:
    asked = ASK + "print(settings.DATABASES['default']['OPTIONS'])"
    url = (
        "postgresql://shop:made-up@db.example.com/shop?sslmode=require&options=-c%20timezone%3DUTC"
    )
    given = {"DJANGO_SECRET_KEY": "made-up-" + "key-" * 20}
    with_some = django("-c", asked, DATABASE_URL=url, **given)
    with_none = django("-c", asked, DATABASE_URL=url.partition("?")[0], **given)

    assert with_some.stdout.splitlines()[-1] == (
        "{'sslmode': 'require', 'options': '-c timezone=UTC'}"
    ), with_some.stderr
    assert with_none.stdout.splitlines()[-1] == "{}", with_none.stderr
