"""Manifests as these tests write them, and a cluster that holds some."""

from collections.abc import Mapping
from typing import Any

from infra_secrets.testing import SimulatedKubernetes

LABELS = {"app": "nlp"}


def container(*env: Mapping[str, Any], name: str = "app", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "nlp:1", "env": list(env), **more}


def from_secret(variable: str, secret: Any, key: str = "", **more: Any) -> dict[str, Any]:
    reference = {"name": secret, "key": key or variable, **more}
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def pods(*containers: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": LABELS}, "spec": {"containers": list(containers), **spec}}


def manifest(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    group = {"Deployment": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1"}
    api_version = fields.pop("apiVersion", group.get(kind, "v1"))
    metadata = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def deployment(*containers: Mapping[str, Any], name: str = "nlp", **spec: Any) -> dict[str, Any]:
    template = pods(*containers, **spec)
    return manifest(
        "Deployment", name, spec={"selector": {"matchLabels": LABELS}, "template": template}
    )


def secret(name: str, data: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return manifest("Secret", name, stringData=dict(data), **fields)


def cluster(*manifests: Mapping[str, Any], without: tuple[str, ...] = ()) -> SimulatedKubernetes:
    made = SimulatedKubernetes(without)
    for each in manifests:
        made.apply(each)
    return made


TWO_CONTAINERS = (container(name="app"), container(name="side"))


ENV = secret("env", {"KEY": "value"})
