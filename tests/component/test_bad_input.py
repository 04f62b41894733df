"""Whatever is handed over, it works or gets one clear refusal: no traceback, no value, no endless message."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra_secrets import EscDeployment, EscEnv, ExternalEnv, Secret, clouds
from infra_secrets.component.given import subject_of
from infra_secrets.containers.secret import SecretArgs
from infra_secrets.errors import (
    ArgsError,
    CollisionError,
    InfraSecretsError,
    OutputError,
    UnknownArgumentError,
    UnsupportedError,
    ValueGivenError,
)
from infra_secrets.plugin import Plugin
from infra_secrets.rules.wording import quotable
from infra_secrets.testing import Recording, Rehearsal
from infra_secrets.workloads.esc_deployment import EscDeploymentArgs
from infra_secrets.workloads.esc_env import EscEnvArgs
from infra_secrets.workloads.external_env import ExternalEnvArgs
from tests.conftest import config_for, recording_on

PLANTED = "sk_live_not_real_1234567890"
LONG = "x" * 20_000
LONGEST_MESSAGE = 3_000
CONTAINERS = ("secretsmanager/secret:Secret", "secretmanager/secret:Secret", "keyvault:Secret")

COMPONENTS: Mapping[Any, tuple[Any, Mapping[str, Any]]] = {
    Secret: (SecretArgs, {}),
    EscEnv: (EscEnvArgs, {"secrets": {"S": "s"}}),
    EscDeployment: (EscDeploymentArgs, {"secrets": {"S": "s"}, "image": "nlp:1"}),
    ExternalEnv: (
        ExternalEnvArgs,
        {"secrets": {"S": "shop/production/s"}, "service_account": "nlp"},
    ),
}
ARGUMENTS = [
    (component, argument)
    for component, (arguments, _) in COMPONENTS.items()
    for argument in arguments.__annotations__
]
PLACES = [
    (component, argument, cloud)
    for component, argument in ARGUMENTS
    for cloud in (clouds.available() if component is Secret else ("aws",))
]


def endless() -> list[Any]:
    inside: list[Any] = []
    inside.append(inside)
    return inside


NASTY: Mapping[str, Any] = {
    "None": None,
    "zero": 0,
    "minus one": -1,
    "True": True,
    "a huge integer": 10**5000,
    "infinity": float("inf"),
    "not a number": float("nan"),
    "no bytes": b"",
    "no text": "",
    "a space": " ",
    "NUL": "\x00",
    "half a character": "\ud800",
    "accents": "é" * 200,
    "right to left": "\u202e\u0645\u0631\u062d\u0628\u0627\u202c",
    "an object": object(),
    "an empty list": [],
    "an empty mapping": {},
    "a set": {1},
    "a function": lambda: None,
    "a decimal": Decimal("1.5"),
    "a path": Path("/etc/nlp"),
    "a class": int,
    "a value": PLANTED,
    "a long text": LONG,
    "a long value": PLANTED + LONG,
    "half a character deep inside": {"a": {"b": [{"c": "\ud800"}]}},
    "half a character as a key": {"\ud800": "x"},
}
# Pulumi's own `Output.from_input` follows a list into itself for ever, so that one is given as it is only.
NEVER_IN_AN_OUTPUT: Mapping[str, Any] = {"a list that holds itself": endless()}
HELD_BY_AN_OUTPUT = (
    "None",
    "zero",
    "a huge integer",
    "no text",
    "half a character",
    "an object",
    "a set",
    "a value",
    "a long text",
    "half a character deep inside",
)

WAYS: Mapping[str, Callable[[Any], Any]] = {
    "as it is": lambda item: item,
    "in a list": lambda item: [item],
    "twice in a list": lambda item: [item, item],
    "in a mapping": lambda item: {"k": item},
    "as a key": lambda item: {item: "x"} if isinstance(item, str) else {},
    "as an output": pulumi.Output.from_input,
    "as an output in a list": lambda item: [pulumi.Output.from_input(item)],
    "as an output in a mapping": lambda item: {"k": pulumi.Output.from_input(item)},
    "as a secret output": pulumi.Output.secret,
}


def made(component: Any, *, opts: Any = None, name: Any = "nlp", **given: Any) -> None:
    component(name, opts=opts, **{**COMPONENTS[component][1], **given})


def refusal(program: Callable[[], object], cloud: str = "aws") -> InfraSecretsError | None:
    """Run a program that may be refused; what is neither refused nor works is raised here."""
    recording = a_recording(cloud)
    refused: InfraSecretsError | None = None
    try:
        recording.run(program)
    except InfraSecretsError as error:
        refused = error
    if refused is not None:
        judge(refused)
        containers = [each for each in recording.registrations if each.type.endswith(CONTAINERS)]
        assert containers == []
    return refused


def judge(refused: InfraSecretsError) -> None:
    text = str(refused)
    assert isinstance(refused, ArgsError | OutputError)
    assert isinstance(refused, pulumi.RunError), "Pulumi would print a traceback"
    assert text.encode()
    assert PLANTED not in text
    assert len(text) < LONGEST_MESSAGE, text[:500]


def judge_all(attempts: Mapping[str, Callable[..., object]], cloud: str = "aws") -> None:
    """Judge every attempt: all in one program, and where that fails late, each that got so far in one of its own.

    Args:
        attempts: Makers of components. Each takes a logical name.
        cloud: Where.
    """
    left: list[str] = []

    def program() -> None:
        for number, (what, attempt) in enumerate(attempts.items()):
            try:
                attempt(name=f"nlp-{number}")
            except InfraSecretsError as refused:
                with said_of(what):
                    judge(refused)
            except BaseException as broken:
                broken.add_note(what)
                raise Broken from broken
            else:
                left.append(what)

    try:
        a_recording(cloud).run(program)
    except (Broken, AssertionError):
        raise
    except Exception:  # noqa: BLE001, S110 (what failed late is judged by itself)
        pass
    else:
        return
    for what in left:
        with said_of(what):
            refusal(attempts[what], cloud)


class Broken(BaseException):
    """Neither worked nor was refused."""


@contextmanager
def said_of(what: str) -> Iterator[None]:
    try:
        yield
    except BaseException as broken:
        broken.add_note(what)
        raise


def a_recording(cloud: str) -> Recording:
    return recording_on(cloud, {"s": "made up"}, secrets={"s": "made-up-value"})


@pytest.mark.parametrize(("component", "argument", "cloud"), PLACES)
def test_whatever_is_given_for_an_argument_works_or_gets_one_clear_refusal(
    component: Any, argument: str, cloud: str
) -> None:
    for way, wrapped in WAYS.items():
        items = NASTY if "output" in way else {**NASTY, **NEVER_IN_AN_OUTPUT}
        judge_all(
            {
                f"{what}, {way}": partial(made_with, component, argument, wrapped, item)
                for what, item in items.items()
                if ("output" not in way or what in HELD_BY_AN_OUTPUT)
            },
            cloud,
        )


def made_with(
    component: Any, argument: str, wrapped: Callable[[Any], Any], item: Any, name: str = "nlp"
) -> None:
    # Outputs are made here, because only a running program can make any.
    made(component, name=name, **{argument: wrapped(item)})


@pytest.mark.parametrize("component", COMPONENTS)
def test_whatever_is_given_around_the_arguments_works_or_gets_one_clear_refusal(
    component: Any,
) -> None:
    attempts: dict[str, Callable[..., object]] = {}
    for what, item in NASTY.items():
        attempts |= {
            f"the name: {what}": lambda item=item, **_: made(component, name=item),
            f"args: {what}": lambda name="nlp", item=item: component(name, item),
            f"unknown: {what}": lambda name="nlp", item=item: made(component, name=name, zzz=item),
            f"opts: {what}": lambda name="nlp", item=item: made(component, name=name, opts=item),
        }
        if isinstance(item, str):
            attempts[f"the name of an argument: {what}"] = lambda name="nlp", item=item: made(
                component, name=name, **{item: "x"}
            )
    judge_all(attempts)


OPTIONS: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "provider": lambda item: {"provider": item},
    "providers": lambda item: {"providers": item},
    "a provider of a list": lambda item: {"providers": [item]},
    "a provider of a mapping": lambda item: {"providers": {"aws": item}},
    "parent": lambda item: {"parent": item},
    "protect": lambda item: {"protect": item},
    "retain_on_delete": lambda item: {"retain_on_delete": item},
    "aliases": lambda item: {"aliases": item},
    "an alias": lambda item: {"aliases": [item]},
    "an alias's name": lambda item: {"aliases": [pulumi.Alias(name=item)]},
    "an alias's parent": lambda item: {"aliases": [pulumi.Alias(parent=item)]},
    "depends_on": lambda item: {"depends_on": item},
    "one of depends_on": lambda item: {"depends_on": [item]},
    "deleted_with": lambda item: {"deleted_with": item},
    "replace_with": lambda item: {"replace_with": item},
    "one of replace_with": lambda item: {"replace_with": [item]},
    "custom_timeouts": lambda item: {"custom_timeouts": item},
    "transforms": lambda item: {"transforms": item},
    "a transform": lambda item: {"transforms": None if callable(item) else [item]},
    "transformations": lambda item: {"transformations": item},
    "a transformation": lambda item: {"transformations": None if callable(item) else [item]},
    "version": lambda item: {"version": item},
    "plugin_download_url": lambda item: {"plugin_download_url": item},
    "urn": lambda item: {"urn": item},
    "id": lambda item: {"id": item},
    "hooks": lambda item: {"hooks": item},
    "ignore_changes": lambda item: {"ignore_changes": item},
    "one of ignore_changes": lambda item: {"ignore_changes": [item]},
    "replace_on_changes": lambda item: {"replace_on_changes": item},
    "one of replace_on_changes": lambda item: {"replace_on_changes": [item]},
    "additional_secret_outputs": lambda item: {"additional_secret_outputs": item},
    "hide_diffs": lambda item: {"hide_diffs": item},
}


def options(**given: Any) -> pulumi.ResourceOptions:
    opts = pulumi.ResourceOptions()
    for option, item in given.items():
        setattr(opts, option, item)  # some the SDK itself refuses at once, and not all
    return opts


@pytest.mark.parametrize("component", COMPONENTS)
def test_whatever_is_given_as_an_option_works_or_gets_one_clear_refusal(component: Any) -> None:
    judge_all(
        {
            f"{option}: {what}": lambda name="nlp", given=given, item=item: made(
                component, name=name, opts=options(**given(item))
            )
            for option, given in OPTIONS.items()
            for what, item in NASTY.items()
        }
    )


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"provider": "aws"}, "opts has provider=, which must be a provider object"),
        ({"providers": "aws"}, "opts has providers=, which must be a list or mapping of providers"),
        ({"providers": ["aws"]}, "and each must be a provider object"),
        ({"providers": {"aws": "eu"}}, "and each must be a provider object"),
        ({"parent": "shop"}, "opts has parent=, which must be a resource object"),
        ({"protect": "yes"}, "opts has protect=, which must be true or false; found a string"),
        ({"aliases": "old"}, "opts has aliases=, which must be a list of URNs"),
        ({"aliases": [7]}, "opts has aliases=, which must be a list of URNs"),
        (
            {"delete_before_replace": 1},
            "opts has delete_before_replace=, which must be true or false",
        ),
        ({"aliases": [pulumi.Alias(type_=7)]}, "opts has an alias whose type_ must be a string"),  # type: ignore[arg-type]
        ({"aliases": [pulumi.Alias(stack=7)]}, "opts has an alias whose stack must be a string"),  # type: ignore[arg-type]
        (
            {"aliases": [pulumi.Alias(project=7)]},  # type: ignore[arg-type]
            "opts has an alias whose project must be a string",
        ),
        ({"aliases": [pulumi.Alias(name=None)]}, "opts has an alias whose name must be a string"),
        ({"depends_on": "db"}, "opts has depends_on=, which must be resource objects"),
        (
            {"custom_timeouts": "5m"},
            "opts has custom_timeouts=, which must be pulumi.CustomTimeouts(",
        ),
        (
            {"hooks": 7},
            "opts has hooks=, which must be pulumi.ResourceHookBinding(...); found a number",
        ),
        ({"version": 7}, "opts has version=, which must be a string; found a number."),
        (
            {"plugin_download_url": 7},
            "opts has plugin_download_url=, which must be a string; found",
        ),
        (
            {"transforms": "x"},
            "opts has transforms=, which must be a list of functions; found a string.",
        ),
        (
            {"transforms": [7]},
            "opts has transforms=, which must be a list of functions; one of them is a",
        ),
        (
            {"transformations": [7]},
            "opts has transformations=, which must be a list of functions; one",
        ),
        (
            {"ignore_changes": "tags"},
            "opts has ignore_changes=, which must be a list of strings; found a string.",
        ),
        (
            {"replace_on_changes": 7},
            "opts has replace_on_changes=, which must be a list of strings; found",
        ),
        (
            {"hide_diffs": [7]},
            "opts has hide_diffs=, which must be a list of strings; one of them is a",
        ),
        (
            {"additional_secret_outputs": "a"},
            "opts has additional_secret_outputs=, which must be a",
        ),
        (
            {"deleted_with": "x"},
            "opts has deleted_with=, which must be a resource object",
        ),
        (
            {"replace_with": ["x"]},
            "opts has replace_with=, which must be a list of resources; one of",
        ),
        ({"urn": "urn:x"}, "opts has urn=, which does not apply to a local component"),
        ({"id": "x"}, "opts has id=, which does not apply to a local component"),
    ],
    ids=lambda given: given if isinstance(given, str) else next(iter(given)),
)
def test_an_option_of_the_wrong_kind_is_named(
    component: Any, given: Mapping[str, Any], says: str
) -> None:
    assert says in str(refusal(lambda: made(component, opts=options(**given))))


@pytest.mark.parametrize(("component", "argument", "cloud"), PLACES)
def test_neither_a_long_text_nor_a_value_is_repeated(
    component: Any, argument: str, cloud: str
) -> None:
    texts = (
        PLANTED,
        f"{PLANTED} ",
        f"https://user:{PLANTED}@shop.example.com",
        PLANTED + LONG,
        f"projects/p/secrets/{LONG}",
        f"{LONG}/{LONG}",
        f"{LONG}:{LONG}",
        f"/{LONG}",
    )
    judge_all(
        {
            f"{text[:40]} {way}": partial(made_with, component, argument, WAYS[way], text)
            for text in texts
            for way in ("as it is", "in a list", "twice in a list", "in a mapping", "as a key")
        },
        cloud,
    )


@pytest.mark.parametrize(
    "argument",
    ["value", "secret", "default", "placeholder", "version", "properties", "json", "", "Secret"],
)
@pytest.mark.parametrize("given", [None, PLANTED, 0], ids=["None", "a value", "zero"])
def test_every_name_for_a_value_gets_the_way_to_set_one_also_with_nothing_in_it(
    argument: str, given: Any
) -> None:
    refused = refusal(lambda: made(Secret, **{argument: given}))

    assert isinstance(refused, ValueGivenError)
    assert "set the value by hand: infra-secrets set, or the command in output set_command" in str(
        refused
    )
    assert str(refused).startswith(f'Secret("nlp"): {argument or repr("")} is not an argument')


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_unknown_argument_is_refused_also_when_it_is_none(component: Any) -> None:
    assert "zzz is not an argument" in str(refusal(lambda: made(component, zzz=None)))


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_argument_that_exists_may_be_none(component: Any) -> None:
    arguments, usual = COMPONENTS[component]
    nothing = dict.fromkeys(each for each in arguments.__annotations__ if each not in usual)

    assert refusal(lambda: made(component, **nothing)) is None


def test_nothing_from_another_language_is_handed_on_so_that_it_can_be_refused() -> None:
    plugin = Plugin()
    given = {"value": None, "maxAgeDays": 90, "owner": None}

    known = plugin._component_defs["Secret"]
    found = plugin.map_inputs(given, known)

    assert found == {"value": None, "max_age_days": 90}


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("services", "service"),
        ("Key", "key"),
        ("descripton", "description"),
        ("tag", "tags"),
        ("max_age", "max_age_days"),
        ("encryption", "encryption_key"),
        ("azure_vault", "azure_vault_id"),
    ],
)
def test_a_near_miss_is_no_attempt_to_hand_over_a_value(argument: str, meant: str) -> None:
    refused = refusal(lambda: made(Secret, **{argument: "x"}))

    assert isinstance(refused, UnknownArgumentError)
    assert not isinstance(refused, ValueGivenError)
    assert f"{argument} is not an argument of a Secret. Did you mean {meant}?" in str(refused)


@pytest.mark.parametrize(
    "argument",
    [
        "max_age_value",
        "api_version",
        "json_path",
        "default_region",
        "secret_name",
        "provider_properties",
    ],
)
def test_a_name_that_only_contains_such_a_word_is_an_ordinary_unknown_one(argument: str) -> None:
    refused = refusal(lambda: made(Secret, **{argument: "x"}))

    assert isinstance(refused, UnknownArgumentError)
    assert not isinstance(refused, ValueGivenError)


@pytest.mark.parametrize(
    ("component", "given", "would_do"),
    [
        (Secret, {"cloud": 7}, "one of aws, azure, gcp; found a number."),
        (Secret, {"cloud": ""}, "one of aws, azure, gcp; found nothing."),
        (Secret, {"retention": ""}, "one of 'keep' (removing it from code is refused), 'recover'"),
        (Secret, {"retention": 7}, "one of 'keep' (removing it from code is refused), 'recover'"),
        (Secret, {"replicas": "eu-west-1"}, "e.g. ['eu-west-1']; found a string."),
        (Secret, {"replicas": 7}, "the cloud's names of regions; found a number."),
        (Secret, {"readers": 7}, "each a principal, as the cloud writes it; found a number."),
        (Secret, {"tags": 7}, "e.g. {'team': 'payments'}; found a number."),
        (Secret, {"adopt": 7}, "the full cloud id of an existing container; found a number"),
        (Secret, {"max_age_days": "7"}, "a whole number of days, 1 to 36500; found a string."),
        (ExternalEnv, {"cloud": 7}, "one of aws, azure, gcp; found a number."),
        (ExternalEnv, {"store_kind": 7}, "one of SecretStore, ClusterSecretStore; found a number."),
        (ExternalEnv, {"aws_region": 7}, "aws_region must be a string, e.g. 'eu-central-1'; found"),
        (ExternalEnv, {"gcp_project": 7}, "gcp_project must be a string, e.g. 'shop-123'; found"),
        (ExternalEnv, {"azure_vault_id": 7}, "the ARM id of a Key Vault; found a number."),
        (ExternalEnv, {"refresh_interval": 7}, "e.g. '15m'; found a number"),
        (EscEnv, {"formats": "json"}, "there are json, int, bool, pem and schemes of URLs"),
        (EscEnv, {"file_mode": 400}, "e.g. '0400'; found a number; quote it: file_mode: '400'."),
        (EscDeployment, {"replicas": True}, "a whole number, 0 to 2147483647; found a boolean."),
        (EscDeployment, {"replicas": 1.5}, "replicas is out of range; it must be a whole number"),
        (EscDeployment, {"resources": 7}, "resources must be a mapping, e.g. {'requests'"),
        (EscDeployment, {"startup_probe": 7}, "startup_probe must be a mapping, "),
        (
            EscDeployment,
            {"labels": object()},
            "strings to strings, e.g. {'team': 'payments'}; found an object.",
        ),
        (Secret, {"key": b"x"}, "e.g. 'stripe-api-key'; found bytes."),
        (EscDeployment, {"relax": 7}, "of runAsNonRoot, seccompProfile, readOnlyRootFilesystem"),
    ],
    ids=lambda given: re.sub(r" at 0x[0-9a-f]+", "", str(given)),
)
def test_a_refusal_of_the_wrong_kind_says_what_would_do(
    component: Any, given: Mapping[str, Any], would_do: str
) -> None:
    assert would_do in str(refusal(lambda: made(component, **given)))


def test_a_choice_is_never_answered_with_quote_it() -> None:
    assert "quote it" not in str(refusal(lambda: made(Secret, cloud=7, retention=7)))


@pytest.mark.parametrize("argument", ["adopt", "adopt_from", "formerly", "encryption_key"])
def test_what_names_something_that_exists_is_never_answered_with_quote_it(argument: str) -> None:
    assert "quote it" not in str(refusal(lambda: made(Secret, **{argument: 7})))


@pytest.mark.parametrize(
    "path",
    [
        ".x",
        ".x:Secret",
        ":",
        "",
        " ",
        "os:path",
        "os:getcwd",
        "x" * 5000,
        "no\x00such:Thing",
        PLANTED,
    ],
)
def test_a_resource_class_that_is_none_is_refused_before_anything_is_created(path: str) -> None:
    recording = recording_on("azure", {"infra-secrets:azureSecretClass": path})
    if not path:  # as if it was not set
        recording.run(lambda: Secret("nlp"))
        return
    with pytest.raises(UnsupportedError, match="azureSecretClass is") as refused:
        recording.run(lambda: Secret("nlp"))

    assert recording.registrations == []
    assert len(str(refused.value)) < LONGEST_MESSAGE
    assert PLANTED not in str(refused.value)


TEXTS: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "description": lambda output: {"description": output},
    "owner": lambda output: {"owner": output},
    "encryption_key": lambda output: {"encryption_key": output},
    "tags['team']": lambda output: {"tags": {"team": output}},
    "readers[0]": lambda output: {"readers": [output]},
    "writers[0]": lambda output: {"writers": [output]},
    "azure_vault_id": lambda output: {"azure_vault_id": output},
}


@pytest.mark.parametrize("what", TEXTS)
@pytest.mark.parametrize("held", [7, ["x"], "", {"a": "b"}, "\ud800"], ids=repr)
def test_an_output_that_holds_no_text_is_refused_by_name_before_there_is_a_container(
    what: str, held: Any, cloud: str
) -> None:
    if cloud == "azure" and what in ("encryption_key", "writers[0]"):
        cloud = "aws"  # Azure has no such key, and writers need a role there
    if what == "azure_vault_id":
        cloud = "azure"
    if what.startswith("tags") and not held:
        held = 7  # a tag may be empty
    refused = refusal(lambda: made(Secret, **TEXTS[what](pulumi.Output.from_input(held))), cloud)

    assert isinstance(refused, OutputError)
    assert str(refused).startswith(f'Secret("nlp"): {what} ')
    assert str(refused).count("\n") == 0


def test_a_coroutine_is_looked_at_as_an_output_is() -> None:
    async def number() -> Any:
        await asyncio.sleep(0)
        return 7

    refused = refusal(lambda: made(Secret, description=number()))

    assert "description must be a string; its output is a number." in str(refused)


def test_a_vault_s_id_may_be_a_secret_output() -> None:
    vault = config_for("azure")["infra-secrets:azureVaultId"]

    assert (
        refusal(lambda: made(Secret, azure_vault_id=pulumi.Output.secret(vault)), "azure") is None
    )


SECRET = "hunter2-not-real"


def test_what_a_secret_output_holds_is_not_repeated_when_it_is_no_vault() -> None:
    refused = refusal(lambda: made(Secret, azure_vault_id=pulumi.Output.secret(SECRET)), "azure")

    assert "azure_vault_id was given a secret that is not valid" in str(refused)
    assert SECRET not in str(refused)


def test_everything_that_outputs_hold_wrongly_is_said_at_once_by_argument() -> None:
    refused = refusal(
        lambda: made(
            Secret,
            readers=[pulumi.Output.from_input("everybody")],
            description=pulumi.Output.from_input("x" * 3000),
            tags={"team": pulumi.Output.from_input("a\tb")},
        )
    )

    assert isinstance(refused, OutputError)
    for part in ("readers has 'everybody'", "description has 3000 characters", "the tag 'team'"):
        assert part in str(refused)


def test_what_is_not_known_yet_is_judged_when_it_is() -> None:
    recording = a_recording("aws").configure(preview=True)

    def program() -> None:
        import pulumi_aws as aws

        Secret("nlp", readers=[aws.iam.Role("api", assume_role_policy="{}").arn])

    recording.run(program)

    assert len(recording.of_type("aws:secretsmanager/secret:Secret")) == 1


def test_a_container_waits_for_its_readers_and_depends_on_none_of_them() -> None:
    recording = a_recording("aws")

    def program() -> None:
        import pulumi_aws as aws

        role = aws.iam.Role("api", assume_role_policy="{}")
        Secret("StripeApiKey", readers=[role.arn])

    recording.run(program)

    [container] = recording.of_type("aws:secretsmanager/secret:Secret")
    assert container.depends_on == ()


def said_on_the_engine(cloud: str, given: Callable[[], Mapping[str, Any]]) -> str:
    with Rehearsal(
        lambda: Secret("StripeApiKey", **given()),
        project="shop",
        stack="production",
        config=config_for(cloud),
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert not run.succeeded
        assert "Traceback" not in run.output
        assert "While processing" not in run.output
        assert not [each for each in rehearsal.resources if each["type"].endswith(CONTAINERS)]
        return " ".join(run.error.split())


@pytest.mark.engine
@pytest.mark.parametrize(
    ("cloud", "given", "says"),
    [
        (
            "aws",
            {"readers": [7]},
            'Secret("StripeApiKey"): readers[0] must be a string; its output is a number.',
        ),
        ("aws", {"description": ["x"]}, "description must be a string; its output is a list."),
        ("azure", {"azure_vault_id": "shop-prod"}, "azure_vault_id='shop-prod' is not the ARM"),
    ],
    ids=["a reader that is a number", "a description that is a list", "a vault that is none"],
)
def test_an_output_that_cannot_be_is_one_message_on_the_engine(
    cloud: str, given: Mapping[str, Any], says: str
) -> None:
    def outputs() -> Mapping[str, Any]:
        return {
            argument: [pulumi.Output.from_input(held[0])]
            if argument == "readers"
            else pulumi.Output.from_input(held)
            for argument, held in given.items()
        }

    assert says in said_on_the_engine(cloud, outputs)


@pytest.mark.parametrize(
    ("cloud", "principal"), [("aws", "everybody"), ("gcp", "allUsers"), ("azure", "everybody")]
)
def test_a_principal_that_an_output_holds_wrongly_is_said_without_a_traceback(
    cloud: str, principal: str
) -> None:
    refused = refusal(lambda: made(Secret, readers=[pulumi.Output.from_input(principal)]), cloud)

    assert isinstance(refused, OutputError)
    assert "readers has" in str(refused)
    assert "principal" in str(refused)


@pytest.mark.parametrize(
    ("held", "says"), [({1: 2}, "has a key that is a number."), ("\ud800", "has halves of")]
)
@pytest.mark.parametrize(
    ("given", "what"),
    [
        (lambda output: {"resources": {"limits": {"cpu": output}}}, "resources['limits']['cpu']"),
        (lambda output: {"liveness_probe": {"httpGet": output}}, "liveness_probe['httpGet']"),
    ],
    ids=["resources", "a probe"],
)
def test_what_pulumi_cannot_send_is_found_in_an_output_of_a_deployment(
    given: Callable[[Any], Mapping[str, Any]], what: str, held: Any, says: str
) -> None:
    refused = refusal(
        lambda: made(EscDeployment, **given(pulumi.Output.from_input("x").apply(lambda _: held)))
    )

    assert f"{what} {says}" in str(refused)


@pytest.mark.parametrize("name", ["sk_live_not_real", "AKIANOTREAL", "ghp_not_real"])
def test_a_logical_name_that_begins_like_a_credential_is_not_repeated(name: str) -> None:
    assert name not in subject_of("Secret", name)
    assert name not in str(refusal(lambda: made(Secret, name=name, zzz=1)))


def test_a_text_in_place_of_a_list_is_repeated_only_where_it_can_be_no_value() -> None:
    assert "e.g. ['API_KEY']; found a string" in str(
        refusal(lambda: made(Secret, fields="API_KEY"))
    )
    for text in (PLANTED, "x" * 61, ""):
        said = str(refusal(partial(made, Secret, fields=text)))
        assert "fields must be a list of strings, e.g. ['STRIPE_API_KEY']; found" in said
        assert text == "" or text not in said


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (10**15, "1000000000000000"),
        (-(10**15), "-1000000000000000"),
        (10**15 + 1, None),
        (10**17, None),
    ],
)
def test_a_number_is_spelled_out_up_to_a_thousand_billions(number: int, text: str | None) -> None:
    assert quotable(number) == text


def test_a_vault_s_id_in_other_case_is_the_same_vault() -> None:
    vault = config_for("azure")["infra-secrets:azureVaultId"]

    def program() -> None:
        made(Secret, name="StripeApiKey", azure_vault_id=vault)
        made(Secret, name="stripe-api-key", azure_vault_id=vault[:-4] + vault[-4:].upper())

    with pytest.raises(CollisionError, match="is already the container of"):
        recording_on("azure").run(program)


def test_a_vault_s_id_that_an_output_lacks_is_refused() -> None:
    refused = refusal(lambda: made(Secret, azure_vault_id=pulumi.Output.from_input(None)), "azure")

    assert "azure_vault_id must be a string; its output is nothing." in str(refused)


def test_what_is_wrong_in_public_outputs_is_said_also_where_a_secret_one_is_wrong() -> None:
    refused = refusal(
        lambda: made(
            Secret,
            azure_vault_id=pulumi.Output.secret(SECRET),
            readers=[pulumi.Output.from_input("everybody")],
        ),
        "azure",
    )

    assert "readers has 'everybody'" in str(refused)
    assert SECRET not in str(refused)


def test_what_a_deployment_passes_on_is_refused_in_its_own_name() -> None:
    refused = refusal(lambda: made(EscDeployment, labels={"a": pulumi.Output.from_input(7)}))

    assert str(refused).startswith('EscDeployment("nlp"): labels[')


def test_how_to_use_commands_is_said_only_below_commands() -> None:
    missing = str(refusal(lambda: made(EscEnv, secrets={"S": "not-there"})))
    no_key = str(refusal(lambda: made(EscEnv, secrets={"S": PLANTED})))

    assert "pulumi config set" in missing
    assert "Each command reads the value from standard input" in missing
    assert "give the key's name" in no_key
    assert "Each command reads" not in no_key
