"""An address is repeated without the login or the key that it may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_secrets.cli.addresses import without_logins

PASSWORD = "made-up-pw"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"postgres://ann:{PASSWORD}@db:5432/state", "postgres://db:5432/state"),
        (f"postgres://ann:{PASSWORD}/2@db:5432/state", "postgres://db:5432/state"),
        (f"postgres://ann:a@{PASSWORD}@db/state", "postgres://db/state"),
        (f"postgres://ann:a?{PASSWORD}@db/state", "postgres://(not shown)"),
        (f"postgres://ann:a#{PASSWORD}@db/state", "postgres://(not shown)"),
        (f"postgres://ann:{PASSWORD}", "postgres://(not shown)"),
        (f"s3://bucket?awssecret={PASSWORD}", "s3://bucket"),
        (f"s3://bucket?region=eu-west-1&key={PASSWORD}", "s3://bucket?region=eu-west-1"),
        (f"s3://bucket?endpoint=http://ann:{PASSWORD}@minio:9000", "s3://(not shown)"),
        (f"azblob://container?sas={PASSWORD}", "azblob://container"),
        (f"file:///state?token={PASSWORD}", "file:///state"),
        ("https://api.pulumi.com", "https://api.pulumi.com"),
        ("http://[::1]:8080/state", "http://[::1]:8080/state"),
        (
            f'error: unable to open "postgres://ann:{PASSWORD}@db:1/x": ping: dial tcp db:1: refused',
            'error: unable to open "postgres://db:1/x": ping: dial tcp db:1: refused',
        ),
        (
            f'parse "postgres://ann:{PASSWORD}/x@db": invalid port ":{PASSWORD}" after host',
            'parse "postgres://db": invalid port after host',
        ),
        ("no address at all: user@example.com", "no address at all: user@example.com"),
    ],
)
def test_an_address_is_shown_without_a_login_and_without_a_key(text: str, shown: str) -> None:
    assert without_logins(text) == shown


@given(
    st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'`<>"), min_size=1)
)
def test_no_password_is_shown_whatever_it_is_made_of(password: str) -> None:
    shown = without_logins(f"pulumi: postgres://ann:\N{SNOWMAN}{password}@db/state: refused")

    assert "\N{SNOWMAN}" not in shown
    assert password[1:] == "" or f"{password}@" not in shown
