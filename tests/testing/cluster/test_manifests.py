"""What pulumi-kubernetes makes of a manifest: its name, its form, and whether a change makes it anew.

The four rows of `test_a_changed_value_*` were seen on a real API server with the real provider.
"""

import base64
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from infra_secrets.testing import EngineError, Recording, SecretValue
from tests.testing.cluster.manifests import container, from_secret, pods, secret
from tests.testing.cluster.programs import MUTABLE, change, kinds, nlp, rehearse

REPLACED_WITHOUT_A_GAP = ["create Secret", "update Deployment", "delete Secret"]


@pytest.mark.engine
def test_a_changed_value_of_an_auto_named_immutable_secret_rolls_the_deployment_once() -> None:
    with rehearse() as rehearsal:
        assert change(rehearsal, immutable=True) == REPLACED_WITHOUT_A_GAP
        first, second = rehearsal.kubernetes.rollouts("nlp")
        assert (first.number, first.changed) == (1, ())
        assert (second.number, second.changed) == (
            2,
            ("spec.containers[0].env[0].valueFrom.secretKeyRef.name",),
        )
        assert rehearsal.kubernetes.dangling == []
        assert rehearsal.kubernetes.environment("nlp") == {"API_TOKEN": "second value"}
        assert rehearsal.up().changes == []
        assert rehearsal.refresh().changes == []
        rehearsal.destroy()
        assert rehearsal.kubernetes.names("Deployment") == rehearsal.kubernetes.names() == []
        assert kinds(rehearsal.kubernetes.history[-2:]) == ["delete Deployment", "delete Secret"]
        rehearsal.assert_no_leak()


@pytest.mark.engine
def test_a_changed_value_of_a_fixed_name_is_an_outage() -> None:
    with rehearse() as rehearsal:
        assert change(rehearsal, name="nlp") == [
            "delete Deployment",
            "delete Secret",
            "create Secret",
            "create Deployment",
        ]


@pytest.mark.engine
@pytest.mark.parametrize("name", [None, "nlp"])
def test_a_changed_value_of_a_mutable_secret_rolls_nothing(name: str | None) -> None:
    with rehearse(config=MUTABLE) as rehearsal:
        assert change(rehearsal, name=name) == ["update Secret"]
        assert len(rehearsal.kubernetes.rollouts()) == 1
        assert rehearsal.kubernetes.environment("nlp") == {"API_TOKEN": "second value"}


@pytest.mark.engine
def test_a_changed_value_of_an_immutable_secret_rolls_whatever_the_provider_s_settings() -> None:
    with rehearse(config=MUTABLE) as rehearsal:
        assert change(rehearsal, immutable=True) == REPLACED_WITHOUT_A_GAP


@pytest.mark.engine
@pytest.mark.parametrize(
    ("rule", "program", "config", "without"),
    [
        ("kubernetes-replaces-changed-secrets", {}, {}, ["update Secret"]),
        (
            "kubernetes-deletes-fixed-names-first",
            {"name": "nlp"},
            {},
            'secrets "nlp" already exists',
        ),
        (
            "kubernetes-replaces-what-depends-on-a-deleted-name",
            {"name": "nlp"},
            {},
            ["delete Secret", "create Secret"],
        ),
        (
            "kubernetes-replaces-immutable",
            {"immutable": True},
            MUTABLE,
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
    ],
)
def test_each_row_rests_on_a_rule(
    rule: str, program: dict[str, Any], config: dict[str, Any], without: list[str] | str
) -> None:
    with rehearse(without=(rule,), config=config) as rehearsal:
        if isinstance(without, str):
            with pytest.raises(EngineError) as raised:
                change(rehearsal, **program)
            assert without in str(raised.value)
        else:
            assert change(rehearsal, **program) == without


@pytest.mark.engine
def test_a_fixed_name_that_another_has_is_refused_in_up_and_not_in_preview() -> None:
    with rehearse(nlp(name="taken")) as rehearsal:
        rehearsal.kubernetes.apply(secret("taken", {"KEY": "value"}))
        assert rehearsal.preview().succeeded
        run = rehearsal.up(check=False)
        assert 'secrets "taken" already exists' in run.error
        assert rehearsal.kubernetes.value("taken/KEY") == "value"


@pytest.mark.engine
def test_what_a_secret_holds_is_base64_in_the_state_and_secret_by_itself() -> None:
    def program() -> None:
        made = kubernetes.core.v1.Secret("env", string_data={"KEY": "välue"})
        pulumi.export("name", made.metadata.name)
        pulumi.export("namespace", made.metadata.namespace)
        pulumi.export("data", made.data)

    with rehearse(program) as rehearsal:
        preview = rehearsal.preview(diff=True)
        assert "[secret]" in preview.output
        assert "välue" not in preview.output
        rehearsal.up()
        (resource,) = rehearsal.resources
        assert set(resource["inputs"]) == {"apiVersion", "kind", "metadata", "data"}
        outputs = rehearsal.outputs
        assert outputs["name"] == rehearsal.kubernetes.names()[0]
        assert outputs["namespace"] == "default"
        assert outputs["data"] == SecretValue({"KEY": base64.b64encode("välue".encode()).decode()})
        assert rehearsal.kubernetes.value("env/KEY") == "välue"
        assert rehearsal.echoed == []

    with rehearse(program, without=("kubernetes-folds-string-data",)) as rehearsal:
        rehearsal.up()
        (resource,) = rehearsal.resources
        assert set(resource["inputs"]) == {"apiVersion", "kind", "metadata", "stringData"}


@pytest.mark.engine
def test_a_made_up_name_has_eight_digits_and_stays_until_the_object_is_replaced() -> None:
    def program(label: str) -> Callable[[], None]:
        def run() -> None:
            kubernetes.core.v1.ConfigMap("env", data={"A": "1"}, metadata={"labels": {"l": label}})

        return run

    with rehearse(program("one")) as rehearsal:
        rehearsal.up()
        (name,) = rehearsal.kubernetes.names("ConfigMap")
        assert name.startswith("env-")
        assert len(name) == len("env-") + 8
        rehearsal.program = program("two")
        assert [step.op for step in rehearsal.up().changes] == ["update"]
        assert rehearsal.kubernetes.names("ConfigMap") == [name]
        stored = rehearsal.kubernetes.get("ConfigMap", "env")
        assert stored["metadata"]["labels"] == {"l": "two"}
        assert stored["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_a_recording_shows_the_made_up_name() -> None:
    recording = Recording()
    recording.run(nlp())
    name = recording.exports["secret"]
    assert name.startswith("nlp-")
    assert len(name) == len("nlp-") + 8
    (workload,) = recording.of_type("kubernetes:apps/v1:Deployment")
    (env,) = workload.inputs["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == from_secret("API_TOKEN", name)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("rule", "config", "metadata", "expected"),
    [
        (
            "kubernetes-no-generate-name",
            {},
            {"generateName": "env-"},
            "the `.metadata.generateName` field is not supported in Server-Side Apply mode",
        ),
        (
            "kubernetes-namespaces-exist",
            {},
            {"namespace": "nope"},
            'namespaces "nope" not found',
        ),
        (
            "kubernetes-provider-namespace",
            {"kubernetes:namespace": "nope"},
            {},
            'namespaces "nope" not found',
        ),
    ],
)
def test_a_place_or_name_that_cannot_be_fails_the_run(
    rule: str, config: dict[str, Any], metadata: dict[str, Any], expected: str
) -> None:
    def program() -> None:
        kubernetes.core.v1.Secret("env", metadata=metadata, string_data={"KEY": "value"})

    with rehearse(program, config=config) as rehearsal:
        # A dry run does not look for the namespace; the name is judged before.
        assert rehearsal.preview(check=False).succeeded == ("generateName" not in metadata)
        assert expected in rehearsal.up(check=False).error
        assert rehearsal.kubernetes.names() == []
    with rehearse(program, config=config, without=(rule,)) as rehearsal:
        rehearsal.up()
        assert len(rehearsal.kubernetes.names()) == 1


@pytest.mark.engine
def test_without_made_up_names_the_server_refuses_an_object_without_one() -> None:
    program = nlp()
    with rehearse(program, without=("kubernetes-auto-names",)) as rehearsal:
        assert "metadata.name: Invalid value" in rehearsal.up(check=False).error


@pytest.mark.engine
@pytest.mark.parametrize("kind", ["ConfigMap", "Job", "selector"])
def test_a_change_that_needs_a_new_object_makes_one(kind: str) -> None:
    def program(value: str) -> Callable[[], None]:
        def run() -> None:
            labels = {"app": value}
            template = pods(container(), restartPolicy="Never")
            if kind == "ConfigMap":
                kubernetes.core.v1.ConfigMap("it", data={"A": value})
            elif kind == "Job":
                template["spec"]["containers"][0]["image"] = value
                kubernetes.batch.v1.Job("it", spec={"template": template})
            else:
                template["metadata"]["labels"] = labels
                spec: Any = {"selector": {"matchLabels": labels}, "template": template}
                kubernetes.apps.v1.Deployment("it", spec=spec)

        return run

    rules = {"ConfigMap": "kubernetes-replaces-changed-config-maps"}
    rule = rules.get(kind, "kubernetes-replaces-on-fixed-fields")
    with rehearse(program("one")) as rehearsal:
        rehearsal.up()
        rehearsal.program = program("two")
        ops = [step.op for step in rehearsal.up().changes]
        assert ops == ["create-replacement", "replace", "delete-replaced"]
        assert len(rehearsal.kubernetes.rollouts("it")) == (0 if kind == "ConfigMap" else 2)
    with rehearse(program("one"), without=(rule,)) as rehearsal:
        rehearsal.up()
        rehearsal.program = program("two")
        if kind == "ConfigMap":
            assert [step.op for step in rehearsal.up().changes] == ["update"]
        else:
            assert "field is immutable" in rehearsal.up(check=False).error
