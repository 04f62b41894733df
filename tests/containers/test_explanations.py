"""What people try first and a `Secret` does not do: each attempt gets the sentence that explains."""

import copy
import inspect
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from infra_secrets import EscDeployment, EscEnv, ExternalEnv, Secret
from infra_secrets.errors import InfraSecretsError, UnknownArgumentError
from infra_secrets.testing import Recording
from tests.conftest import VAULT, config_for, recording_on

CANARY = "canary-83-not-real"


def refusal(
    program: Callable[[], object], cloud: str = "aws", config: Mapping[str, str] | None = None
) -> str:
    """Run a program that must be refused before anything is registered, as a message alone."""
    recording = recording_on(cloud, config)
    with pytest.raises(InfraSecretsError) as refused:
        recording.run(program)
    assert recording.registrations == []
    assert isinstance(refused.value, pulumi.RunError)
    return str(refused.value)


# A name ------------------------------------------------------------------------------------------

NAMED = (
    "is not an argument: a container's name is made from service, environment and key. Give key= (what it is; "
    "default: the logical name in kebab-case), service= or environment=."
)


@pytest.mark.parametrize(
    "argument", ["name", "secret_name", "secretName", "secret_id", "secretId", "name_prefix"]
)
@pytest.mark.parametrize("form", ["keyword", "mapping"])
def test_a_name_beside_the_logical_one_is_answered_with_how_names_are_made(
    argument: str, form: str
) -> None:
    given: Any = {argument: CANARY}
    said = refusal(
        lambda: Secret("StripeApiKey", **given) if form == "keyword" else Secret("Stripe", given)
    )

    assert f"{argument} {NAMED}" in said
    assert CANARY not in said


def test_a_second_name_is_an_unknown_argument_like_others() -> None:
    given: Any = {"name": CANARY}
    with pytest.raises(UnknownArgumentError):
        recording_on("aws").run(lambda: Secret("StripeApiKey", **given))


def test_the_signature_that_editors_show_is_that_of_the_constructor() -> None:
    assert [*inspect.signature(Secret).parameters] == ["name", "args", "opts", "kwargs"]


def test_the_logical_name_may_still_be_given_by_keyword() -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret(name="StripeApiKey"))

    assert recording.outputs["StripeApiKey"]["secretName"] == "shop/production/stripe-api-key"


# A value -----------------------------------------------------------------------------------------


def made(cloud: str = "aws") -> Secret:
    kept: list[Secret] = []
    recording_on(cloud).run(lambda: kept.append(Secret("StripeApiKey")))
    return kept[0]


@pytest.mark.parametrize(
    "attribute", ["value", "secret_value", "secret_string", "plaintext", "secret_data"]
)
def test_whoever_looks_for_the_value_is_told_where_it_is(attribute: str) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(made(), attribute)

    assert str(refused.value) == (
        f'Secret("StripeApiKey") has no {attribute}: a value never passes through Pulumi. An operator sets it: '
        "infra-secrets set, or the command in output set_command; the service reads it when it runs, by secret_id or "
        "secret_name."
    )


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        ("name", "Its name in the cloud is secret_name; its name across all clouds is reference."),
        ("arn", "Its full id in the cloud is secret_id."),
    ],
)
def test_what_other_resources_have_is_answered_with_what_it_is_here(
    attribute: str, says: str
) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(made(), attribute)

    assert str(refused.value) == f'Secret("StripeApiKey") has no {attribute}. {says}'


def test_an_attribute_that_nobody_has_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="'Secret' object has no attribute 'zzz'"):
        _ = made().zzz  # type: ignore[attr-defined]


def test_pulumi_prints_the_sentence_without_the_line_of_the_program() -> None:
    def program() -> None:
        pulumi.export("key", Secret("StripeApiKey").value)  # type: ignore[attr-defined]

    with pytest.raises(pulumi.RunError, match="has no value: a value never passes through Pulumi"):
        recording_on("aws").run(program)


def test_looking_for_attributes_is_not_disturbed() -> None:
    secret = made()

    assert not hasattr(secret, "value")
    assert not hasattr(secret, "__await__")
    assert getattr(secret, "value", None) is None
    assert copy.copy(secret).secret_id is secret.secret_id
    empty = object.__new__(Secret)  # what copy and pickle look at before there are attributes
    with pytest.raises(AttributeError, match="'Secret' object has no attribute '__setstate__'"):
        _ = empty.__setstate__  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="a Secret has no value"):
        _ = empty.value  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(Secret)) is Secret  # noqa: S301 (made here)


@pytest.mark.parametrize(
    ("attribute", "here"),
    [
        ("secretId", "secret_id"),
        ("secretName", "secret_name"),
        ("setCommand", "set_command"),
        ("consoleUrl", "console_url"),
    ],
)
def test_the_name_of_an_output_in_other_languages_is_answered_with_that_in_python(
    attribute: str, here: str
) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(made(), attribute)

    assert (
        str(refused.value) == f'Secret("StripeApiKey") has no {attribute}; in Python it is {here}.'
    )


@pytest.mark.parametrize(
    "argument",
    [
        *["api_key", "apiKey", "apikey", "api-key", "access_key", "secretAccessKey", "private_key"],
        *["secret_key", "api_keys", "raw", "body", "valu", "vlaue", "vaule", "pasword", "tokn"],
    ],
)
def test_what_is_called_like_a_credential_is_answered_as_a_value_and_not_with_key(
    argument: str,
) -> None:
    given: Any = {argument: "hunter2"}
    said = refusal(lambda: Secret("x", **given))

    assert "is not an argument: a Secret never takes its value" in said
    assert "Did you mean" not in said
    assert "hunter2" not in said


@pytest.mark.parametrize("argument", ["kye", "keys", "Key", "encryption_keys", "tag", "owners"])
def test_a_misspelt_argument_is_still_answered_with_the_one_that_was_meant(argument: str) -> None:
    given: Any = {argument: "hunter2"}

    assert "Did you mean" in refusal(lambda: Secret("x", **given))


@pytest.mark.parametrize(
    "argument",
    ["protect", "retain_on_delete", "retainOnDelete", "depends_on", "parent", "provider"],
)
def test_a_resource_option_among_the_arguments_is_answered_with_opts(argument: str) -> None:
    given: Any = {argument: False}
    said = refusal(lambda: Secret("StripeApiKey", **given))
    option = "retain_on_delete" if argument == "retainOnDelete" else argument

    assert (
        f"{argument} is not an argument of a Secret but a resource option: "
        f"opts=pulumi.ResourceOptions({option}=...)." in said
    )
    kept = "retention= says what removing the secret may do ('keep', 'recover' or 'discard')."
    assert (kept in said) is (option in ("protect", "retain_on_delete"))


@pytest.mark.parametrize(
    ("component", "own"),
    [
        (EscEnv, {}),
        (EscDeployment, {}),
        (ExternalEnv, {}),
        (EscEnv, {"args": {}}),
    ],
)
def test_a_second_name_of_a_component_for_pods_is_one_sentence(component: Any, own: Any) -> None:
    said = refusal(lambda: component("nlp", name=CANARY, **own))

    assert said == (
        f'{component.__name__}("nlp"): name is not an argument: the logical name comes first, and the names of the '
        f"objects begin with it. Leave it out."
    )
    assert [*inspect.signature(component).parameters] == [
        *("name", "args", "opts", "settings", "kwargs")
    ]


# Options that say the opposite of the retention --------------------------------------------------


def with_options(retention: str | None = None, **options: Any) -> Callable[[], object]:
    given: Any = {} if retention is None else {"retention": retention}
    return lambda: Secret("StripeApiKey", opts=pulumi.ResourceOptions(**options), **given)


CONTRADICTED = {
    "protect=False": ({"protect": False}, "protect=False"),
    "retain_on_delete=False": ({"retain_on_delete": False}, "retain_on_delete=False"),
}


@pytest.mark.parametrize(("options", "named"), CONTRADICTED.values(), ids=CONTRADICTED.keys())
def test_an_option_against_keep_is_refused_and_not_ignored(
    options: Mapping[str, Any], named: str, cloud: str
) -> None:
    keep = "retention='keep'"
    for retention in (None, "keep"):
        said = refusal(with_options(retention, **options), cloud)

        assert said == (
            f'Secret("StripeApiKey"): opts has {named}, and {keep} means the opposite: {RULE[named]}. '
            f"Leave it out; retention= says what removing the secret may do ('recover' or 'discard')."
        )


RULE = {
    "protect=False": "the container is protected, so that removing it from code is refused",
    "retain_on_delete=False": "it stays in the cloud if somebody overrides the protection",
}


@pytest.mark.parametrize("retention", ["keep", "discard"])
def test_delete_before_replace_is_refused_under_every_retention(retention: str) -> None:
    said = refusal(with_options(retention, delete_before_replace=True))

    assert said == (
        'Secret("StripeApiKey"): opts has delete_before_replace=True, which would delete the value before there is '
        "a new container. Leave it out: a container is never deleted before its replacement exists."
    )


def test_retain_on_delete_false_is_refused_while_a_container_is_adopted() -> None:
    arn = (
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/production/stripe-api-key-AbCdEf"
    )
    opts = pulumi.ResourceOptions(retain_on_delete=False)
    said = refusal(lambda: Secret("StripeApiKey", adopt=arn, retention="discard", opts=opts))

    assert "opts has retain_on_delete=False, and adopt= means the opposite" in said


def test_all_options_that_contradict_are_said_at_once() -> None:
    said = refusal(with_options(protect=False, retain_on_delete=False, delete_before_replace=True))

    assert said.startswith('Secret("StripeApiKey"): 3 problems to fix before anything is created:')


@pytest.mark.parametrize("retention", ["keep", "discard"])
@pytest.mark.parametrize(
    "options",
    [
        {"protect": True},
        {"retain_on_delete": True},
        {"delete_before_replace": False},
        {"protect": True, "retain_on_delete": True},
    ],
    ids=str,
)
def test_an_option_that_keeps_more_holds(
    retention: str, options: Mapping[str, bool], cloud: str
) -> None:
    recording = recording_on(cloud)
    recording.run(with_options(retention, **options))
    [container] = [each for each in recording.registrations if each.name == "StripeApiKey"][1:]

    assert container.protect is (retention == "keep" or options.get("protect") or None)
    assert container.delete_before_replace is False


@pytest.mark.parametrize("options", [{"protect": False}, {"retain_on_delete": False}], ids=str)
def test_without_keep_the_same_options_say_nothing_new_and_are_taken(
    options: Mapping[str, bool],
) -> None:
    recording_on("aws").run(with_options("discard", **options))


def test_protect_false_of_a_parent_changes_nothing_of_what_is_kept() -> None:
    def program() -> None:
        parent = pulumi.ComponentResource(
            "shop:index:Stage", "stage", None, pulumi.ResourceOptions(protect=False)
        )
        Secret("StripeApiKey", opts=pulumi.ResourceOptions(parent=parent))

    recording = recording_on("aws")
    recording.run(program)
    [container] = recording.of_type("aws:secretsmanager/secret:Secret")

    assert container.protect is True
    assert container.retain_on_delete is True


# A retention that is none ------------------------------------------------------------------------

ALL_THREE = (
    "it must be one of 'keep' (removing it from code is refused), 'recover' (removing it deletes it, and it can be "
    "brought back), 'discard' (removing it deletes it as fast as the cloud allows)."
)


@pytest.mark.parametrize(
    "word", ["forever", "Forever", "retain", "retained", "protect", "protected", "never", "always"]
)
def test_a_word_for_keeping_is_answered_with_keep(word: Any) -> None:
    said = refusal(lambda: Secret("StripeApiKey", retention=word))

    assert f"retention={word!r} is not known; {ALL_THREE} Did you mean 'keep'?" in said


@pytest.mark.parametrize(
    "word",
    [
        *["delete", "none", "destroy", "remove", "cover", "card", "over", "forget", "record"],
        *["undiscard", "nodiscard", "no-discard", "un_discard", "NoDiscard", "nondiscard"],
        *["notdiscard", "dontdiscard", "discard-no", "unrecover", "norecover"],
        *["irrecover", "not recover", "xdiscard", "disrecover"],
    ],
)
def test_no_retention_is_suggested_for_another_word(word: Any) -> None:
    for said in (
        refusal(lambda: Secret("StripeApiKey", retention=word)),
        refusal(lambda: Secret("StripeApiKey"), config={"infra-secrets:retention": word}),
    ):
        assert ALL_THREE in said
        assert "Did you mean" not in said


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *[("kep", "keep"), ("KEEP", "keep"), ("keeep", "keep"), ("kepe", "keep")],
        *[("recovr", "recover"), ("Recover", "recover"), ("recovery", "recover")],
        *[("discrd", "discard"), ("DISCARD", "discard"), ("discrad", "discard")],
    ],
)
def test_a_plain_typo_is_answered_with_the_word_that_was_meant(word: Any, meant: str) -> None:
    said = refusal(lambda: Secret("StripeApiKey", retention=word))

    assert f"Did you mean {meant!r}?" in said


# An id of a vault that is none -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ("my-vault", "az keyvault show --name my-vault --query id -o tsv"),
        ("https://my-vault.vault.azure.net/", "az keyvault show --name my-vault --query id"),
        ("https://my-vault.vault.azure.net", "az keyvault show --name my-vault --query id"),
        (f"{VAULT}/secrets/stripe", "az keyvault show --name shop-prod --query id -o tsv"),
        (VAULT.removeprefix("/"), "az keyvault show --name shop-prod --query id -o tsv"),
        (VAULT.replace("KeyVault/vaults/", "KeyVault/"), "az keyvault show --name VAULT"),
        (VAULT.partition("/providers")[0], "az keyvault show --name VAULT"),
        ("/subscriptions/SUBSCRIPTION/resourceGroups/GROUP", "az keyvault show --name VAULT"),
    ],
)
@pytest.mark.parametrize("by", ["argument", "config", "output"])
def test_a_bad_vault_id_is_shown_where_it_can_be_no_value(
    given: str, command: str, by: str
) -> None:
    config = {"infra-secrets:azureVaultId": given} if by == "config" else {}

    def program() -> None:
        vault: Any = pulumi.Output.from_input(given) if by == "output" else given
        Secret("StripeApiKey", **({} if by == "config" else {"azure_vault_id": vault}))

    recording = Recording(
        project="shop", stack="production", config={**config_for("azure"), **config}
    )
    with pytest.raises(InfraSecretsError) as refused:
        recording.run(program)

    assert f"azure_vault_id={given!r} is not the ARM id of a Key Vault." in str(refused.value)
    assert command in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        "sk_live_not_real_1234567890",
        "postgres://u:not-real@db/x",
        "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg==",
        f"{VAULT}/Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg==",
        f"{VAULT}/secrets/sk_live_not_real",
        "https://my-vault.vault.azure.net/secrets/x?code=Zm9vYmFyMTIzNDU2Nzg5MGFi",
        "https://operator:not-real@my-vault.vault.azure.net/",
        "my-vault " + "x" * 200,
        *["hunter2", "S3cretPassw0rd", "Tr0ub4dor-3", "aB3dE5fG7hI9jK1lM2", "Q7w-Zx9_Kp2.Lm4"],
        *["letmein", "hunter-2", "Correct-Horse", "a@b!c$d", "x" * 90 + "@!$", "my-vault\n"],
        *["/subscriptions/hunter2-Secret", "subscriptions/hunter2"],
        VAULT.replace("resourceGroups", "hunter2"),
        VAULT.replace("Microsoft.KeyVault", "hunter2"),
        VAULT.replace("/vaults/", "/hunter2/"),
        VAULT.replace("/vaults/shop-prod", "/hunter2"),
        f"{VAULT}/hunter2",
        f"{VAULT}/secrets/hunter2",
        f"{VAULT}/secrets/stripe/hunter2",
        f"https://hunter2@{'x' * 5}.vault.azure.net",
        "https://hunter2.example.com",
    ],
)
def test_a_bad_vault_id_that_could_be_a_value_is_not_shown(given: str) -> None:
    said = refusal(lambda: Secret("StripeApiKey", azure_vault_id=given), "azure")

    assert (
        f"azure_vault_id=<{len(given)} characters, not shown because they could be a value> is not the ARM id of a "
        f"Key Vault." in said
    )
    assert given not in said
    for part in ("not-real", "not_real", "Zm9v", "hunter2"):
        assert part not in said


@pytest.mark.parametrize("given", ["my-vault", VAULT.removeprefix("/"), CANARY, "hunter2"])
@pytest.mark.parametrize("component", [Secret, ExternalEnv])
def test_a_bad_vault_id_that_the_config_holds_as_a_secret_is_never_shown(
    component: Any, given: str
) -> None:
    """Pulumi masks it only as a whole, and not the part of it that a command would name."""
    own: Any = {} if component is Secret else {"secrets": {"A": "a"}, "service_account": "nlp"}
    recording = Recording(
        project="shop",
        stack="production",
        config={"infra-secrets:cloud": "azure"},
        secrets={"infra-secrets:azureVaultId": given},
    )
    with pytest.raises(InfraSecretsError) as refused:
        recording.run(lambda: component("nlp", **own))

    assert str(refused.value) == (
        f'{component.__name__}("nlp"): azure_vault_id was given a secret that is not valid (the ARM id of a Key '
        "Vault); its value is not shown."
    )
    assert recording.registrations == []


def test_a_secret_vault_id_is_not_compared_aloud_with_the_one_that_adopt_names() -> None:
    recording = Recording(
        project="shop",
        stack="production",
        config={"infra-secrets:cloud": "azure"},
        secrets={"infra-secrets:azureVaultId": VAULT},
    )
    adopt = f"{VAULT.replace('shop-prod', 'other')}/secrets/shop--production--stripe-api-key"
    with pytest.raises(InfraSecretsError) as refused:
        recording.run(lambda: Secret("StripeApiKey", adopt=adopt))

    assert "shop-prod" not in str(refused.value)
    assert "azure_vault_id was given a secret that is not valid" in str(refused.value)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (
            "azureSecretClass",
            "config infra-secrets:azureSecretClass is a secret, and would be shown",
        ),
        ("azureVaultId", "azure_vault_id is missing"),
    ],
)
def test_a_secret_setting_that_is_refused_or_empty_is_one_sentence(key: str, says: str) -> None:
    config = {each: text for each, text in config_for("azure").items() if not each.endswith(key)}
    text = "" if key == "azureVaultId" else "a:B"
    recording = Recording(
        project="shop",
        stack="production",
        config=config,
        secrets={f"infra-secrets:{key}": text},
    )
    with pytest.raises(InfraSecretsError, match=says):
        recording.run(lambda: Secret("StripeApiKey"))


@pytest.mark.parametrize("component", [Secret, ExternalEnv])
def test_a_vault_id_that_the_config_holds_as_a_secret_is_taken(component: Any) -> None:
    own: Any = {} if component is Secret else {"secrets": {"A": "a"}, "service_account": "nlp"}
    recording = Recording(
        project="shop",
        stack="production",
        config={"infra-secrets:cloud": "azure"},
        secrets={"infra-secrets:azureVaultId": VAULT},
    )
    recording.run(lambda: component("nlp", **own))

    assert [each for each in recording.registrations if each.name == "nlp"]
