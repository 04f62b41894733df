"""Programs over a simulated cluster, and what they did there."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra_secrets.testing import Rehearsal, SimulatedKubernetes
from tests.testing.cluster.manifests import LABELS, container, from_secret, pods


def nlp(
    value: str = "first value",
    name: str | None = None,
    options: pulumi.ResourceOptions | None = None,
    **secret_args: Any,
) -> Callable[[], None]:
    """A Secret and the Deployment that reads it, as a program without the package makes them."""

    def program() -> None:
        hidden = kubernetes.core.v1.Secret(
            "nlp",
            metadata={"name": name} if name else None,
            string_data={"API_TOKEN": pulumi.Output.secret(value)},
            opts=options,
            **secret_args,
        )
        reads = from_secret("API_TOKEN", hidden.metadata.name)
        kubernetes.apps.v1.Deployment(
            "nlp",
            spec={"selector": {"matchLabels": LABELS}, "template": pods(container(reads))},
        )
        pulumi.export("secret", hidden.metadata.name)

    return program


MUTABLE = {"kubernetes:enableSecretMutable": "true"}


def kinds(history: list[str]) -> list[str]:
    return [" ".join(event.split(" ")[:2]) for event in history]


def change(rehearsal: Rehearsal, **program: Any) -> list[str]:
    """Run up, change the value, run up again; return what that did in the cluster."""
    rehearsal.program = nlp("first value", **program)
    rehearsal.up()
    before = len(rehearsal.kubernetes.history)
    rehearsal.program = nlp("second value", **program)
    rehearsal.up()
    return kinds(rehearsal.kubernetes.history[before:])


def rehearse(
    program: Callable[[], object] | None = None,
    without: tuple[str, ...] = (),
    config: Mapping[str, Any] | None = None,
) -> Rehearsal:
    return Rehearsal(program, clouds=[SimulatedKubernetes(without)], config=config)
