"""The rules of Kubernetes: what is legal, what is refused, and that every suggestion is legal itself."""

import ast
import re
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_secrets.rules import kubernetes
from infra_secrets.rules.kubernetes import (
    MAX_SECRET_BYTES,
    MAX_VARIABLE_BYTES,
    file_key,
    image_problem,
    label_key_problem,
    label_problem,
    label_value_problem,
    namespace_problem,
    nested_path_problem,
    path_problem,
    port_name_problem,
    port_problem,
    quantity_problem,
    size_problem,
    subdomain_problem,
    value_problem,
    variable_problem,
)

RULES: dict[str, Callable[[str], str | None]] = {
    "variable": variable_problem,
    "label": label_problem,
    "namespace": namespace_problem,
    "subdomain": subdomain_problem,
    "label key": label_key_problem,
    "label value": label_value_problem,
    "path": path_problem,
    "image": image_problem,
    "port name": port_name_problem,
    "quantity": quantity_problem,
}
DIGEST = f"sha256:{'0' * 64}"


def suggestion(problem: str | None) -> str | None:
    literal = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
    found = re.search(rf"({literal}) would work\.$", problem or "")
    return None if found is None else str(ast.literal_eval(found[1]))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        *[("variable", text) for text in ("DATABASE_URL", "_", "lower", "A1", "A" * 253)],
        *[("label", text) for text in ("nlp", "a", "1", "a--b", "a" * 54)],
        *[("namespace", text) for text in ("default", "a" * 63)],
        *[("subdomain", text) for text in ("a.b-c.d", "a" * 253)],
        *[("label key", text) for text in ("app", "app.kubernetes.io/name", "A_b.c", "x" * 63)],
        *[("label value", text) for text in ("", "v1.2_3", "A", "x" * 63)],
        *[("path", text) for text in ("/etc/flux/identity", "/a b", "/ü", "/..a", "/" + "a" * 255)],
        *[("image", text) for text in ("nginx", "nginx:1.27", "a/b/c", f"ghcr.io/a/b:v1@{DIGEST}")],
        *[("image", text) for text in ("localhost:5000/a", "[::1]:80/a", "a__b", f"a@{DIGEST}")],
        *[("port name", text) for text in ("http", "http-1", "a" * 15)],
        *[("quantity", text) for text in ("250m", "128Mi", "1.5", "0", "1e3", "1E", ".5", "2.")],
    ],
)
def test_a_legal_text_has_no_problem(rule: str, text: str) -> None:
    assert RULES[rule](text) is None


@pytest.mark.parametrize(
    ("rule", "text", "would_do"),
    [
        ("variable", "database-url", "DATABASE_URL"),
        ("variable", "databaseUrl.x", "DATABASE_URL_X"),
        ("variable", "1password", "_1PASSWORD"),
        ("variable", "A=B", "A_B"),
        ("label", "NlpService", "nlp-service"),
        ("label", "nlp_service", "nlp-service"),
        ("label", "-nlp-", "nlp"),
        ("namespace", "Team A", "team-a"),
        ("subdomain", "My.Store_1", "my.store-1"),
        ("label key", "my app", "my-app"),
        ("label key", "Example.com/App Name", "example.com/App-Name"),
        ("label value", "a b/c", "a-b-c"),
        ("path", "etc/flux/identity", "/etc/flux/identity"),
        ("path", "/etc/../flux//identity/", "/etc/flux/identity"),
        ("path", "/etc/a:b", "/etc/a-b"),
        ("image", "Team/App:V1", "team/app:v1"),
        ("image", "https://ghcr.io/a/b", "ghcr.io/a/b"),
        ("image", "nginx:1 ", "nginx:1"),
        ("port name", "HTTP_metrics", "http-metrics"),
        ("port name", "8080", "port-8080"),
        ("quantity", "128MB", "128M"),
        ("quantity", "128 mib", "128Mi"),
        ("quantity", "0,5", "0.5"),
        ("quantity", "2g", "2G"),
        ("quantity", "64KB", "64k"),
        ("path", "'\"", "/'\""),
    ],
)
def test_a_refused_text_comes_with_one_that_would_do(rule: str, text: str, would_do: str) -> None:
    assert suggestion(RULES[rule](text)) == would_do


@pytest.mark.parametrize(
    ("rule", "text", "says"),
    [
        ("variable", "A" * 254, "at most 253 characters"),
        ("variable", "", "cannot be an environment variable"),
        ("label", "a" * 55, "at most 54 characters"),
        ("namespace", "a" * 64, "at most 63 characters"),
        ("namespace", "a.b", "cannot be a namespace"),
        ("subdomain", "a" * 254, "at most 253 characters"),
        ("subdomain", "a..b", "in each part between dots"),
        ("label key", "/a", "after an optional DNS name"),
        ("label key", "a/b/c", "cannot be the key of a label"),
        ("label value", "x" * 64, "at most 63 characters"),
        ("path", "", "it is empty"),
        ("path", "/", "it must name a file"),
        ("path", "/etc/", "it must name a file, not end in '/'"),
        ("path", "/a/./b", "'.' and '..' are not allowed"),
        ("path", "/a\0b", "it has a control character"),
        ("path", "/a\nb", "it has a control character"),
        ("path", "/\ud800", "it has a control character"),
        ("path", "/proc/1/environ", "nothing can be mounted over /proc"),
        ("path", "/dev", "nothing can be mounted over /dev"),
        (
            "path",
            "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "nothing can be mounted over",
        ),
        (
            "path",
            "/run/secrets/kubernetes.io/serviceaccount/token",
            "nothing can be mounted over",
        ),
        ("path", "/" + "ü" * 128, "more than 255 bytes"),
        ("path", "/a" * 2048, "more than 4095 bytes"),
        ("path", r"C:\keys\id", "it must be absolute"),
        ("image", "", "it is empty"),
        ("image", "a:b:c", "cannot be an image"),
        ("image", "a:" + "b" * 129, "a tag of at most 128"),
        ("image", "a@sha256:12", "64 hexadecimal digits"),
        ("image", "0" * 64, "an image's id"),
        ("image", "a//b", "each part of its repository"),
        ("image", "-.io/a", "its registry"),
        ("image", "a" * 5000, "it is too long"),
        ("quantity", "-1", "at least 0"),
        ("quantity", "", "not a resource quantity"),
        ("quantity", "1 core", "not a resource quantity"),
    ],
)
def test_a_refusal_says_the_rule(rule: str, text: str, says: str) -> None:
    assert says in str(RULES[rule](text))


texts = st.one_of(
    st.text(),
    st.text(string.ascii_letters + string.digits + "-_./:@ ", max_size=80),
    st.text("aB1-_./:@ ", min_size=50, max_size=400),
)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(text=texts)
def test_every_suggestion_is_legal_itself(rule: Callable[[str], str | None], text: str) -> None:
    found = suggestion(rule(text))

    assert found is None or rule(found) is None


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize(
    "text", ["sk-live-51HG7dKxQ9", "postgresql://app:QX7Z9PWD@db/app", "ghp_QX7Z9PWDQX7Z9PWD"]
)
def test_a_value_in_the_wrong_place_is_not_shown(
    rule: Callable[[str], str | None], text: str
) -> None:
    found = str(rule(f"{text} "))

    assert not [text[at : at + 6] for at in range(3, len(text) - 5) if text[at : at + 6] in found]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize(
    "text", ["a" * 2**20, "-" * 2**20, "/a" * 2**19, "a." * 2**19, "é@:" * 2**18]
)
def test_a_mebibyte_of_anything_is_refused_in_a_short_sentence(
    rule: Callable[[str], str | None], text: str
) -> None:
    assert 0 < len(str(rule(text))) < 1000


paths = st.lists(st.text() | st.text("/.ab-é\0", max_size=400), max_size=20)


@given(paths)
def test_keys_of_files_are_legal_and_differ(paths: list[str]) -> None:
    taken: set[str] = set()
    for path in paths:
        key = file_key(path, taken)
        assert key not in taken
        taken.add(key)

    for key in taken:
        assert re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key)
        assert key != "."
        assert not key.startswith("..")


def test_the_keys_of_two_long_paths_with_the_same_end_have_room_for_what_sets_them_apart() -> None:
    end = "a" * 300
    first = file_key(f"/one/{end}", ())
    second = file_key(f"/two/{end}", (first,))

    assert first != second
    assert max(len(first), len(second)) <= kubernetes.MAX_KEY


@given(st.text("/ab", max_size=20), st.sets(st.text("ab.-12", max_size=6)))
def test_the_key_of_a_file_depends_on_nothing_else(path: str, taken: set[str]) -> None:
    assert file_key(path, taken) == file_key(path, sorted(taken, reverse=True))


@pytest.mark.parametrize(
    ("path", "taken", "key"),
    [
        ("/etc/flux/identity", (), "etc.flux.identity"),
        ("/etc/flux/identity", ("etc.flux.identity",), "etc.flux.identity-2"),
        ("/a.b", ("a.b", "a.b-2"), "a.b-3"),
        ("/srv/.ssh/id", (), "srv.ssh.id"),
        ("/etc/my key", (), "etc.my-key"),
        ("/Größe", (), "Groe"),
        ("/鍵", (), "file"),
    ],
)
def test_the_key_of_a_file_resembles_its_path(path: str, taken: tuple[str, ...], key: str) -> None:
    assert file_key(path, taken) == key


def test_a_file_cannot_be_the_directory_of_another() -> None:
    assert nested_path_problem(["/etc/a", "/etc/ab", "/etc/b/c"]) is None
    assert nested_path_problem(["/etc/b/c/d", "/x", "/etc/b"]) == (
        "'/etc/b' is a file, so it cannot contain '/etc/b/c/d' as well."
    )


@pytest.mark.parametrize(
    ("number", "is_legal"), [(1, True), (65535, True), (0, False), (65536, False)]
)
def test_a_port_is_a_number_from_1_to_65535(number: int, is_legal: bool) -> None:
    assert (port_problem(number) is None) == is_legal


def test_a_huge_number_is_no_port() -> None:
    assert port_problem(-(10**5000)) == "this cannot be a port: ports range from 1 to 65535."


def test_thousandths_of_a_byte_are_refused_where_bytes_are_meant() -> None:
    assert quantity_problem("128m", "cpu") is None
    assert suggestion(quantity_problem("128m", "memory")) == "128Mi"


def test_a_variable_has_room_for_its_name_and_the_final_nul() -> None:
    room = MAX_VARIABLE_BYTES - len("NAME=") - 1

    assert value_problem("NAME", "x" * room) is None
    assert f"it has {MAX_VARIABLE_BYTES + 1} bytes" in str(value_problem("NAME", "x" * (room + 1)))
    assert "mount it as a file" in str(value_problem("NAME", "ü" * (room // 2 + 1)))


def test_a_variable_cannot_hold_nul() -> None:
    assert "has a NUL character" in str(value_problem("NAME", "a\0b"))


def test_a_secret_that_is_too_large_is_refused_with_its_largest_entries() -> None:
    half = "x" * (MAX_SECRET_BYTES // 2)

    assert size_problem({"A": half, "B": half}) is None
    assert "(the largest: 'A' with 524288, 'B' with 524288, 'C' with 1)" in str(
        size_problem({"A": half, "B": half, "C": "x"})
    )


def test_a_component_has_room_for_what_auto_naming_adds() -> None:
    assert kubernetes.MAX_COMPONENT + len("-12345678") == kubernetes.MAX_LABEL


def test_a_size_is_counted_in_bytes_and_not_in_characters() -> None:
    half = kubernetes.MAX_SECRET_BYTES // 2

    assert kubernetes.size_problem({"a": "é" * half}) is None
    assert kubernetes.size_problem({"a": "é" * half + "x"}) is not None
