"""What the API server refuses, in its own words."""

from typing import Any

import pytest

from infra_secrets.testing import CloudError
from tests.testing.cluster.manifests import (
    ENV,
    cluster,
    container,
    deployment,
    from_secret,
    manifest,
    pods,
    secret,
)

LONG = "x" * 254


REFUSED: dict[str, list[tuple[dict[str, Any], str]]] = {
    "kubernetes-names": [
        (secret("Env", {}), "a lowercase RFC 1123 subdomain must consist of lower case"),
        (secret(LONG, {}), "metadata.name: Invalid value"),
        (manifest("Namespace", "a.b"), "must not contain dots"),
        (manifest("Namespace", "x" * 64), "must be no more than 63 characters"),
        (manifest("Namespace", "A"), "a lowercase RFC 1123 label must consist of"),
    ],
    "kubernetes-labels": [
        (secret("env", {}, metadata={"labels": {"a b": "c"}}), "name part must consist of"),
        (secret("env", {}, metadata={"labels": {"a": "b c"}}), "a valid label must be an empty"),
        (secret("env", {}, metadata={"labels": {"a": "x" * 64}}), "no more than 63 characters"),
        (secret("env", {}, metadata={"labels": {"x" * 64: "a"}}), "no more than 63 characters"),
        (secret("env", {}, metadata={"labels": {"/a": "b"}}), "prefix part must be non-empty"),
        (secret("env", {}, metadata={"labels": {"a/": "b"}}), "name part must be non-empty"),
        (secret("env", {}, metadata={"labels": {"A_/b": "c"}}), "prefix part a lowercase RFC 1123"),
        (secret("env", {}, metadata={"labels": {"a/b/c": "d"}}), "a valid label key must consist"),
        (secret("env", {}, metadata={"annotations": {"a b": "c"}}), "metadata.annotations"),
    ],
    "kubernetes-data-keys": [
        (secret("env", {"a b": "c"}), "regex used for validation is '[-._a-zA-Z0-9]+'"),
        (secret("env", {LONG: "c"}), "must be no more than 253 characters"),
        (secret("env", {"..": "c"}), "must not be '..'"),
        (secret("env", {"..a": "c"}), "must not start with '..'"),
        (manifest("ConfigMap", "env", data={"a/b": "c"}), "data[a/b]: Invalid value"),
        (deployment(container(from_secret("A", "env", "a b"))), "valueFrom.secretKeyRef.key"),
    ],
    "kubernetes-data-size": [
        (
            secret("env", {"a": "x" * 2**20, "b": "x"}),
            "data: Too long: may not be more than 1048576",
        ),
        (manifest("ConfigMap", "env", data={"a": "ü" * 2**20}), "Too long"),
    ],
    "kubernetes-strings-only": [
        (secret("env", {"PORT": 8080}), ".stringData.PORT: expected string, got a int"),
        (secret("env", {}, metadata={"labels": {"on": True}}), ".metadata.labels.on: expected"),
        (
            deployment(container({"name": "PORT", "value": 8080})),
            'env[name="PORT"].value: expected',
        ),
        (manifest("ConfigMap", "env", binaryData={"a": "!"}), "illegal base64 data"),
        (manifest("Secret", "env", data={"a": "not base64"}), "illegal base64 data"),
    ],
    "kubernetes-environment-names": [
        (deployment(container({"name": "A=B"})), "printable ASCII characters other than '='"),
        (deployment(container({"name": "Ä"})), "printable ASCII characters other than '='"),
        (deployment(container({"value": "x"})), "env[0].name: Required value"),
        (deployment(container(envFrom=[{"prefix": "=", "secretRef": {"name": "a"}}])), "prefix"),
    ],
    "kubernetes-value-or-value-from": [
        (
            deployment(container({**from_secret("A", "env"), "value": "x"})),
            "may not be specified when `value` is not empty",
        ),
        (deployment(container({"name": "A", "valueFrom": {}})), "must specify one of: `fieldRef`"),
        (
            deployment(
                container(
                    {
                        "name": "A",
                        "valueFrom": {
                            "secretKeyRef": {"name": "a", "key": "b"},
                            "configMapKeyRef": {"name": "a", "key": "b"},
                        },
                    }
                )
            ),
            "may not have more than one field specified at a time",
        ),
        (
            deployment(container({"name": "A", "valueFrom": {"secretKeyRef": {"name": "a"}}})),
            "secretKeyRef.key: Required value",
        ),
    ],
    "kubernetes-mounts": [
        (
            deployment(container(volumeMounts=[{"name": "env", "mountPath": "/etc/env"}])),
            'volumeMounts[0].name: Not found: "env"',
        ),
        (
            deployment(
                container(
                    volumeMounts=[
                        {"name": "env", "mountPath": "/etc/env"},
                        {"name": "env", "mountPath": "/etc/env", "subPath": "a"},
                    ]
                ),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "must be unique",
        ),
        (
            deployment(
                container(volumeMounts=[{"name": "env", "mountPath": "/a", "subPath": "../b"}]),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "must not contain '..'",
        ),
        (
            deployment(
                container(volumeMounts=[{"name": "env", "mountPath": "/a", "subPath": "/b"}]),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "must be a relative path",
        ),
        (
            deployment(
                container(volumeMounts=[{"name": "env"}]),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "mountPath: Required value",
        ),
    ],
    "kubernetes-selector-matches": [
        (
            manifest(
                "Deployment",
                "nlp",
                spec={"selector": {"matchLabels": {"app": "other"}}, "template": pods(container())},
            ),
            "`selector` does not match template `labels`",
        ),
        (
            manifest(
                "Deployment",
                "nlp",
                spec={
                    "selector": {
                        "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["nlp"]}]
                    },
                    "template": pods(container()),
                },
            ),
            "`selector` does not match template `labels`",
        ),
        (
            manifest("Deployment", "nlp", spec={"template": pods(container())}),
            "spec.selector: Required value",
        ),
    ],
}


@pytest.mark.parametrize(
    ("rule", "refused", "words"),
    [(rule, refused, words) for rule, rows in REFUSED.items() for refused, words in rows],
    ids=[f"{rule}-{number}" for rule, rows in REFUSED.items() for number, _ in enumerate(rows)],
)
def test_the_server_refuses_in_its_own_words(
    rule: str, refused: dict[str, Any], words: str
) -> None:
    with pytest.raises(CloudError) as raised:
        cluster(refused)
    assert words in str(raised.value)
    cluster(refused, without=(rule,))


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(CloudError) as raised:
        cluster(secret("env", {"a b": "x", "c d": "x"}))
    assert str(raised.value).startswith('Secret "env" is invalid: [data[a b]: Invalid value')
    assert "data[c d]" in str(raised.value)


def test_the_server_accepts_what_only_breaks_later() -> None:
    cluster(
        deployment(
            container(
                {"name": "1A", "value": "digit first"},
                {"name": "a-b.c", "value": "dots"},
                {"name": "TWICE", "value": "one"},
                {"name": "TWICE", "value": "two"},
                from_secret("NOTHING", "not-there"),
            )
        )
    )


IMMUTABLE = {**ENV, "immutable": True}


JOB = manifest("Job", "job", spec={"template": pods(container())})


POD = manifest("Pod", "pod", spec={"containers": [container()]})


@pytest.mark.parametrize(
    ("rule", "before", "after", "words"),
    [
        (
            "kubernetes-immutable-stays",
            IMMUTABLE,
            {**IMMUTABLE, "stringData": {"KEY": "other"}},
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            "kubernetes-immutable-stays",
            IMMUTABLE,
            ENV,
            "immutable: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            "kubernetes-fixed-fields",
            ENV,
            {**ENV, "type": "kubernetes.io/tls"},
            "type: Invalid value",
        ),
        (
            "kubernetes-fixed-fields",
            JOB,
            manifest("Job", "job", spec={"template": pods(container(), restartPolicy="Never")}),
            "spec.template: Invalid value: field is immutable",
        ),
        (
            "kubernetes-fixed-fields",
            POD,
            manifest("Pod", "pod", spec={"containers": [container({"name": "A"})]}),
            "pod updates may not change fields other than",
        ),
    ],
)
def test_what_cannot_change_does_not(
    rule: str, before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    with pytest.raises(CloudError) as raised:
        cluster(before, after)
    assert words in str(raised.value)
    cluster(before, after, without=(rule,))
