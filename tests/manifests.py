"""Every kind of Kubernetes manifest that the package makes, from small programs that run under a recording.

`workloads/test_manifests.py` holds them against the schemas of Kubernetes; `cluster/` applies them to a real server.
"""

import copy
import functools
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pulumi_kubernetes as k8s
import yaml

from infra_secrets import EscDeployment, EscEnv, ExternalEnv, clouds
from infra_secrets.testing import UNKNOWN, Recording, SecretValue, ordinary_config
from tests.conftest import ROOT

AUTO_NAMED: Final = "0a1b2c3d"
"""What stands for the end of a name that the provider makes up."""

DEFINITION_VARIABLE: Final = "EXTERNAL_SECRET_DEFINITION"
"""Environment variable that may name the file with ExternalSecret's CustomResourceDefinition."""

_DEFINITION: Final = ".engine/external-secrets-*/external-secrets.io_externalsecrets.yaml"

SECRETS: Final[Mapping[str, str]] = {
    "postgres_url": "postgresql://nlp:made-up-password@db.example.com/nlp",
    "shared:api_token": "made-up-api-token",
    "ssh_private_key": "-----BEGIN PRIVATE KEY-----\nbWFkZSB1cA==\n-----END PRIVATE KEY-----\n",
}
CONFIG: Final[Mapping[str, str]] = {"nerLabels": '["person", "place"]'}

CONTAINERS: Final = [
    {"name": "nlp", "image": "ghcr.io/acme/nlp:1.4.2"},
    {
        "name": "proxy",
        "image": "ghcr.io/acme/proxy:2",
        "env": [{"name": "UPSTREAM", "value": "nlp"}],
    },
]
POD: Final = {
    "containers": CONTAINERS,
    "initContainers": [{"name": "migrate", "image": "ghcr.io/acme/migrate:1"}],
}
TEMPLATE: Final = {"metadata": {"labels": {"app": "nlp"}}, "spec": POD}
JOB: Final = {"template": {**TEMPLATE, "spec": {**POD, "restartPolicy": "Never"}}}
SELECTED: Final = {"selector": {"matchLabels": {"app": "nlp"}}, "template": TEMPLATE}

WORKLOADS: Final[Mapping[str, tuple[Any, Mapping[str, Any]]]] = {
    "Deployment": (k8s.apps.v1.Deployment, SELECTED),
    "StatefulSet": (k8s.apps.v1.StatefulSet, {**SELECTED, "serviceName": "nlp"}),
    "DaemonSet": (k8s.apps.v1.DaemonSet, SELECTED),
    "Job": (k8s.batch.v1.Job, JOB),
    "CronJob": (k8s.batch.v1.CronJob, {"schedule": "0 3 * * *", "jobTemplate": {"spec": JOB}}),
    "Pod": (k8s.core.v1.Pod, POD),
}
"""Each kind that `inject` fills, with a spec that is legal without it."""

RELAXABLE: Final = (
    "runAsNonRoot",
    "seccompProfile",
    "readOnlyRootFilesystem",
    "allowPrivilegeEscalation",
    "capabilities",
    "automountServiceAccountToken",
)
"""What `relax` of an `EscDeployment` takes."""

EVERYTHING: Final[Mapping[str, Any]] = {
    "secrets": {"DATABASE_URL": "postgres_url", "API_TOKEN": "shared:api_token"},
    "config": {"NER_LABELS": "nerLabels"},
    "files": {"/etc/flux/identity": "ssh_private_key"},
    "formats": {"DATABASE_URL": "postgresql", "NER_LABELS": "json", "/etc/flux/identity": "pem"},
    "labels": {"app.kubernetes.io/part-of": "shop", "team": "search"},
}
"""What an `EscEnv` can have."""


def _injected(kind: str) -> None:
    workload, spec = WORKLOADS[kind]
    env = EscEnv("nlp", **EVERYTHING)
    workload("nlp", spec=env.inject(spec, init_containers=True))


def _env_from() -> None:
    env = EscEnv(
        "nlp", secrets={"DATABASE_URL": "postgres_url"}, config={"NER_LABELS": "nerLabels"}
    )
    workload, spec = WORKLOADS["Deployment"]
    workload("nlp", spec=env.inject(spec, containers=["nlp"], env_from=True))


def _deployment_with_everything() -> None:
    EscDeployment(
        "nlp",
        **EVERYTHING,
        image="ghcr.io/acme/nlp:1.4.2",
        replicas=3,
        ports={"http": 8080, "metrics": 9090},
        command=["python", "-m", "nlp"],
        arguments=["--database", "$(DATABASE_URL)"],
        resources={"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
        service_account="nlp",
        annotations={"pulumi.com/timeoutSeconds": "300"},
        readiness_probe={"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5},
        liveness_probe={"tcpSocket": {"port": 8080}},
        startup_probe={"exec": {"command": ["true"]}, "failureThreshold": 30},
        writable_paths=["/tmp", "/var/cache/nlp"],  # noqa: S108 (a folder in a container)
        namespace="search",
        file_mode="0400",
        reloader=True,
    )


def _external(**more: Any) -> None:
    env = ExternalEnv(
        "nlp",
        secrets={
            "STRIPE_API_KEY": "api-production-stripe",
            "DATABASE_URL": "api-production#DATABASE_URL",
        },
        **more,
    )
    workload, spec = WORKLOADS["Deployment"]
    workload("nlp", spec=env.inject(spec))


def _programs() -> Iterable[tuple[str, Callable[[], object], str]]:
    """Yield each program with its name and the cloud that the stack's config chooses, if any."""
    for kind in WORKLOADS:
        yield f"inject into a {kind}", functools.partial(_injected, kind), ""
    yield "inject with env_from", _env_from, ""
    for what in ("secrets", "config", "files"):
        yield f"{what} only", functools.partial(EscEnv, "nlp", **{what: EVERYTHING[what]}), ""
    yield "an EscEnv for Reloader", lambda: EscEnv("nlp", **EVERYTHING, reloader=True), ""
    plain: Any = {"image": "ghcr.io/acme/nlp:1.4.2", "secrets": {"DATABASE_URL": "postgres_url"}}
    yield "an EscDeployment of defaults", lambda: EscDeployment("nlp", **plain), ""
    yield "an EscDeployment with everything", _deployment_with_everything, ""
    for relaxed in (*((each,) for each in RELAXABLE), RELAXABLE):
        yield (
            f"an EscDeployment without {relaxed[0] if len(relaxed) == 1 else 'any security'}",
            functools.partial(EscDeployment, "nlp", **plain, relax=list(relaxed)),
            "",
        )
    for cloud in clouds.available():
        yield f"an ExternalEnv on {cloud}", lambda: _external(service_account="nlp"), cloud
    file = {"/etc/flux/identity": "api-production-identity"}
    yield "an ExternalEnv of a store", lambda: _external(store="aws", files=file, reloader=True), ""
    yield (
        "an ExternalEnv of a cluster's store",
        lambda: _external(store="aws", store_kind="ClusterSecretStore", refresh_interval="15m"),
        "",
    )


PROGRAMS: Final = {name: (program, cloud) for name, program, cloud in _programs()}
"""Every program by its name, and the cloud that its stack is on."""


def manifests() -> dict[str, dict[str, Any]]:
    """Return every manifest of every program, as `PROGRAM/KIND/NAME`."""
    return {
        name: manifest for program in PROGRAMS for name, manifest in manifests_of(program).items()
    }


def manifests_of(program: str) -> dict[str, dict[str, Any]]:
    """Return the manifests of one program, as `PROGRAM/KIND/NAME`."""
    return copy.deepcopy(_manifests_of(program))


@functools.cache
def _manifests_of(program: str) -> dict[str, dict[str, Any]]:
    run, cloud = PROGRAMS[program]
    config = {**CONFIG, **(ordinary_config(cloud) if cloud else {})}
    found = recorded(run, config=config, secrets=SECRETS)
    return {f"{program}/{each['kind']}/{each['metadata']['name']}": each for each in found}


def recorded(program: Callable[[], object], **settings: Any) -> list[dict[str, Any]]:
    """Run a program and return the manifest of each Kubernetes object that it registers, in order."""
    recording = Recording(project="nlp", stack="production", **settings)
    recording.run(program)
    registered = [
        each
        for each in recording.registrations
        if each.custom and each.type.startswith("kubernetes:")
    ]
    names = "|".join(sorted({re.escape(each.name) for each in registered}))
    # The recording makes names up too; one end for all of them makes a manifest the same in every run.
    made_up = re.compile(rf"({names})-[0-9a-f]{{8}}")
    found = []
    for each in registered:
        manifest = _plain(each.inputs, made_up)
        manifest.setdefault("metadata", {}).setdefault("name", f"{each.name}-{AUTO_NAMED}")
        found.append(manifest)
    return found


def _plain(value: Any, made_up: "re.Pattern[str]") -> Any:
    if isinstance(value, SecretValue):
        return _plain(value.value, made_up)
    if isinstance(value, Mapping):
        return {key: _plain(each, made_up) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, made_up) for each in value]
    if value is UNKNOWN:
        raise AssertionError("a manifest holds something that is not known yet")
    if isinstance(value, str) and made_up.fullmatch(value):
        return f"{value[:-8]}{AUTO_NAMED}"
    return value


def definition() -> dict[str, Any] | str:
    """Return the CustomResourceDefinition of ExternalSecret, or why it is not there.

    It belongs to External Secrets Operator, which has it under `config/crds/bases`; this project does not carry it.
    """
    named = os.environ.get(DEFINITION_VARIABLE)
    files = [Path(named)] if named else sorted(ROOT.glob(_DEFINITION))
    if not files or not files[-1].is_file():
        return (
            f"no CustomResourceDefinition of ExternalSecret at {named or _DEFINITION}: make definitions, or name a "
            f"file in {DEFINITION_VARIABLE}"
        )
    found: dict[str, Any] = yaml.safe_load(files[-1].read_text())
    return found


def store_definition() -> dict[str, Any]:
    """Return this project's own definition of SecretStore, which says what it was made after."""
    file = Path(__file__).parent / "cluster/secretstore.yaml"
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found
