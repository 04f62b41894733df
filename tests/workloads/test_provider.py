"""A Kubernetes provider that would show the values of a Secret never gets one."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from infra_secrets import EscDeployment, EscEnv, ExternalEnv
from infra_secrets.errors import EnvArgsError
from infra_secrets.testing import Recording, Rehearsal

CANARY = "canary-4712-not-real"
STACK: dict[str, Any] = {
    "project": "nlp",
    "stack": "production",
    "secrets": {"token": CANARY},
}
SECRET = "kubernetes:core/v1:Secret"
VARIABLE = "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY"

Options = pulumi.ResourceOptions
Form = Callable[[Options | None], object]
CLUSTER: dict[str, Any] = {"kubeconfig": "{}"}


def env(opts: Options | None = None) -> object:
    return EscEnv("web", secrets={"TOKEN": "token"}, opts=opts)


def files(opts: Options | None = None) -> object:
    return EscEnv("web", files={"/etc/token": "token"}, opts=opts)


def deployment(opts: Options | None = None) -> object:
    return EscDeployment(
        "web", image="ghcr.io/acme/nlp:1.4.2", secrets={"TOKEN": "token"}, opts=opts
    )


forms = pytest.mark.parametrize("form", [env, files, deployment])


# The default provider -----------------------------------------------------------------------------


@forms
@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"kubernetes:renderYamlToDirectory": "out"}, "kubernetes:renderYamlToDirectory"),
        ({"kubernetes:enableServerSideApply": "false"}, "kubernetes:enableServerSideApply"),
        ({"kubernetes:enableServerSideApply": False}, "kubernetes:enableServerSideApply"),
        ({"kubernetes:enableServerSideApply": "False"}, "kubernetes:enableServerSideApply"),
    ],
)
def test_a_default_provider_that_shows_values_is_refused_before_anything_is_registered(
    form: Form, config: dict[str, Any], says: str
) -> None:
    recording = Recording(**STACK, config=config)
    with pytest.raises(EnvArgsError) as refused:
        recording.run(lambda: form(None))

    assert recording.registrations == []
    assert "would show the values" in str(refused.value)
    assert f"pulumi config rm {says}" in str(refused.value)
    assert CANARY not in str(refused.value)


@forms
@pytest.mark.parametrize("setting", ["false", "0", "", "1", "True"])
def test_the_variable_that_the_provider_reads_counts_too(
    form: Form, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, setting)
    recording = Recording(**STACK)
    with pytest.raises(EnvArgsError) as refused:
        recording.run(lambda: form(None))

    assert recording.registrations == []
    assert f"Unset {VARIABLE}" in str(refused.value)


@pytest.mark.parametrize(
    ("config", "variable"),
    [
        ({"kubernetes:enableServerSideApply": "true"}, None),
        ({"kubernetes:enableServerSideApply": "true"}, "false"),  # config wins
        ({}, "true"),
        ({"kubernetes:renderYamlToDirectory": ""}, None),
    ],
)
def test_a_default_provider_that_hides_values_passes(
    config: dict[str, Any], variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv(VARIABLE, variable)
    recording = Recording(**STACK, config=config)
    recording.run(env)

    assert len(recording.of_type(SECRET)) == 1


def test_what_has_no_value_may_be_rendered() -> None:
    recording = Recording(
        project="nlp",
        config={
            "kubernetes:renderYamlToDirectory": "out",
            "level": "info",
            "infra-secrets:cloud": "aws",
            "aws:region": "eu-west-1",
        },
    )
    recording.run(
        lambda: (
            EscEnv("settings", config={"LEVEL": "level"}),
            ExternalEnv("web", secrets={"TOKEN": "nlp/production/token"}, service_account="web"),
        )
    )

    assert recording.registrations


def as_provider(made: k8s.Provider) -> Options:
    return Options(provider=made)


def as_one_of_several(made: k8s.Provider) -> Options:
    return Options(providers=[made])


def by_package(made: k8s.Provider) -> Options:
    return Options(providers={"kubernetes": made})


def from_the_parent(made: k8s.Provider) -> Options:
    parent = pulumi.ComponentResource("app:index:App", "app", {}, Options(providers=[made]))
    return Options(parent=parent)


@pytest.mark.parametrize("given", [as_provider, as_one_of_several, by_package, from_the_parent])
def test_an_explicit_provider_does_not_have_the_settings_of_the_default_one(
    given: Callable[[k8s.Provider], Options],
) -> None:
    recording = Recording(**STACK, config={"kubernetes:renderYamlToDirectory": "out"})
    recording.run(lambda: env(given(k8s.Provider("cluster", **CLUSTER))))

    assert len(recording.of_type(SECRET)) == 1


# An explicit provider, on the real engine ---------------------------------------------------------


RENDERS: dict[str, Any] = {"render_yaml_to_directory": "out"}
APPLIES: dict[str, Any] = {"enable_server_side_apply": False}


@pytest.mark.engine
@pytest.mark.parametrize(
    ("form", "given", "settings", "says"),
    [
        (env, as_provider, RENDERS, "renderYamlToDirectory"),
        (env, from_the_parent, APPLIES, "enableServerSideApply"),
        (files, as_one_of_several, APPLIES, "enableServerSideApply"),
        (deployment, as_one_of_several, RENDERS, "renderYamlToDirectory"),
        (deployment, from_the_parent, RENDERS, "renderYamlToDirectory"),
    ],
)
def test_an_explicit_provider_that_shows_values_gets_none(
    form: Form, given: Callable[[k8s.Provider], Options], settings: dict[str, Any], says: str
) -> None:
    def program() -> None:
        form(given(k8s.Provider("cluster", **CLUSTER, **settings)))

    with Rehearsal(program, **STACK) as rehearsal:
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert not run.succeeded
            assert "its Kubernetes provider 'cluster' would show the values" in run.output
            assert says in run.error
            assert "Traceback" not in run.output
        assert [each for each in rehearsal.requests if each.type == SECRET] == []
        rehearsal.assert_no_leak()


def chosen_by_a_transform(made: k8s.Provider) -> Options:
    def choose(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        return pulumi.ResourceTransformResult(
            args.props, Options.merge(args.opts, Options(provider=made))
        )

    return Options(transforms=[choose])


def chosen_for_the_stack(made: k8s.Provider) -> Options:
    def choose(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != SECRET:
            return None
        return pulumi.ResourceTransformResult(
            args.props, Options.merge(args.opts, Options(provider=made))
        )

    pulumi.runtime.register_resource_transform(choose)
    return Options()


def chosen_by_a_transformation(made: k8s.Provider) -> Options:
    def choose(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != SECRET:
            return None
        return pulumi.ResourceTransformationResult(
            args.props, Options.merge(args.opts, Options(provider=made))
        )

    return Options(transformations=[choose])


choices = pytest.mark.parametrize(
    "given", [chosen_by_a_transform, chosen_for_the_stack, chosen_by_a_transformation]
)


@pytest.mark.engine
@choices
@pytest.mark.parametrize("form", [env, deployment])
def test_a_provider_that_a_transform_chose_and_that_shows_values_gets_none(
    form: Form, given: Callable[[k8s.Provider], Options]
) -> None:
    def program() -> None:
        form(given(k8s.Provider("cluster", **CLUSTER, **RENDERS)))

    with Rehearsal(program, **STACK) as rehearsal:
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert not run.succeeded
            assert "its Kubernetes provider 'cluster' would show the values" in run.output
        assert [each for each in rehearsal.requests if each.type == SECRET] == []
        rehearsal.assert_no_leak()


@pytest.mark.engine
@choices
def test_a_provider_that_a_transform_chose_and_that_hides_values_gets_them(
    given: Callable[[k8s.Provider], Options],
) -> None:
    def program() -> None:
        env(given(k8s.Provider("cluster", **CLUSTER)))

    with Rehearsal(program, **STACK) as rehearsal:
        rehearsal.up()

        assert rehearsal.up().changes == []
        assert [each for each in rehearsal.requests if each.type == SECRET]


@pytest.mark.engine
def test_settings_that_are_known_only_later_are_looked_at_then() -> None:
    def program() -> None:
        folder = k8s.core.v1.Namespace("out").id
        env(Options(provider=k8s.Provider("cluster", **CLUSTER, render_yaml_to_directory=folder)))

    with Rehearsal(program, **STACK) as rehearsal:
        assert rehearsal.preview().succeeded
        run = rehearsal.up(check=False)

        assert "would show the values" in run.error
        assert [
            each for each in rehearsal.requests if each.type == SECRET and not each.preview
        ] == []


@pytest.mark.engine
def test_an_explicit_provider_that_hides_values_changes_nothing_in_later_runs() -> None:
    def program() -> None:
        env(Options(provider=k8s.Provider("cluster", **CLUSTER, enable_server_side_apply=True)))

    with Rehearsal(program, **STACK) as rehearsal:
        rehearsal.up()

        assert rehearsal.preview().changes == []
        assert rehearsal.up().changes == []
        rehearsal.assert_no_leak()
