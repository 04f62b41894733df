"""What a container of the simulated cluster sees."""

import base64
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
    secret,
)

HARD = {
    "NEWLINES": "-----BEGIN KEY-----\r\nabc\n-----END KEY-----\n",
    "UNICODE": "pässwörd ☃ 🔑",
    "EXPRESSION": "$(KEY) $$(KEY) $KEY $(",
    "QUOTES": 'it\'s "quoted" \\ `so`',
    "SPACES": "  around  ",
    "EMPTY": "",
    "LARGE": "x" * 65536,
}


def test_values_pass_unchanged_from_a_secret() -> None:
    env = [from_secret(name, "env") for name in HARD]
    mounts = [{"name": "env", "mountPath": "/run/env", "readOnly": True}]
    volumes = [{"name": "env", "secret": {"secretName": "env"}}]
    made = cluster(
        secret("env", HARD), deployment(container(*env, volumeMounts=mounts), volumes=volumes)
    )
    assert made.environment("nlp") == HARD
    assert made.files("nlp") == {f"/run/env/{key}": text.encode() for key, text in HARD.items()}


def test_a_literal_is_expanded_with_what_came_before_it() -> None:
    app = container(
        {"name": "EARLY", "value": "$(HOST)"},
        from_secret("HOST", "env", "host"),
        {"name": "URL", "value": "https://$(HOST):$(PORT)/$(MISSING)"},
        {"name": "ESCAPED", "value": "$$(HOST) $HOST $$ $("},
        envFrom=[{"configMapRef": {"name": "brought"}}],
    )
    made = cluster(
        secret("env", {"host": "$(PORT).example"}),
        manifest("ConfigMap", "brought", data={"PORT": "8080"}),
        deployment(app),
    )
    assert made.environment("nlp") == {
        "PORT": "8080",
        "EARLY": "$(HOST)",
        "HOST": "$(PORT).example",
        "URL": "https://$(PORT).example:8080/$(MISSING)",
        "ESCAPED": "$(HOST) $HOST $ $(",
    }
    plain = cluster(deployment(app), without=("kubernetes-expands-literals",))
    plain.apply(secret("env", {"host": "h"}))
    plain.apply(manifest("ConfigMap", "brought", data={"PORT": "8080"}))
    assert plain.environment("nlp")["ESCAPED"] == "$$(HOST) $HOST $$ $("


def test_env_wins_over_env_from_and_a_later_source_over_an_earlier_one() -> None:
    app = container(
        {"name": "A", "value": "env"},
        {"name": "B", "value": "env"},
        {"name": "B", "value": "env again"},
        envFrom=[
            {"configMapRef": {"name": "one"}},
            {"secretRef": {"name": "two"}},
            {"prefix": "P_", "secretRef": {"name": "two"}},
            {"secretRef": {"name": "not-there", "optional": True}},
        ],
    )
    objects = [
        manifest("ConfigMap", "one", data={"A": "one", "C": "one", "D": "one"}),
        secret("two", {"C": "two"}),
        deployment(app),
    ]
    expected = {"A": "env", "B": "env again", "C": "two", "D": "one", "P_C": "two"}
    assert cluster(*objects).environment("nlp") == expected
    without = cluster(*objects, without=("kubernetes-env-wins-over-env-from",))
    assert without.environment("nlp") == {**expected, "A": "one"}


def test_what_is_missing_keeps_a_container_from_starting_unless_it_is_optional() -> None:
    made = cluster(deployment(container(from_secret("A", "env", optional=True))))
    assert made.environment("nlp") == {}
    made.apply(deployment(container(from_secret("A", "env"))))
    with pytest.raises(CloudError, match='secret "env" not found') as raised:
        made.environment("nlp")
    assert raised.value.code == "CreateContainerConfigError"
    made.apply(secret("env", {"B": "c"}))
    with pytest.raises(CloudError, match="couldn't find key A in Secret env"):
        made.environment("nlp")
    made.apply(deployment(container(from_secret("A", "env", optional=True))))
    assert made.environment("nlp") == {}


def test_a_nul_byte_keeps_a_container_from_starting() -> None:
    objects = [secret("env", {"A": "a\0b"}), deployment(container(from_secret("A", "env")))]
    with pytest.raises(CloudError, match='invalid environment variable "A": nul byte'):
        cluster(*objects).environment("nlp")
    without = cluster(*objects, without=("kubernetes-no-nul-in-the-environment",))
    assert without.environment("nlp") == {"A": "a\0b"}


def test_the_downward_api_tells_a_pod_who_it_is() -> None:
    named = [("NAME", "metadata.name"), ("APP", "metadata.labels['app']"), ("IP", "status.podIP")]
    env = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in named]
    assert cluster(deployment(container(*env))).environment("nlp") == {
        "NAME": "nlp-0",
        "APP": "nlp",
        "IP": "",
    }


def test_files_come_from_whole_volumes_items_and_sub_paths() -> None:
    volumes = [
        {"name": "whole", "secret": {"secretName": "env"}},
        {
            "name": "map",
            "configMap": {"name": "map", "items": [{"key": "a", "path": "deep/a.txt"}]},
        },
        {
            "name": "both",
            "projected": {
                "sources": [
                    {"secret": {"name": "env", "items": [{"key": "identity", "path": "id"}]}},
                    {"configMap": {"name": "map"}},
                    {"secret": {"name": "not-there", "optional": True}},
                ]
            },
        },
        {"name": "scratch", "emptyDir": {}},
    ]
    mounts = [
        {"name": "whole", "mountPath": "/etc/flux/identity", "subPath": "identity"},
        {"name": "whole", "mountPath": "/etc/nothing", "subPath": "not-there"},
        {"name": "whole", "mountPath": "/whole/"},
        {"name": "map", "mountPath": "/map"},
        {"name": "map", "mountPath": "/deep", "subPath": "deep"},
        {"name": "both", "mountPath": "/both"},
        {"name": "scratch", "mountPath": "/scratch"},
        {"name": "whole", "mountPath": "/expr", "subPathExpr": "$(WHICH)"},
    ]
    app = container({"name": "WHICH", "value": "identity"}, volumeMounts=mounts)
    made = cluster(
        secret("env", {"identity": "key\n"}),
        manifest(
            "ConfigMap",
            "map",
            data={"a": "A"},
            binaryData={"b": base64.b64encode(b"\xff").decode()},
        ),
        deployment(app, volumes=volumes),
    )
    assert made.files("nlp") == {
        "/etc/flux/identity": b"key\n",
        "/whole/identity": b"key\n",
        "/map/deep/a.txt": b"A",
        "/deep/a.txt": b"A",
        "/both/id": b"key\n",
        "/both/a": b"A",
        "/both/b": b"\xff",
        "/expr": b"key\n",
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"secret": {"secretName": "gone"}}, 'secret "gone" not found'),
        (
            {"secret": {"secretName": "env", "items": [{"key": "b", "path": "b"}]}},
            "references non-existent secret key: b",
        ),
    ],
)
def test_a_volume_without_its_secret_cannot_be_mounted(source: dict[str, Any], words: str) -> None:
    made = cluster(ENV, deployment(container(), volumes=[{"name": "it", **source}]))
    with pytest.raises(CloudError, match=words) as raised:
        made.files("nlp")
    assert raised.value.code == "ContainerCreating"
