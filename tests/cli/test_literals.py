"""What a rehearsal says of values that a program writes itself: found, named, never shown."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from infra_secrets.testing import Rehearsal
from infra_secrets.testing.plain_text.literals import Given, Literals, MadeUp
from tests.cli.test_rehearse import Said, call, project, run

PLAIN = "plain-text-value"
WRITTEN = "program-writes-value"

PROGRAM = """
    import base64
    import json

    import pulumi
    import pulumi_aws as aws
    import pulumi_azure_native as azure
    import pulumi_gcp as gcp
    import pulumi_kubernetes as k8s
    from infra_secrets import Secret

    password = "hunter2-made-up"
    Secret("Honest", description="not a word of it")
    raw = aws.secretsmanager.Secret("raw")
    aws.secretsmanager.SecretVersion("version", secret_id=raw.id, secret_string="hunter2-version")
    aws.ssm.Parameter("parameter", type="SecureString", value="hunter2-parameter")
    aws.ssm.Parameter("plain", type="String", value="eu-west-1")
    container = gcp.secretmanager.Secret("container", secret_id="container", replication={"auto": {}})
    gcp.secretmanager.SecretVersion(
        "gcp-version", secret=container.id, secret_data=pulumi.Config().require_secret("token")
    )
    azure.keyvault.Secret(
        "vault-secret",
        resource_group_name="rehearsal",
        vault_name="rehearsal",
        secret_name="api-key",
        properties={"value": "hunter2-vault"},
    )
    k8s.core.v1.ConfigMap("settings", data={"password": password, "LOG_LEVEL": "info"})
    k8s.core.v1.Secret("opaque", data={"token": base64.b64encode(b"hunter2-data").decode()})
    aws.lambda_.Function(
        "function",
        role="arn:aws:iam::123456789012:role/api",
        environment={"variables": {"DB_PASSWORD": "hunter2-environment", "BUCKET": "logs"}},
    )
    aws.rds.Instance(
        "database", instance_class="db.t3.micro", username="admin", password=pulumi.Output.secret("hunter2-rds")
    )
    aws.ec2.Instance("machine", user_data="#!/bin/sh\\nexport API_TOKEN=hunter2-user-data\\n")
    pulumi.export("password", password)
    pulumi.export("url", f"postgresql://app:{password}@db.internal/shop")
    pulumi.export("same", f"see {password}")
    pulumi.log.warn(f"the password is {password}")
"""
STACK = "config:\n  shop:token:\n    secure: v1:made:up\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(
        tmp_path_factory.mktemp("literals") / "shop", PROGRAM, **{"Pulumi.dev.yaml": STACK}
    )


@pytest.fixture(scope="module")
def written(folder: Path) -> Said:
    return run("rehearse", str(folder), "--cloud", "aws")


@pytest.fixture(scope="module")
def machine(folder: Path) -> Said:
    allow = ["--allow", "database:password", "--allow", "nowhere:password"]
    return run("rehearse", str(folder), "--cloud", "aws", "--json", *allow)


def findings(said: Said) -> list[dict[str, Any]]:
    [rehearsal] = said.report["rehearsals"]
    found: list[dict[str, Any]] = rehearsal["findings"]
    return found


@pytest.mark.engine
def test_literals_make_a_rehearsal_not_well(written: Said) -> None:
    assert written.code == 1
    assert "All is well" not in written.out


@pytest.mark.engine
def test_each_value_in_plain_text_is_named_by_resource_and_property(machine: Said) -> None:
    found = {each["place"]: each for each in findings(machine) if each["id"] == PLAIN}

    assert {place: each["detector"] for place, each in found.items()} == {
        "settings:data.password": "Secret Keyword",
        "opaque:data.token": "a Kubernetes Secret",
        "function:environment.variables.DB_PASSWORD": "Secret Keyword",
        "database:password": "Secret Keyword",
        "machine:userData": "Secret Keyword",
        "output:password": "Secret Keyword",
        "output:url": "Basic Auth Credentials",
        "output:same": "same as settings:data.password",
    }
    assert found["settings:data.password"]["resource"] == "kubernetes:core/v1:ConfigMap settings"
    assert found["settings:data.password"]["urn"].endswith("ConfigMap::settings")


@pytest.mark.engine
def test_each_version_that_the_program_writes_is_named_wherever_its_value_is_from(
    machine: Said,
) -> None:
    assert [each["place"] for each in findings(machine) if each["id"] == WRITTEN] == [
        "version:secretString",
        "parameter:value",
        "vault-secret:properties.value",
        "gcp-version:secretData",
    ]


@pytest.mark.engine
def test_every_finding_says_why_and_the_way_out(machine: Said) -> None:
    for each in findings(machine):
        assert each["why"].endswith(".")
        assert "Secret(...)" in each["fix"]
    marked = next(each for each in findings(machine) if each["place"] == "database:password")
    assert "marked as secret" in marked["why"]


@pytest.mark.engine
def test_no_literal_is_shown_anywhere(written: Said, machine: Said) -> None:
    for said in (written, machine):
        assert "hunter2" not in said.out + said.err
    assert "the password is [secret]" in written.out


@pytest.mark.engine
def test_the_report_lists_each_place_and_the_ways_out(written: Said) -> None:
    assert "8 values in plain text (plain-text-value), never shown here:" in written.out
    assert (
        "  - kubernetes:core/v1:ConfigMap settings, data.password (Secret Keyword)" in written.out
    )
    assert "  - stack output, url (Basic Auth Credentials)" in written.out
    assert "To accept it: --allow 'machine:userData'" in written.out


@pytest.mark.engine
def test_what_is_allowed_is_listed_and_no_problem(machine: Said) -> None:
    allowed = {each["place"]: each["allowed"] for each in findings(machine)}

    assert allowed["database:password"] is True
    assert allowed["settings:data.password"] is False


@pytest.mark.engine
def test_an_allowance_for_nothing_is_said(machine: Said) -> None:
    [rehearsal] = machine.report["rehearsals"]

    assert any("--allow nowhere:password accepts nothing" in note for note in rehearsal["notes"])


@pytest.mark.engine
def test_a_program_whose_findings_are_all_allowed_is_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = 'import pulumi\npulumi.export("password", "hunter2-made-up")\n'
    said = call(
        capsys, "rehearse", str(project(tmp_path / "shop", program)), "--allow", "output:password"
    )

    assert said.code == 0
    assert "Accepted by --allow" in said.out
    assert "hunter2" not in said.out + said.err


@pytest.mark.engine
def test_a_literal_in_a_failing_programs_own_lines_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = """
        import pulumi

        raise RuntimeError("no") if pulumi.get_stack() else dict(password="hunter2-made-up")
        """
    said = call(capsys, "rehearse", str(project(tmp_path / "shop", program)))

    assert said.code == 1
    assert "RuntimeError: no" in said.out
    assert "hunter2" not in said.out + said.err


# No false alarms --------------------------------------------------------------------------------------

HARMLESS = {
    "image": "nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "GIT_COMMIT": "3f786850e387550fdab836ed7e6dc881de23001b",
    "tenant": "72f988bf-86f1-41af-91ab-2d7cd011db47",
    "ROLE": "arn:aws:iam::123456789012:role/api",
    "TOKEN_URL": "https://login.example.com/oauth2/token",
    "secret_name": "payments/production/stripe-api-key",
    "secretId": "payments-production-stripe",
    "existingSecret": "db-credentials",
    "DB_PASSWORD_FILE": "/run/secrets/db-password",
    "PASSWORD": "$DB_PASSWORD",
    "template": "password={{ .Values.password }}",
    "API_KEY": "<your key>",
    "API_TOKEN": "your-token",
    "secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
    "client_secret": "projects/p/secrets/client",
    "max_tokens": "4096",
    "password_length": "16",
    "public.pem": "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ0w=\n-----END CERTIFICATE-----\n",
    "policy": json.dumps({"Statement": [{"Action": "secretsmanager:GetSecretValue"}]}),
    "zone": "Z2FDTNDATAQYW2",
    "code": "password = os.environ['PASSWORD']\ntoken = settings.token\n",
}


@pytest.mark.engine
def test_what_only_looks_like_a_secret_is_not_reported() -> None:
    def program() -> None:
        import pulumi
        import pulumi_kubernetes as k8s

        k8s.core.v1.ConfigMap("settings", data=HARMLESS)
        for name, text in HARMLESS.items():
            pulumi.export(name, text)

    with Rehearsal(program) as rehearsal:
        rehearsal.up()

        assert [str(each) for each in rehearsal.literals().findings] == []


@pytest.mark.engine
def test_secret_config_and_what_clouds_answer_are_no_literals() -> None:
    def program() -> None:
        import pulumi
        import pulumi_aws as aws
        import pulumi_kubernetes as k8s

        token = pulumi.Config().require_secret("token")
        made = aws.secretsmanager.Secret("raw")
        k8s.core.v1.Secret("opaque", string_data={"token": token, "password": made.arn})
        pulumi.export("password", made.arn)
        pulumi.export("token", token)
        pulumi.export("dsn", pulumi.Output.format("postgresql://app:{0}@db.internal/shop", token))

    with Rehearsal(program, secrets={"token": "made-up-token-0001"}) as rehearsal:
        rehearsal.up()

        assert [str(each) for each in rehearsal.literals().findings] == []


@pytest.mark.engine
def test_the_packages_own_containers_and_grants_are_no_findings(cloud: str) -> None:
    from infra_secrets.testing import ordinary_config

    def program() -> None:
        from infra_secrets import Secret

        Secret("StripeApiKey", description="the key of Stripe")

    with Rehearsal(program, config=ordinary_config(cloud)) as rehearsal:
        rehearsal.up()

        assert rehearsal.literals().findings == []


@pytest.mark.engine
def test_base64_is_judged_by_the_text_in_it() -> None:
    scripts = [
        f"#!/bin/sh\necho Hello, World 0123456789 > index.html\n{line}\n"
        for line in ("nohup python -m http.server 80 &", "export DB_PASSWORD=hunter2-made-up")
    ]

    def program() -> None:
        import pulumi_kubernetes as k8s

        for number, script in enumerate(scripts):
            encoded = base64.b64encode(script.encode()).decode()
            k8s.core.v1.ConfigMap(f"machine{number}", data={"userDataBase64": encoded})

    with Rehearsal(program) as rehearsal:
        rehearsal.up()

        assert [each.place for each in rehearsal.literals().findings] == [
            "machine1:data.userDataBase64"
        ]


@pytest.mark.engine
def test_a_known_form_is_found_under_any_name() -> None:
    forms = {
        "Stripe Access Key": "sk_live_" + "0123456789abcdefghijklmn",
        "GitHub Token": "ghp_" + "0123456789abcdefghijklmnopqrstuvwxyz",
        "AWS Access Key": "AKIA" + "Z3MADEUP7Q5X2W4V",
        "Slack Token": "xoxb-" + "123456789012-abcdefabcdef",
        "Basic Auth Credentials": "amqp://app:hunter2-made-up@queue.internal",
        "Private Key": "-----BEGIN RSA PRIVATE KEY-----\nbWFkZSB1cA==\n-----END RSA PRIVATE KEY-----\n",
        "Base64 High Entropy String": "q8Zr0XvT3mLw9KpYb2NcHs7JdFgUaE1i",
    }

    def program() -> None:
        import pulumi_kubernetes as k8s

        k8s.core.v1.ConfigMap("settings", data=dict(enumerate_names(forms)))

    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        found = rehearsal.literals()

    assert sorted(each.detector for each in found.findings) == sorted(forms)
    for value in forms.values():
        assert value.strip() not in found.concealed(f"before {value} after")


def enumerate_names(forms: dict[str, str]) -> list[tuple[str, str]]:
    return [(f"setting{number}", value) for number, value in enumerate(forms.values())]


@pytest.mark.engine
def test_a_property_keeps_its_name_where_the_value_is_the_same_word(tmp_path: Path) -> None:
    program = """
        import pulumi_aws as aws
        aws.rds.Instance("database", instance_class="db.t3.micro", username="admin", password="password")
        """
    said = run("rehearse", str(project(tmp_path / "shop", program)), "--json")

    assert [each["place"] for each in findings(said)] == ["database:password"]
    [report] = said.report["rehearsals"]
    assert report["problems"] == [
        "A value is in plain text: aws:rds/instance:Instance database, password."
    ]


def test_a_part_of_what_a_function_answered_is_no_literal() -> None:
    token = base64.b64encode(b"AWS:made-up-token-0001").decode()
    urn = "urn:pulumi:dev::shop::docker-build:index:Image::image"
    given = [Given(urn, {"password": "made-up-token-0001"})]

    def places(answers: frozenset[str]) -> list[str]:
        made_up = MadeUp(frozenset(), answers, answers)
        return [each.place for each in Literals(given, made_up).findings]

    assert places(frozenset({token})) == []
    assert places(frozenset()) == ["image:password"]


MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: zz}
data:
  password: hunter2-made-up
  setup.sh: |
    #!/bin/sh
    export API_TOKEN=hunter2-script
"""


@pytest.mark.engine
def test_a_manifest_that_a_function_has_only_read_is_the_programs_own() -> None:
    def program() -> None:
        import pulumi_kubernetes as k8s

        k8s.yaml.ConfigGroup("group", yaml=[MANIFEST])

    with Rehearsal(program) as rehearsal:
        rehearsal.up()

        assert [each.path for each in rehearsal.literals().findings] == [
            "data.password",
            "data.setup.sh",
        ]


def test_a_value_is_known_by_its_resource_and_by_the_option_before_it() -> None:
    urn = "urn:pulumi:dev::shop::"
    container = {
        "args": ["--user", "app", "--password", "hunter2-made-up"],
        "command": ["/usr/bin/mysqladmin", "-uroot", "-phunter2-client", "ping"],
        "ports": ["docker", "run", "-p8080"],
        "set": ["pulumi", "config", "set", "--secret", "shop:url"],
    }
    given = [
        Given(f"{urn}aws:apigateway/apiKey:ApiKey::key", {"value": "hunter2-gateway"}),
        Given(f"{urn}aws:ssm/parameter:Parameter::plain", {"value": "hunter2-none"}),
        Given(f"{urn}kubernetes:core/v1:Pod::pod", container),
    ]
    found = Literals(given, MadeUp(frozenset(), frozenset(), frozenset()))

    assert [each.place for each in found.findings] == ["key:value", "pod:args[3]", "pod:command[2]"]


def test_findings_are_the_same_in_whatever_order_the_engine_asked() -> None:
    urn = "urn:pulumi:dev::shop::"
    given = [
        Given(f"{urn}kubernetes:core/v1:ConfigMap::a", {"data": {"password": "hunter2-made-up"}}),
        Given(f"{urn}kubernetes:core/v1:ConfigMap::b", {"data": {"password": "hunter2-made-up"}}),
        Given(f"{urn}kubernetes:core/v1:ConfigMap::c", {"data": {"note": "see hunter2-made-up"}}),
        Given(f"{urn}pulumi:pulumi:Stack::shop-dev", {"password": "hunter2-made-up"}),
    ]
    nothing = MadeUp(frozenset(), frozenset(), frozenset())

    found = Literals(given, nothing).findings
    assert [each.detector for each in found][2] == "same as a:data.password"
    assert Literals(given[::-1], nothing).findings == found


def test_every_value_of_one_text_is_taken_out() -> None:
    urn = "urn:pulumi:dev::shop::aws:ec2/instance:Instance::machine"
    text = "mysql -uroot -phunter2-one\ncurl -u admin:hunter2-two https://host\n"
    given = [Given(urn, {"userData": text})]
    found = Literals(given, MadeUp(frozenset(), frozenset(), frozenset()))

    assert len(found.findings) == 1
    assert found.concealed("hunter2-one and hunter2-two") == "[secret] and [secret]"


@pytest.mark.engine
def test_a_value_that_is_a_word_spoils_no_name_and_no_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = """
        import pulumi
        import pulumi_aws as aws
        from infra_secrets import Secret

        Secret("DbPassword")
        aws.rds.Instance(
            "db-password-1", instance_class="db.t3.micro", username="u", password="password"
        )
        pulumi.log.warn("the password is 'password'")
        """
    folder = str(project(tmp_path / "shop", program))
    said = call(capsys, "rehearse", folder, "--cloud", "aws")
    machine = call(capsys, "rehearse", folder, "--cloud", "aws", "--json")

    assert said.out.count("[secret]") == 1
    assert "the password is '[secret]'" in said.out
    assert "--allow 'db-password-1:password'" in said.out
    assert [each["place"] for each in findings(machine)] == ["db-password-1:password"]
    assert machine.out.count("[secret]") == 1


@pytest.mark.engine
def test_a_literal_is_not_shown_by_a_program_that_raises_before_it_registers_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = """
        import pulumi
        from settings import OTHER

        PASSWORD: str = "hunter2-made-up"
        options = {"api_token": "hunter2-token", "name": "shown"}
        pulumi.log.info("connecting with " + PASSWORD)
        raise ValueError(f"bad password {PASSWORD!r}, {options}, password: '{OTHER}'")
        """
    settings = 'OTHER = "hunter2-unnamed"\n'
    folder = project(tmp_path / "shop", program, **{"settings.py": settings})
    said = call(capsys, "rehearse", str(folder))

    assert said.code == 1
    assert "ValueError: bad password '[secret]'" in said.out
    assert "'name': 'shown'" in said.out
    assert "hunter2" not in said.out + said.err
