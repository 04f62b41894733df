"""A real API server takes every manifest that the package makes, and keeps all of it."""

import base64
import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cluster.server import Client, Refused
from tests.manifests import CONFIG, PROGRAMS, SECRETS, definition, manifests_of, recorded


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_server_takes_keeps_and_deletes_what_a_program_makes(
    server: Client, namespace: str, program: str
) -> None:
    made = [inside(namespace, each) for each in manifests_of(program).values()]
    found = definition()
    known = [each for each in made if each["kind"] != "ExternalSecret" or isinstance(found, dict)]
    for manifest in known:
        server.apply(manifest)
        assert lost(manifest, server.read(manifest)) == []
    for manifest in known:
        server.delete(manifest)
        assert not server.exists(manifest)
    assert server.warnings == []
    if len(known) < len(made):
        pytest.skip(f"all but the ExternalSecret was taken; {found}")


def test_the_server_says_which_field_it_does_not_know(server: Client, namespace: str) -> None:
    manifest = config_map(namespace, "misspelled", immutabel=True)
    with pytest.raises(Refused, match="immutabel"):
        server.apply(manifest)


def test_an_immutable_secret_is_not_changed_in_place(server: Client, namespace: str) -> None:
    secret = secret_of(namespace, "secrets only")
    server.apply(secret)
    changed = copy.deepcopy(secret)
    changed["stringData"]["API_TOKEN"] = "made-up-other-token"
    with pytest.raises(Refused, match="field is immutable when `immutable` is set"):
        server.apply(changed)
    assert value(server.read(secret), "API_TOKEN") == SECRETS["shared:api_token"]


def test_a_changed_value_under_a_new_name_leaves_the_old_secret_until_it_is_deleted(
    server: Client, namespace: str
) -> None:
    old = secret_of(namespace, "secrets only")
    new = copy.deepcopy(old)
    new["metadata"]["name"] = "nlp-9f8e7d6c"
    new["stringData"]["API_TOKEN"] = "made-up-other-token"
    server.apply(old)
    server.apply(new)
    assert value(server.read(old), "API_TOKEN") == SECRETS["shared:api_token"]
    server.delete(old)
    assert value(server.read(new), "API_TOKEN") == "made-up-other-token"


def test_a_changed_label_of_an_immutable_secret_is_taken_in_place(
    server: Client, namespace: str
) -> None:
    secret = secret_of(namespace, "secrets only")
    server.apply(secret)
    secret["metadata"]["labels"] = {"team": "found"}
    assert server.apply(secret)["metadata"]["labels"] == {"team": "found"}


def test_a_field_that_the_operator_does_not_know_is_refused(server: Client, namespace: str) -> None:
    found = definition()
    if isinstance(found, str):
        pytest.skip(found)
    manifests = manifests_of("an ExternalEnv of a store").values()
    external = inside(
        namespace, next(each for each in manifests if each["kind"] == "ExternalSecret")
    )
    external["spec"]["target"]["deletePolicy"] = "Retain"
    with pytest.raises(Refused, match="deletePolicy"):
        server.apply(external)


def test_the_server_takes_a_variable_twice_which_is_why_inject_refuses_it(
    server: Client, namespace: str
) -> None:
    manifests = recorded(PROGRAMS["inject into a Pod"][0], config=CONFIG, secrets=SECRETS)
    pod = inside(namespace, next(each for each in manifests if each["kind"] == "Pod"))
    environment = pod["spec"]["containers"][0]["env"]
    environment.append({"name": environment[0]["name"], "value": "another"})
    assert server.refusal(pod) is None
    assert "hides previous definition" in " ".join(server.warnings)


def inside(namespace: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Put a manifest into a namespace, whatever it says itself."""
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


def config_map(namespace: str, name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **more}


def secret_of(namespace: str, program: str) -> dict[str, Any]:
    (secret,) = manifests_of(program).values()
    return inside(namespace, secret)


def value(stored: Mapping[str, Any], key: str) -> str:
    return base64.b64decode(stored["data"][key]).decode()


def lost(sent: Any, stored: Any, path: str = "") -> list[str]:
    """List what was sent and is not in what the server has. What it adds, defaults mostly, is its own affair."""
    if path == "" and "stringData" in sent:
        encoded = {
            key: base64.b64encode(text.encode()).decode()
            for key, text in sent["stringData"].items()
        }
        sent = {key: each for key, each in sent.items() if key != "stringData"}
        sent["data"] = {**sent.get("data", {}), **encoded}
    if isinstance(sent, Mapping):
        stored = stored or {}  # to the server an empty object is none, mostly
        if not isinstance(stored, Mapping):
            return [path]
        return [
            problem
            for key, each in sent.items()
            for problem in lost(each, stored.get(key), f"{path}.{key}")
        ]
    if isinstance(sent, list):
        stored = stored or []  # to the server an empty list is none
        if not isinstance(stored, list) or len(sent) != len(stored):
            return [path]
        return [
            problem
            for number, (each, kept) in enumerate(zip(sent, stored, strict=True))
            for problem in lost(each, kept, f"{path}[{number}]")
        ]
    return [] if sent == stored else [path]
