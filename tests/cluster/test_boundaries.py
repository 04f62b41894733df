"""The package, its simulated API server and a real one draw the same line.

What a rule of `infra_secrets.rules.kubernetes` lets through, the real server takes; what it refuses, the real server
refuses, but for what the package is stricter about on purpose, which stands here with its reason.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_secrets.rules import kubernetes
from infra_secrets.testing.cluster.apiserver import ApiServer
from infra_secrets.testing.simulation import CloudError
from tests.cluster.server import Client

A_NAME = "made-up"


def named(api: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **more.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}


def with_labels(labels: dict[str, str]) -> dict[str, Any]:
    return named("v1", "ConfigMap", A_NAME, metadata={"namespace": "default", "labels": labels})


def with_annotation(key: str) -> dict[str, Any]:
    metadata = {"namespace": "default", "annotations": {key: "made up"}}
    return named("v1", "ConfigMap", A_NAME, metadata=metadata)


def with_container(**more: Any) -> dict[str, Any]:
    container = {"name": "nlp", "image": "ghcr.io/acme/nlp:1", **more}
    volumes = [{"name": "files", "emptyDir": {}}]
    return named(
        "v1",
        "Pod",
        A_NAME,
        metadata={"namespace": "default"},
        spec={"containers": [container], "volumes": volumes},
    )


def with_variable(name: str) -> dict[str, Any]:
    reference = {"secretKeyRef": {"name": A_NAME, "key": name}}
    return with_container(env=[{"name": name, "valueFrom": reference}])


def with_data(kind: str, key: str) -> dict[str, Any]:
    data = "stringData" if kind == "Secret" else "data"
    return named("v1", kind, A_NAME, metadata={"namespace": "default"}, **{data: {key: "made up"}})


def with_file(path: str) -> dict[str, Any]:
    return with_container(volumeMounts=[{"name": "files", "mountPath": path, "subPath": "file"}])


def with_port(**more: Any) -> dict[str, Any]:
    return with_container(
        ports=[{"containerPort": 8080, "name": "http", "protocol": "TCP", **more}]
    )


def with_component(name: str) -> dict[str, Any]:
    """What an `EscDeployment` makes of its own name: the names of objects, a container, labels."""
    labels = {"app.kubernetes.io/name": name}
    return named(
        "apps/v1",
        "Deployment",
        f"{name}-0a1b2c3d",
        metadata={"namespace": "default", "labels": {**labels, "pod": f"{name}-0a1b2c3d"}},
        spec={
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{"name": name, "image": "ghcr.io/acme/nlp:1"}],
                    "volumes": [{"name": f"{name}-files", "emptyDir": {}}],
                },
            },
        },
    )


def never(text: str) -> bool:
    del text
    return False


@dataclass(frozen=True)
class Line:
    """A rule of the package, and the manifest in which the server meets the same text.

    Attributes:
        rule: Says what is wrong with a text, or None.
        manifest: Puts the text where the server judges it.
        examples: Texts on both sides of the line.
        letters: What random texts are made of, beside random characters.
        stricter: Whether a text is one that the package refuses and the server takes, on purpose.
        simulated: Whether the simulated API server draws the line too.
    """

    rule: Callable[[str], str | None]
    manifest: Callable[[str], dict[str, Any]]
    examples: Iterable[str]
    letters: str = "aB0-_./"
    stricter: Callable[[str], bool] = never
    simulated: bool = True


LABEL = [
    "a",
    "0",
    "a-b",
    "0-0",
    "-a",
    "a-",
    "-",
    "A",
    "a.b",
    "a_b",
    "ä",
    "a b",
    "a\n",
    "",
    "a" * 63,
    "a" * 64,
]
SUBDOMAIN = [*LABEL, "a..b", ".a", "a.", "a.-b", "a-.b", "0.0", "a" * 253, "a" * 254]
SUBDOMAIN += [".".join(["a" * 63] * 3 + ["a" * 61]), ".".join(["a" * 63] * 3 + ["a" * 62])]
QUALIFIED = [*LABEL, "A.b_C-d", ".a", "a.", "_a", "a_", "a..b", "a__b", "a" * 253]
LABEL_KEY = [
    *QUALIFIED,
    "example.com/a",
    "example.com/",
    "/a",
    "a/b/c",
    "EXAMPLE.com/a",
    "-a/b",
    "a_b/c",
]
LABEL_KEY += [
    f"{'a' * 253}/{'a' * 63}",
    f"{'a' * 254}/a",
    f"a/{'a' * 64}",
    f"{'a' * 64}.com/a",
    "a /b",
]
VARIABLE = [
    "A",
    "_",
    "_0",
    "A0",
    "0A",
    "A-B",
    "A.B",
    "A B",
    "A=B",
    "=",
    "Ä",
    "A\n",
    "A\0",
    "",
    "a" * 253,
    "a" * 254,
]
PATH = [
    "/a",
    "/a/b",
    "/a:b",
    ":",
    "/:",
    "/etc/flux/identity",
    "",
    "a/b",
    "/",
    "//a",
    "/a/",
    "/a/../b",
    "/ä",
    "/a b",
]
PORT_NAME = [
    "a",
    "0a",
    "a0",
    "0",
    "00",
    "a-b",
    "a--b",
    "-a",
    "a-",
    "A",
    "a_b",
    "a.b",
    "",
    "a" * 15,
    "a" * 16,
    "0-0",
]
AMOUNT = [
    "0",
    "1",
    "250m",
    "1.5",
    ".5",
    "1.",
    "+1",
    "-1",
    "1Ki",
    "1Mi",
    "1K",
    "1k",
    "1MB",
    "1 Mi",
    "1e3",
    "1E3",
    "1E",
]
AMOUNT += [
    "1e-3",
    "1n",
    "1u",
    "01",
    "",
    "1,5",
    "m",
    "1mi",
    "1ki",
    "0x10",
    "1.5Gi",
    "1_000",
    "१",
    "9" * 30,
    "1e",
    "++1",
]
IMAGE = ["nlp", "ghcr.io/acme/nlp:1.4.2", "", " ", " nlp", "nlp ", "nlp\n"]


def without_shell(name: str) -> bool:
    """The server takes any printable ASCII but `=`; a shell reads letters, digits and underscores."""
    return re.fullmatch(r"[ -<>-~]+", name) is not None


def an_upper_case_domain(key: str) -> bool:
    """The server lowers annotation keys before it looks; the package treats them as it does labels'."""
    return key != key.lower()


def a_place_that_would_break(path: str) -> bool:
    """The server takes any path; its documentation forbids `:`, and the rest breaks when the pod starts."""
    return bool(path)


def an_image_that_cannot_be_pulled(image: str) -> bool:
    """The server takes any text without spaces around it; the kubelet then reports InvalidImageName."""
    # What else is space around a text, Go and Python do not agree on.
    return bool(image) and (image == image.strip() or not image.isprintable())


def no_port_name(name: str) -> bool:
    """The server knows ports without a name; the package gives every port one."""
    return not name


def an_amount_that_is_nothing(amount: str) -> bool:
    """The server takes -0, and reads nothing before a unit or an exponent as 0."""
    return (
        re.match(r"[-+]?\.?[0-9]", amount) is None
        or re.match(r"-[.0]*([^.0-9]|$)", amount) is not None
    )


LINES = {
    "component": Line(
        kubernetes.label_problem,
        with_component,
        [*LABEL, "a" * 54, "a" * 55],
        "a0-",
        simulated=False,
    ),
    "namespace": Line(
        kubernetes.namespace_problem, lambda name: named("v1", "Namespace", name), LABEL, "a0-"
    ),
    "object": Line(
        kubernetes.subdomain_problem,
        lambda name: named("v1", "Secret", name, metadata={"namespace": "default"}),
        SUBDOMAIN,
        "a0-.",
    ),
    "label key": Line(kubernetes.label_key_problem, lambda key: with_labels({key: ""}), LABEL_KEY),
    "annotation key": Line(
        kubernetes.label_key_problem, with_annotation, LABEL_KEY, stricter=an_upper_case_domain
    ),
    "label value": Line(
        kubernetes.label_value_problem, lambda text: with_labels({"a": text}), QUALIFIED
    ),
    "variable": Line(kubernetes.variable_problem, with_variable, VARIABLE, "aB0_-.", without_shell),
    "path": Line(
        kubernetes.path_problem,
        with_file,
        PATH,
        "a/.:",
        a_place_that_would_break,
        simulated=False,
    ),
    "port name": Line(
        kubernetes.port_name_problem,
        lambda name: with_port(name=name),
        PORT_NAME,
        "a0-",
        no_port_name,
        simulated=False,
    ),
    "amount of cpu": Line(
        kubernetes.quantity_problem,
        lambda amount: with_container(resources={"limits": {"cpu": amount}}),
        AMOUNT,
        "01.+-eEmkMi",
        an_amount_that_is_nothing,
        simulated=False,
    ),
    "image": Line(
        kubernetes.image_problem,
        lambda image: with_container(image=image),
        IMAGE,
        stricter=an_image_that_cannot_be_pulled,
        simulated=False,
    ),
}


def check(server: Client, line: Line, text: str) -> None:
    manifest = line.manifest(text)
    problem, refused = line.rule(text), server.refusal(manifest)
    if problem is None:
        assert refused is None, f"the package takes {text!r} and the server does not: {refused}"
    elif not line.stricter(text):
        assert refused is not None, f"the server takes {text!r} and the package does not: {problem}"
    if line.simulated:
        simulated = refusal_of_the_simulation(manifest)
        assert (simulated is None) == (refused is None), (
            f"{text!r}: {simulated!r}, really {refused!r}"
        )


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_both_sides_of_a_line(server: Client, line: Line) -> None:
    wrong = []
    for text in line.examples:
        try:
            check(server, line, text)
        except AssertionError as error:
            wrong.append(str(error).splitlines()[0])
    assert wrong == []


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
@given(data=st.data())
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_random_texts_fall_on_the_same_side(
    server: Client, line: Line, data: st.DataObject
) -> None:
    check(
        server,
        line,
        data.draw(st.text(st.sampled_from(line.letters), max_size=20) | st.text(max_size=5)),
    )


@pytest.mark.parametrize("number", [-1, 0, 1, 65535, 65536, 2**31 - 1])
def test_ports_end_where_the_server_says(server: Client, number: int) -> None:
    refused = server.refusal(with_port(containerPort=number))
    assert (kubernetes.port_problem(number) is None) == (refused is None)


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
@given(path=st.text(max_size=300).map(lambda text: f"/{text}"))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_key_that_a_file_gets_is_legal(server: Client, kind: str, path: str) -> None:
    assert server.refusal(with_data(kind, kubernetes.file_key(path, ()))) is None


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
@pytest.mark.parametrize(
    "key",
    ["a", "A.b_c-d", "-", ".", "..", "..a", "a..", ".a", "a/b", "ä", "", "a" * 253, "a" * 254],
)
def test_the_simulation_knows_the_keys_that_the_server_takes(
    server: Client, kind: str, key: str
) -> None:
    manifest = with_data(kind, key)
    assert (refusal_of_the_simulation(manifest) is None) == (server.refusal(manifest) is None)


def refusal_of_the_simulation(manifest: dict[str, Any]) -> str | None:
    try:
        ApiServer().admit(manifest)
    except CloudError as error:
        return str(error)
    return None
