"""The manifests of the package hold to the schemas of Kubernetes and of External Secrets Operator: offline, strictly.

A schema knows types and the names of fields. What only a server knows (rules for names, sizes, fields that exclude each
other) is for `cluster/`, which applies the same manifests to a real one.
"""

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from infra_secrets.testing.cluster.kubelet import references, template_of
from tests.manifests import PROGRAMS, definition, manifests, manifests_of, store_definition

NEWEST = kubernetes_validate.latest_version()
OPERATOR = "external-secrets.io/v1"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_makes_what_the_newest_schema_of_kubernetes_allows(program: str) -> None:
    refused = {
        name: refusal
        for name, manifest in manifests_of(program).items()
        if manifest["apiVersion"] != OPERATOR and (refusal := refusal_of(manifest))
    }
    assert refused == {}


def test_an_external_secret_holds_to_its_definition() -> None:
    found = definition()
    if isinstance(found, str):
        pytest.skip(found)
    assert refused_by(found, "ExternalSecret") == {}


def test_a_secret_store_holds_to_its_definition() -> None:
    assert refused_by(store_definition(), "SecretStore") == {}


def test_a_field_that_no_schema_knows_is_refused() -> None:
    manifest = next(each for each in manifests().values() if each["kind"] == "Deployment")
    manifest["spec"]["template"]["spec"]["containers"][0]["enviroment"] = []
    assert "'enviroment' was unexpected" in (refusal_of(manifest) or "")


@pytest.mark.parametrize("program", PROGRAMS)
def test_everything_that_a_pod_refers_to_is_made_by_the_same_program(program: str) -> None:
    held = {(kind, name): keys for kind, name, keys in contents(program)}
    dangling = [
        reference
        for manifest in manifests_of(program).values()
        if (template := template_of(manifest)) is not None
        for reference in references(template["spec"])
        if reference.key not in held.get((reference.kind, reference.name), ())
    ]
    assert dangling == []


def test_every_kind_that_the_package_makes_or_fills_is_among_the_manifests() -> None:
    assert {manifest["kind"] for manifest in manifests().values()} == {
        "ConfigMap",
        "CronJob",
        "DaemonSet",
        "Deployment",
        "ExternalSecret",
        "Job",
        "Pod",
        "Secret",
        "SecretStore",
        "StatefulSet",
    }


def contents(program: str) -> Iterator[tuple[str, str, set[str]]]:
    """Yield kind, name and keys of every Secret and ConfigMap that there will be; the empty key is all of it."""
    for manifest in manifests_of(program).values():
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        if kind in {"Secret", "ConfigMap"}:
            data = {**manifest.get("data", {}), **manifest.get("stringData", {})}
            yield kind, name, {"", *data}
        if kind == "ExternalSecret":
            # The operator writes a Secret of the same name.
            yield "Secret", name, {"", *(each["secretKey"] for each in manifest["spec"]["data"])}


def refusal_of(manifest: dict[str, Any]) -> str | None:
    try:
        kubernetes_validate.validate(manifest, NEWEST, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{error.json_path}: {error.message}"
    return None


def refused_by(definition: dict[str, Any], kind: str) -> dict[str, list[str]]:
    """Hold every manifest of a kind against the definition of that kind."""
    versions = {each["name"]: each for each in definition["spec"]["versions"]}
    schema = strict(versions["v1"]["schema"]["openAPIV3Schema"])
    validator = jsonschema.Draft202012Validator(schema)
    found = {name: each for name, each in manifests().items() if each["kind"] == kind}
    assert found
    refusals = {
        name: [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]
        for name, manifest in found.items()
    }
    return {name: errors for name, errors in refusals.items() if errors}


def strict(schema: Any) -> Any:
    """Refuse fields that a structural schema does not name; the server would drop them without a word."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return copy.deepcopy(schema)
    stricter = {key: strict(each) for key, each in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        stricter.setdefault("additionalProperties", False)
    return stricter
