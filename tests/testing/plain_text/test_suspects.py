"""What is taken for the value of a secret, and what is not: names, texts, commands."""

import pytest

from infra_secrets.testing.plain_text.names import sounds_secret
from infra_secrets.testing.plain_text.suspects import suspects


def found(name: str, text: str) -> list[str]:
    return [each.value for each in suspects(name, text, is_name=lambda _: False)]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "passwd",
        "pwd",
        "secret",
        "contraseña",
        "contrasena",
        "passphrase",
        "passcode",
        "credential",
        "credentials",
        "token",
        "authtoken",
        "apitoken",
        "accesstoken",
        "api_key",
        "access_key",
        "signing_key",
        "encryption_key",
        "shared_key",
        "master_key",
        "webhook_key",
        "private_key",
        "requirepass",
        "masterauth",
        "DB_PASS",
        "smtpPass",
        "secretString",
        "password_wo",
        "TOKEN_BASE64",
        "clientSecretValue",
    ],
)
def test_each_word_for_a_secret_is_known(name: str) -> None:
    assert sounds_secret(name)
    assert found(name, "hunter2!made up") == ["hunter2!made up"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "value",
        "COMPASS",
        "PASS_THROUGH",
        "TOKENIZER",
        "nextToken",
        "keyboard",
        "password_length",
    ],
)
def test_a_name_that_only_contains_such_a_word_is_none(name: str) -> None:
    assert not sounds_secret(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("JWT_SECRET", "my-jwt-secret-2024"),
        ("JWT_SECRET", "my-jwt-secret"),
        ("API_KEY", "staging-key-9f3k"),
        ("DB_PASS", "winter-is-coming"),
        ("DB_PASSWORD", "password"),
        ("PIN_SECRET", "48151623"),
        ("password", "password"),
    ],
)
def test_a_variable_for_a_secret_holds_one_in_words_and_in_digits(name: str, text: str) -> None:
    assert found(name, text)[:1] == [text]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DB_PASSWORD_SECRET", "prod/db-password"),
        ("TLS_SECRET", "wildcard-tls"),
        ("PULL_SECRET", "registry-credentials"),
        ("API_KEY_ID", "staging-key-9f3k"),
        ("SECRET_NAME", "db-secret-2024"),
        ("MAX_TOKEN", "4096"),
        ("passwordKey", "password"),
        ("passwordKey", "postgres-password"),
        ("secretKey", "password"),
        ("password-field", "pass"),
        ("integrity", "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"),
        ("integrity", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ],
)
def test_what_says_where_a_secret_is_or_is_a_digest_is_none(name: str, text: str) -> None:
    assert found(name, text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Basic YWRtaW46c2VjcmV0MTIz", "YWRtaW46c2VjcmV0MTIz"),
        ("Authorization: Bearer q8Zr2LmX91kjabcdef", "q8Zr2LmX91kjabcdef"),
        ("curl -H 'Authorization: Bearer q8Zr2LmX91kj' host", "q8Zr2LmX91kj"),
        (
            "npm_abcdefghijklmnopqrstuvwxyz0123456789",
            "npm_abcdefghijklmnopqrstuvwxyz0123456789",
        ),
        ("redis-server --requirepass q8Zr2LmX91kf", "q8Zr2LmX91kf"),
        ("run --password 'q8Zr2LmX91kf' now", "q8Zr2LmX91kf"),
        ("mysql -uroot -pq8Zr2LmX91kh shop", "q8Zr2LmX91kh"),
        ("mysqldump -u root -p'q8Zr2LmX91kh' shop", "q8Zr2LmX91kh"),
        ("curl -u admin:q8Zr2LmX91ki https://host", "q8Zr2LmX91ki"),
        ("curl --user 'admin:q8Zr2LmX91ki' https://host", "q8Zr2LmX91ki"),
    ],
)
def test_what_commands_and_headers_are_given_is_found(text: str, value: str) -> None:
    assert value in found("", text)


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication is off",
        "Authorization: Bearer $TOKEN",
        "a bearer token-in-the-header",
        "docker login --username AWS --password-stdin host",
        "give --password or --token file",
        "pulumi config set --stack dev --secret shop:url",
        "docker run --name mysql -p3306:3306 mysql:8",
        "mysql -uroot -p$PASSWORD shop",
        "mysql -uroot -p shop",
        "mysql --version; mkdir -pv /srv/data1",
        'curl -u "$NAME:$PASSWORD" https://host',
        "aws secretsmanager get-secret-value --secret-id prod/db-1",
    ],
)
def test_a_command_without_a_value_is_none(text: str) -> None:
    assert found("", text) == []
