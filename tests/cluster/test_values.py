"""Values come back from a real API server byte for byte, whatever is in them."""

import base64
from typing import Any

import pytest

from infra_secrets import EscEnv
from infra_secrets.rules.kubernetes import MAX_SECRET_BYTES, MAX_VARIABLE_BYTES, size_problem
from tests.cluster.server import Client
from tests.cluster.test_applied import inside
from tests.manifests import recorded

LONGEST = MAX_VARIABLE_BYTES - len("VALUE=") - 1

VALUES = {
    "a line break at the end": "made up\n",
    "several lines": "first\nsecond\n\nfourth",
    "the line ends of Windows": "first\r\nsecond\r\n",
    "a lone carriage return": "first\rsecond",
    "tabs and spaces around": "\t  made up  \t",
    "quotes": """it's "made" `up`""",
    "backslashes": r"C:\made\up \n \u0041 \\",
    "a variable as Kubernetes writes it": "$(HOME) $$(HOME) $(NOT_THERE) ${HOME} $HOME",
    "a template": "{{ .made }} {% up %} ${made:up}",
    "what YAML would take for something else": "yes",
    "a number with a zero before it": "007",
    "a boolean": "true",
    "null": "null",
    "JSON": '{"made": ["up", 1, null, "\\u00fc"]}',
    "base64": "bWFkZSB1cA==",
    "German, Greek, Chinese and an emoji": "Größe Ωμέγα 秘密 🔑",
    "letters with marks of their own": "e\u0301 and \u00e9",
    "a byte order mark": "\ufeffmade up",
    "line separators of Unicode": "made\u2028up\u2029\u0085",
    "right to left": "\u202eedam\u202c",
    "a zero width joiner": "👩\u200d💻",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f",
    "64 KiB": "made up " * (64 * 1024 // 8),
    "64 KiB of two bytes each": "ü" * (64 * 1024 // 2),
    "the longest that a process can be given": "x" * LONGEST,
    "one character": "x",
    "a URL": "postgresql://nlp:p%40ss%2Fword@db.example.com:5432/nlp?sslmode=require#made-up",
    "a PEM key": "-----BEGIN PRIVATE KEY-----\nbWFkZSB1cA==\n-----END PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("text", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("argument", ["secrets", "files"])
def test_a_secret_value_comes_back_as_it_went(
    server: Client, namespace: str, argument: str, text: str
) -> None:
    assert round_trip(server, namespace, argument, secrets={"value": text}) == text.encode()


@pytest.mark.parametrize("text", VALUES.values(), ids=VALUES.keys())
def test_a_plain_value_comes_back_as_it_went(server: Client, namespace: str, text: str) -> None:
    assert round_trip(server, namespace, "config", config={"value": text}) == text.encode()


def test_a_file_may_hold_a_nul(server: Client, namespace: str) -> None:
    text = "made\0up"
    assert round_trip(server, namespace, "files", secrets={"value": text}) == text.encode()


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_an_object_may_hold_one_mebibyte_and_no_byte_more(
    server: Client, namespace: str, kind: str
) -> None:
    half = "x" * (MAX_SECRET_BYTES // 2)
    for more in ("", "x"):
        values = {"first": half, "second": half + more}
        manifest = {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": "large", "namespace": namespace},
            "stringData" if kind == "Secret" else "data": values,
        }
        refused = server.refusal(manifest)
        assert (size_problem(values) is None) == (refused is None), refused
    assert refused is not None
    assert "Too long" in refused


@pytest.mark.parametrize("argument", ["files", "config"])
def test_what_fills_an_object_is_stored(server: Client, namespace: str, argument: str) -> None:
    text = "x" * (MAX_SECRET_BYTES if argument == "files" else LONGEST)
    config = {"secrets" if argument == "files" else "config": {"value": text}}
    assert round_trip(server, namespace, argument, **config) == text.encode()


def round_trip(server: Client, namespace: str, argument: str, **config: Any) -> bytes:
    """Take a value of stack config through an `EscEnv` to the server and back."""
    target = "/etc/nlp/value" if argument == "files" else "VALUE"
    given: Any = {argument: {target: "value"}}
    (manifest,) = recorded(lambda: EscEnv("nlp", **given), **config)
    placed = inside(namespace, manifest)
    server.apply(placed)
    (found,) = server.read(placed)["data"].values()
    return base64.b64decode(found) if manifest["kind"] == "Secret" else found.encode()
