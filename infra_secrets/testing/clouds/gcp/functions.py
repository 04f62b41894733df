"""The functions of pulumi-gcp that programs ask about the project and a secret."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from infra_secrets.testing.bridged import data_source
from infra_secrets.testing.clouds.gcp.resources import project_of
from infra_secrets.testing.clouds.gcp.service import CREATED, SecretManager
from infra_secrets.testing.simulation import Call, CloudError, Function


def functions(service: SecretManager) -> Mapping[str, Function]:
    """Return what each function answers, by token."""
    return {
        "gcp:organizations/getClientConfig:getClientConfig": _client_config,
        "gcp:organizations/getProject:getProject": partial(_get_project, service),
        **data_source("gcp:secretmanager/getSecret:getSecret", partial(_get_secret, service)),
    }


def _get_project(service: SecretManager, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    project = service.project(args.get("projectId") or project_of(call))
    return {
        "id": f"projects/{project}",
        "projectId": project,
        "name": project,
        "number": service.number(project),
        "labels": {},
    }


def _get_secret(service: SecretManager, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    """GetSecret: metadata only, never the payload.

    terraform-provider-google-beta google-beta/services/secretmanager
    /data_source_secret_manager_secret.go: id and project hold what was asked for, labels and
    annotations are all that are there.
    """
    project = str(args.get("project") or project_of(call))
    id_ = f"projects/{project}/secrets/{args.get('secretId')}"
    secret = service.find(project, id_)
    if secret is None:
        raise CloudError("NOT_FOUND", f"{id_} not found", status=404)
    settings = secret.settings
    labels = dict(settings.get("labels") or {})
    annotations = dict(settings.get("annotations") or {})
    return {
        "id": id_,
        "project": project,
        "secretId": secret.id,
        "name": secret.name,
        "createTime": CREATED,
        "labels": labels,
        "pulumiLabels": labels,
        "effectiveLabels": labels,
        "annotations": annotations,
        "effectiveAnnotations": annotations,
        "replications": _replications(settings.get("replication") or {}),
        "rotations": [dict(settings["rotation"])] if settings.get("rotation") else [],
        "topics": [dict(topic) for topic in settings.get("topics") or []],
        "expireTime": settings.get("expireTime") or "",
        "ttl": "",
        "versionAliases": dict(settings.get("versionAliases") or {}),
        "versionDestroyTtl": settings.get("versionDestroyTtl") or "",
        "secretType": settings.get("secretType") or "",
        "tags": {},
        "deletionPolicy": "",
        "deletionProtection": False,
    }


def _replications(replication: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a replication as the function shows it: every block is a list."""

    def keys(encryption: Any) -> list[dict[str, Any]]:
        return [dict(encryption)] if encryption else []

    auto, user_managed = replication.get("auto"), replication.get("userManaged")
    autos = [] if auto is None else [keys(auto.get("customerManagedEncryption"))]
    replicas = [
        {
            "location": replica["location"],
            "customerManagedEncryptions": keys(replica.get("customerManagedEncryption")),
        }
        for replica in (user_managed or {}).get("replicas") or []
    ]
    return [
        {
            "autos": [{"customerManagedEncryptions": each} for each in autos],
            "userManageds": [{"replicas": replicas}] if user_managed else [],
        }
    ]


def _client_config(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args
    project = project_of(call)
    return {
        "id": f"projects/{project}",
        "project": project,
        "region": call.config.get("region") or "",
        "zone": call.config.get("zone") or "",
        "accessToken": "made-up-for-a-rehearsal",
        "defaultLabels": {},
    }
