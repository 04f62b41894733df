"""The components under Pulumi's own mocks (`pulumi.runtime.set_mocks`), as users' unit tests are written.

Mocks are the process's, and so is what they leave behind: each test here runs a module of tests in a process of its
own, with every warning an error, and looks at what it printed. A check in an `apply` may never run; so each module
writes down what it saw.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import PATIENCE, ROOT

MOCKS = '''
import asyncio
import sys

import pulumi
import pytest

if sys.version_info >= (3, 12):  # which warns, or from 3.14 on fails, where nobody has made the loop of the mocks
    asyncio.set_event_loop(asyncio.new_event_loop())

VAULT = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
    "/providers/Microsoft.KeyVault/vaults/shop-prod"
)
ROLE = "arn:aws:iam::123456789012:role/api"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234567890abcdef1234567890abcdef"
GUID = "00000000-0000-0000-0000-000000000001"
ON = {
    "aws": {"cloud": "aws", "readers": [ROLE], "writers": [ROLE]},
    "gcp": {"cloud": "gcp", "readers": ["user:a@example.com"], "writers": ["user:b@example.com"]},
    "azure": {"cloud": "azure", "azure_vault_id": VAULT, "readers": [GUID], "writers": [GUID]},
}
CONFIG = {"infra-secrets:azureWriterRoleId": GUID, "project:token": "made-up-token", "project:level": "info"}


class Inputs(pulumi.runtime.Mocks):
    """As in the documentation."""

    def __init__(self):
        self.registered = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        self.registered[args.typ, args.name] = args.inputs
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


class Computed(Inputs):
    def new_resource(self, args):
        id_, inputs = super().new_resource(args)
        name = inputs.get("name", args.name)
        arn = f"arn:aws:secretsmanager:us-west-2:123456789012:secret:{name}-AbCdEf"
        metadata = {**(inputs.get("metadata") or {}), "name": args.name + "-12345678"}
        return [id_, {**inputs, "arn": arn, "project": "my-project", "metadata": metadata}]

    def call(self, args):
        return [{"arn": "made up", "id": "made up", "project": "my-project"}, []]


class Shapeless(Inputs):
    """Answers with texts that are not what a cloud would answer."""

    def new_resource(self, args):
        id_, inputs = super().new_resource(args)
        return [id_, {**inputs, "arn": args.name + "_arn", "project": 7, "policy": ""}]

    def call(self, args):
        raise NotImplementedError(args.token)


class Nothing(Inputs):
    def new_resource(self, args):
        super().new_resource(args)
        return ["", {}]

    def call(self, args):
        return [{}, []]


ALL = [Inputs, Computed, Shapeless, Nothing]


@pytest.fixture(params=[(kind, preview) for kind in ALL for preview in (False, True)], ids=str)
def mocks(request):
    kind, preview = request.param
    made = kind()
    pulumi.runtime.set_mocks(made, preview=preview)
    pulumi.runtime.set_all_config(CONFIG, ["project:token"])
    made.preview = preview
    return made


def seen_of(make, *names):
    """Run a program in a test of Pulumi's, and return what its outputs hold; UNKNOWN where nobody knows."""
    seen = {}

    @pulumi.runtime.test
    def program():
        made = make()

        async def look():
            for name in names:
                output = getattr(made, name)
                seen[name] = await output.future() if await output.is_known() else "UNKNOWN"

        return pulumi.Output.from_input(look())

    program()
    return seen


def registered(mocks, ending):
    return [inputs for (typ, _), inputs in mocks.registered.items() if typ.endswith(ending)]
'''


def run(
    folder: Path, modules: dict[str, str], *command: str, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Write a user's test modules, and run them as a user does."""
    (folder / "mocks.py").write_text(dedent(MOCKS), encoding="utf-8")
    (folder / "conftest.py").write_text("import mocks\n", encoding="utf-8")
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    environment = {
        key: item for key, item in os.environ.items() if not key.startswith(("PULUMI", "PYTEST"))
    }
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]), **(variables or {})}
    return subprocess.run(
        [sys.executable, *(command or PYTEST)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


# Hypothesis is installed here and loads in a second; a user has it or not.
PYTEST = (
    *("-m", "pytest", "-q", "-W", "error", "--tb=short"),
    *("-p", "no:cacheprovider", "-p", "no:hypothesispytest"),
)


def passed(done: subprocess.CompletedProcess[str], count: int) -> None:
    """See that as many tests passed, and that nothing was printed beside."""
    assert f"{count} passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout.lower()
    assert done.stderr == ""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder for a user's tests."""
    yield tmp_path  # noqa: PT022 (a test reads better with one name for it)


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_a_secret_with_every_argument_works_whatever_the_mocks_answer(
    folder: Path, cloud: str
) -> None:
    module = f"""
        import pulumi
        import pytest
        from infra_secrets import Secret
        from mocks import *

        CLOUD = {cloud!r}
        SECRET = ":Secret"
        GRANT = dict(aws="SecretPolicy", gcp="SecretIamMember", azure="RoleAssignment")[CLOUD]
        OUTPUTS = ("secret_id", "secret_name", "reference", "set_command", "console_url", "urn")
        EXISTING = dict(
            aws="arn:aws:secretsmanager:eu-west-1:123456789012:secret:project/stack/one-AbCdEf",
            gcp="projects/my-project/secrets/project__stack__one",
            azure=VAULT + "/secrets/project--stack--one",
        )[CLOUD]
        REPLICAS = dict(
            aws={{"replicas": ["eu-central-1"], "encryption_key": KEY}},
            gcp={{"replicas": ["europe-west1"]}},
            azure={{}},
        )[CLOUD]


        @pytest.mark.parametrize(
            "more",
            [
                {{}},
                {{"fields": ["A", "B"], "owner": "me@example.com", "max_age_days": 30}},
                {{"description": "x", "tags": {{"team": "pay"}}}},
                {{"retention": "discard"}},
                {{"retention": "keep" if CLOUD == "gcp" else "recover"}},
                {{"adopt": EXISTING}},
                {{"adopt": EXISTING, "adopt_from": "acme/other/production"}},
                {{"formerly": "one"}},
                REPLICAS,
            ],
            ids=str,
        )
        def test_a_secret(mocks, more):
            key = {{"key": "one"}} if "fields" not in more else {{}}
            seen = seen_of(lambda: Secret("One", **ON[CLOUD], **key, **more), *OUTPUTS)

            assert seen["reference"].startswith("project/stack")
            separator = {{"aws": "/", "gcp": "__", "azure": "--"}}[CLOUD]
            assert seen["secret_name"] == seen["reference"].replace("/", separator)
            assert seen["urn"].endswith("infra-secrets:index:Secret::One")
            assert len(registered(mocks, SECRET)) == 2  # the component and the container
            assert registered(mocks, GRANT)
            kind = type(mocks).__name__
            if kind == "Computed" and not mocks.preview:
                assert "UNKNOWN" not in seen.values()
                if CLOUD == "aws":
                    assert seen["secret_id"].startswith("arn:aws:secretsmanager:us-west-2:")
                    assert "--region us-west-2" in seen["set_command"]
                if CLOUD == "gcp":
                    assert "--project=my-project" in seen["set_command"]
            if kind == "Nothing":
                assert seen["secret_id"] == "UNKNOWN"
            if kind == "Shapeless" and CLOUD == "aws":
                assert (seen["secret_id"], seen["set_command"]) == ("One_arn", "UNKNOWN")
            if kind == "Inputs" and CLOUD != "azure":
                assert (seen["set_command"], seen["console_url"]) == ("UNKNOWN", "UNKNOWN")
            if CLOUD == "azure":
                assert "--vault-name shop-prod" in seen["set_command"]
            assert "None" not in str(seen)
    """
    passed(run(folder, {"test_it": module}), 9 * 8)


def test_the_components_for_kubernetes_work_whatever_the_mocks_answer(folder: Path) -> None:
    module = '''
        import pulumi
        import pytest
        from infra_secrets import EscDeployment, EscEnv, ExternalEnv, Secret, require_esc
        from infra_secrets.errors import StackConfigError
        from mocks import *

        STORES = {
            "aws": {"cloud": "aws", "aws_region": "eu-west-1"},
            "gcp": {"cloud": "gcp", "gcp_project": "acme-production"},
            "azure": {"cloud": "azure", "azure_vault_id": VAULT},
        }


        def as_answered(mocks, ending=""):
            """What the name of an object is, as far as the mocks answer it."""
            return f"nlp{ending}-12345678" if type(mocks) is Computed else "UNKNOWN"


        def test_an_environment(mocks):
            def program():
                return EscEnv("nlp", secrets={"TOKEN": "token"}, config={"LEVEL": "level"}, files={"/key": "token"})

            seen = seen_of(program, "secret_name", "config_map_name")

            assert seen == {"secret_name": as_answered(mocks), "config_map_name": as_answered(mocks)}
            [secret] = registered(mocks, "Secret")
            assert list(secret["stringData"]) == ["TOKEN", "file-key"] or len(secret["stringData"]) == 2
            [config] = registered(mocks, "ConfigMap")
            assert config["data"] == {"LEVEL": "info"}


        def test_an_environment_without_secrets_has_no_name_of_one(mocks):
            seen = seen_of(lambda: EscEnv("nlp", config={"LEVEL": "level"}), "secret_name", "config_map_name")

            assert seen == {"secret_name": None, "config_map_name": as_answered(mocks)}


        def test_a_deployment_whose_spec_can_be_looked_at(mocks):
            def program():
                return EscDeployment("nlp", image="nlp:1", port=80, secrets={"TOKEN": "token"}, files={"/key": "token"})

            seen = seen_of(program, "secret_name", "deployment_name")

            assert seen == {"secret_name": as_answered(mocks), "deployment_name": as_answered(mocks)}
            [deployment] = registered(mocks, ":Deployment")
            [container] = deployment["spec"]["template"]["spec"]["containers"]
            [variable] = container["env"]
            assert (variable["name"], variable["valueFrom"]["secretKeyRef"]["key"]) == ("TOKEN", "TOKEN")


        def test_what_a_mock_answers_of_a_deployment_can_be_checked_in_an_apply():
            pulumi.runtime.set_mocks(Inputs())
            pulumi.runtime.set_all_config(CONFIG, ["project:token"])
            seen = []

            @pulumi.runtime.test
            def program():
                made = EscDeployment("nlp", image="nlp:1", secrets={"TOKEN": "token"})
                return made.deployment.spec.apply(
                    lambda spec: seen.extend(each.name for each in spec.template.spec.containers[0].env)
                )

            program()
            assert seen == ["TOKEN"]


        def test_a_provider_of_their_own_is_asked_for_what_it_was_given(mocks):
            import pulumi_kubernetes as kubernetes

            def program():
                provider = kubernetes.Provider("there", kubeconfig="{}")
                opts = pulumi.ResourceOptions(provider=provider)
                return EscDeployment("nlp", image="nlp:1", secrets={"TOKEN": "token"}, opts=opts)

            assert list(seen_of(program, "urn"))
            assert registered(mocks, ":Deployment")


        def test_a_transform_of_the_program_hinders_nothing(mocks):
            def program():
                pulumi.runtime.register_resource_transform(lambda args: None)
                return Secret("One", **ON["aws"])

            assert seen_of(program, "reference") == {"reference": "project/stack/one"}


        @pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
        def test_an_external_environment(mocks, cloud):
            def program():
                secret = Secret("One", **ON[cloud])
                return ExternalEnv(
                    "nlp",
                    secrets={"KEY": secret.secret_name},
                    files={"/key": "shop/production/key"},
                    service_account="nlp",
                    **STORES[cloud],
                )

            seen = seen_of(program, "secret_name", "store_name")

            assert seen == {"secret_name": as_answered(mocks), "store_name": as_answered(mocks)}
            [external] = registered(mocks, ":ExternalSecret")
            assert external["spec"]["data"][0]["secretKey"] == "KEY"


        def test_config_is_required_as_in_a_program(mocks):
            pulumi.runtime.test(lambda: require_esc())()
            with pytest.raises(StackConfigError, match="project:missing"):
                pulumi.runtime.test(lambda: EscEnv("nlp", secrets={"A": "missing"}))()
    '''
    passed(run(folder, {"test_it": module}), 8 * (3 + 2 + 3 + 1) + 1)


COLLIDING = """
    import pulumi
    import pytest
    from infra_secrets import Secret
    from infra_secrets.errors import CollisionError
    from mocks import *

    pulumi.runtime.set_mocks(Inputs())


    @pulumi.runtime.test
    def test_one():
        return Secret("One", **ON["aws"]).urn


    @pulumi.runtime.test
    def test_the_same():
        return Secret("One", **ON["aws"]).urn


    @pulumi.runtime.test
    def test_another_name_for_the_same_container():
        return Secret("Two", key="one", **ON["aws"]).urn


    @pulumi.runtime.test
    def test_two_that_are_one():
        Secret("One", **ON["aws"])
        with pytest.raises(CollisionError, match='Give "Two" or "One" a different key') as refused:
            Secret("Two", key="one", **ON["aws"])
        assert "runtime.test" not in str(refused.value)


    @pulumi.runtime.test
    def test_two_of_one_name_in_two_components():
        class Service(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("shop:index:Service", name)
                Secret("Key", **ON["aws"], opts=pulumi.ResourceOptions(parent=self))

        Service("a")
        with pytest.raises(CollisionError):
            Service("b")


    def test_without_a_decorator():
        Secret("Four", **ON["aws"])


    def test_the_same_without_a_decorator():
        Secret("Four", **ON["aws"])


    def test_two_that_are_one_without_a_decorator():
        Secret("Five", **ON["aws"])
        with pytest.raises(CollisionError, match="If they belong to two tests, decorate each"):
            Secret("Six", key="five", **ON["aws"])


    class TestsOfAClass:
        @pulumi.runtime.test
        def test_one(self):
            return Secret("One", **ON["aws"]).urn


    @pytest.mark.parametrize("number", [1, 2])
    def test_new_mocks_are_a_new_program(number):
        pulumi.runtime.set_mocks(Inputs())
        Secret(f"One{number}", key="one", **ON["aws"])
"""


def test_a_test_meets_nothing_of_another_and_two_secrets_of_one_are_still_one_container(
    folder: Path,
) -> None:
    passed(run(folder, {"test_it": COLLIDING, "test_it_again": COLLIDING}), 2 * 11)


def test_asynchronous_tests_are_programs_of_their_own(folder: Path) -> None:
    module = """
        import unittest

        import pulumi
        from infra_secrets import Secret
        from infra_secrets.errors import CollisionError
        from mocks import *

        pulumi.runtime.set_mocks(Inputs())


        class Tests(unittest.IsolatedAsyncioTestCase):
            async def test_one(self):
                self.assertEqual(await Secret("One", **ON["aws"]).reference.future(), "project/stack/one")

            async def test_the_same(self):
                self.assertEqual(await Secret("One", **ON["aws"]).reference.future(), "project/stack/one")

            async def test_two_that_are_one(self):
                with self.assertRaises(CollisionError):
                    Secret("One", **ON["aws"])
                    Secret("Two", key="one", **ON["aws"])
    """
    done = run(folder, {"test_it": module})

    assert "3 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.engine
def test_recordings_and_rehearsals_in_the_same_process_know_nothing_of_mocks(folder: Path) -> None:
    module = """
        import pulumi
        from infra_secrets import Secret
        from infra_secrets.testing import Recording, Rehearsal
        from mocks import *

        pulumi.runtime.set_mocks(Inputs())
        HERE = {"project": "shop", "stack": "production", "config": {"aws:region": "eu-west-1"}}


        def program():
            pulumi.export("set", Secret("One", cloud="aws").set_command)


        def test_a_recording():
            recording = Recording(**HERE)
            recording.run(program)
            assert "--region eu-west-1" in recording.exports["set"]
            assert recording.named("One", "aws:secretsmanager/secret:Secret").hooks


        def test_a_rehearsal():
            with Rehearsal(program, **HERE) as rehearsal:
                rehearsal.up()
                rehearsal.up()
                assert rehearsal.aws.state("shop/production/one") == "empty"


        def test_mocks_again():
            assert seen_of(lambda: Secret("One", cloud="aws"), "reference") == {"reference": "project/stack/one"}
    """
    passed(run(folder, {"test_it": module}), 3)


def test_config_comes_from_the_variable_too(folder: Path) -> None:
    module = """
        import pulumi
        from infra_secrets import EscEnv, Secret
        from mocks import *

        pulumi.runtime.set_mocks(Inputs(), project="shop", stack="production")


        def test_it():
            def program():
                EscEnv("nlp", config={"LEVEL": "level"})
                return Secret("One")

            assert seen_of(program, "secret_name") == {"secret_name": "payments__production__one"}
    """
    config = (
        '{"infra-secrets:cloud": "gcp", "infra-secrets:service": "payments", "shop:level": "x"}'
    )

    passed(run(folder, {"test_it": module}, variables={"PULUMI_CONFIG": config}), 1)


def test_a_program_at_the_top_of_a_module_is_tested_as_in_the_documentation(folder: Path) -> None:
    program = """
        import pulumi
        from infra_secrets import Secret

        stripe = Secret("StripeApiKey", cloud="gcp", owner="payments@example.com")
        pulumi.export("reference", stripe.reference)
    """
    module = """
        import unittest

        import mocks  # its event loop, from Python 3.12 on
        import pulumi


        class MyMocks(pulumi.runtime.Mocks):
            def new_resource(self, args: pulumi.runtime.MockResourceArgs):
                return [args.name + "_id", args.inputs]

            def call(self, args: pulumi.runtime.MockCallArgs):
                return {}


        pulumi.runtime.set_mocks(MyMocks(), preview=False)

        import infra

        SEEN = []


        class TestingWithMocks(unittest.TestCase):
            @pulumi.runtime.test
            def test_it_has_its_name(self):
                def check(args):
                    id_, name = args
                    SEEN.append((id_, name))
                    self.assertEqual(name, "project__stack__stripe-api-key")

                return pulumi.Output.all(infra.stripe.secret_id, infra.stripe.secret_name).apply(check)

            @pulumi.runtime.test
            def test_it_once_more(self):
                return infra.stripe.reference.apply(
                    lambda reference: self.assertEqual(reference, "project/stack/stripe-api-key")
                )

            def test_the_checks_ran(self):
                self.assertEqual(SEEN, [("StripeApiKey_id", "project__stack__stripe-api-key")])


        if __name__ == "__main__":
            unittest.main()
    """
    files = {"infra": program, "test_infra": module}
    passed(run(folder, files), 3)
    done = run(folder, files, "-W", "error::RuntimeWarning", "-m", "unittest", "-v", "test_infra")

    assert done.returncode == 0, done.stderr
    assert "Ran 3 tests" in done.stderr
    assert done.stderr.count("... ok") == 3
    for noise in ("Traceback", "never", "Error", "Warning"):
        assert noise not in done.stderr


REFUSED = """
    import pulumi
    import pytest
    from infra_secrets import Secret
    from infra_secrets.errors import InfraSecretsError
    from mocks import *


    @pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
    @pytest.mark.parametrize("principal", [7, "*", "", "everybody"])
    @pytest.mark.parametrize("mocks", [(Inputs, False)], indirect=True)
    def test_a_principal_that_cannot_be_is_refused_before_its_secret(mocks, cloud, principal):
        given = {**ON[cloud], "readers": [pulumi.Output.from_input(principal)]}

        with pytest.raises(InfraSecretsError, match="readers") as refused:
            seen_of(lambda: Secret("One", **given), "secret_id")
        assert str(refused.value).startswith('Secret("One"): readers')
        assert [typ for typ, _ in mocks.registered] == ["infra-secrets:index:Secret"]


    @pytest.mark.parametrize("error, logged", [(InfraSecretsError("x"), 0), (ValueError("x"), 1)])
    def test_an_output_that_nobody_waits_for_says_a_refusal_no_second_time(caplog, error, logged):
        import asyncio

        pulumi.runtime.set_mocks(Inputs())
        seen_of(lambda: Secret("One", **ON["aws"]), "reference")
        context = {"message": "Future exception was never retrieved", "exception": error}
        loop = asyncio.new_event_loop()
        loop.call_exception_handler(context)
        loop.close()

        assert len(caplog.records) == logged


    @pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
    def test_a_principal_that_mocks_leave_out_is_not_known(mocks, cloud):
        def program():
            import pulumi_aws as aws

            role = aws.iam.Role("api", assume_role_policy="{}")
            missing = role.tags_all.apply(lambda tags: tags)
            return Secret("One", **{**ON[cloud], "readers": [ON[cloud]["readers"][0], missing]})

        assert seen_of(program, "reference") == {"reference": "project/stack/one"}
        grants = {"aws": ("SecretPolicy", 1), "gcp": ("SecretIamMember", 4), "azure": ("RoleAssignment", 3)}
        ending, count = grants[cloud]
        assert len(registered(mocks, ending)) == count
        assert "null" not in str(mocks.registered)
"""


def test_what_mocks_make_up_for_other_resources_is_judged_by_nobody(folder: Path) -> None:
    module = """
        import pulumi
        import pulumi_aws as aws
        import pulumi_azure_native as azure
        import pulumi_gcp as gcp
        from infra_secrets import ExternalEnv, Secret
        from mocks import *


        def on_aws():
            role = aws.iam.Role("api", assume_role_policy="{}")
            key = aws.kms.Key("key", multi_region=True)
            return Secret(
                "One", cloud="aws", readers=[role.arn], encryption_key=key.arn, replicas=["eu-central-1"]
            )


        def on_gcp():
            account = gcp.serviceaccount.Account("api", account_id="api")
            key = gcp.kms.CryptoKey("key", key_ring="made-up")
            return Secret(
                "One", cloud="gcp", readers=[account.member, account.email], encryption_key=key.id
            )


        def on_azure():
            vault = azure.keyvault.Vault(
                "vault",
                resource_group_name="shop",
                properties={"tenant_id": GUID, "sku": {"family": "A", "name": "standard"}},
            )
            identity = azure.managedidentity.UserAssignedIdentity("api", resource_group_name="shop")
            made = Secret(
                "One", cloud="azure", azure_vault_id=vault.id, readers=[identity.principal_id, identity.id]
            )
            ExternalEnv(
                "nlp",
                secrets={"A": made.secret_name},
                cloud="azure",
                azure_vault_id=vault.id,
                service_account="nlp",
            )
            return made


        @pytest.mark.parametrize("program", [on_aws, on_gcp, on_azure])
        def test_a_program_of_several_resources(mocks, program):
            seen = seen_of(program, "reference", "set_command", "secret_id")

            assert seen["reference"] == "project/stack/one"
            assert "None" not in str(seen)
    """
    passed(run(folder, {"test_it": module}), 3 * 8)


def test_what_an_output_holds_is_refused_in_one_sentence_and_nothing_is_printed(
    folder: Path,
) -> None:
    passed(run(folder, {"test_it": REFUSED}), 3 * 4 + 2 + 3 * 8)
