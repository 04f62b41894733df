"""Programs as people write them: rehearsed from their folder, as `pulumi up` would run them."""

import base64
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pulumi
import pytest

from infra_secrets.cli.rehearse.requirements import unmet
from infra_secrets.testing import Recording, Rehearsal, SecretValue
from infra_secrets.testing.program.limits import limits_of
from infra_secrets.testing.program.stack_outputs import StackOutputsError, parsed
from tests.cli.test_rehearse import run

pytestmark = [
    # The SDKs warn of their own deprecated parts when they are imported, which a program cannot help.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def project(folder: Path, program: str, **files: str) -> Path:
    """Write a project named shop whose program is in `app/`."""
    texts = {
        "Pulumi.yaml": "name: shop\nruntime: python\nmain: app\n",
        "app/__main__.py": dedent(program),
        **files,
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def rehearsed(folder: Path, **options: Any) -> dict[str, Any]:
    """Rehearse a project up to its outputs; nothing may change the second time."""
    with Rehearsal(directory=folder, **options) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        outputs = rehearsal.outputs
        assert rehearsal.up().changes == []
        rehearsal.destroy()
    return outputs


# Where a program is -----------------------------------------------------------------------------


@pytest.mark.engine
def test_relative_assets_and_archives_are_found_where_the_program_is(tmp_path: Path) -> None:
    outputs = rehearsed(
        project(
            tmp_path,
            """
            import pulumi, sys
            import pulumi_aws as aws
            code = pulumi.AssetArchive({
                "index.py": pulumi.FileAsset("./index.py"),
                "lib": pulumi.FileArchive("lib"),
                "note": pulumi.StringAsset("text"),
            })
            aws.s3.BucketObjectv2("code", bucket="b", source=code)
            aws.s3.BucketObjectv2("index", bucket="b", source=pulumi.FileAsset("index.py"))
            pulumi.export("arguments", sys.argv[1:])
            pulumi.export("root", pulumi.get_root_directory())
            """,
            **{"app/index.py": "", "app/lib/one.py": ""},
        )
    )
    assert outputs == {"arguments": [], "root": str(tmp_path)}


# Config without a stack -------------------------------------------------------------------------

REQUIRES = """
    import json
    import pulumi
    config = pulumi.Config()
    pulumi.export("said", {
        "text": config.require("owner"), "from the template": config.require("size"),
        "from the project": config.require("word"), "bool": config.require_bool("loud"),
        "int": config.require_int("count") + 1, "float": config.require_float("share") / 2,
        "object": dict(config.require_object("tags")), "cidr": config.require("vpcCidr"),
        "region": pulumi.Config("aws").require("region"), "optional": config.get("optional"),
    })
    pulumi.export("secret", config.require_secret("token"))
    pulumi.export("also", config.get_secret("password"))
"""
SETTINGS = """
    name: shop
    runtime: python
    config: {word: {value: of the project}}
    template: {config: {size: {default: 3}, "aws:region": {default: us-east-2}, password: {secret: true}}}
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = project(
        tmp_path_factory.mktemp("fresh"), "", **{"__main__.py": REQUIRES, "Pulumi.yaml": SETTINGS}
    )
    [report] = run("rehearse", str(folder), "--json").report["rehearsals"]
    return report


@pytest.mark.engine
def test_a_fresh_clone_gets_config_in_the_type_that_is_required(fresh: Any) -> None:
    assert fresh["errors"] == []
    assert fresh["well"]


@pytest.mark.engine
def test_what_is_made_up_is_listed_and_no_secret_of_it_shown(fresh: Any) -> None:
    assert fresh["filled_in"] == {
        "aws:region": "us-east-2",
        "shop:size": "3",
        "shop:owner": "made-up-owner",
        "shop:loud": "false",
        "shop:count": "2",
        "shop:share": "2",
        "shop:tags": "{}",
        "shop:vpcCidr": fresh["filled_in"]["shop:vpcCidr"],
        "shop:token": "(a secret)",
        "shop:password": "(a secret)",
    }
    ipaddress.ip_network(fresh["filled_in"]["shop:vpcCidr"])


@pytest.mark.engine
def test_a_made_up_secret_is_looked_for(fresh: Any) -> None:
    assert fresh["leaks"]["canaries"] == 2


@pytest.mark.engine
def test_a_secret_that_is_read_as_if_it_were_none_is_found_and_the_way_out_said(
    tmp_path: Path,
) -> None:
    reads = "import pulumi\npulumi.export('at', pulumi.Config().require('password'))\n"
    folder = project(tmp_path, "", **{"__main__.py": reads, "Pulumi.yaml": SETTINGS})
    said = run("rehearse", str(folder), "--json")
    [report] = said.report["rehearsals"]
    assert said.code == 1
    [note] = [note for note in report["notes"] if "is no longer secret" in note]
    assert note.endswith("Seen in plain text: shop:password.")


@pytest.mark.engine
def test_what_a_stack_with_a_file_lacks_is_missing(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        "",
        **{
            "__main__.py": REQUIRES,
            "Pulumi.yaml": SETTINGS,
            "Pulumi.dev.yaml": "config: {shop:owner: me}\n",
        },
    )
    said = run("rehearse", str(folder))

    assert said.code == 1
    assert "Missing required configuration variable 'shop:size'" in said.out
    assert "--config shop:size=VALUE" in said.out
    assert "made up" not in said.out


# Outputs of other stacks ------------------------------------------------------------------------

REFERS = """
    import pulumi
    org, stack = pulumi.get_organization(), pulumi.get_stack()
    network = pulumi.StackReference(f"{org}/network/{stack}")
    shared = pulumi.StackReference("ours", stack_name="acme/shared/prod")
    async def details():
        found = await shared.get_output_details("token")
        return found.secret_value[:6]
    bucket = pulumi.Output.concat("b-", network.get_output("vpcId"))
    pulumi.export("vpc", bucket)
    pulumi.export("first", network.require_output("subnetIds")[0])
    pulumi.export("token", shared.get_output("token"))
    pulumi.export("absent", network.get_output("absent"))
    pulumi.export("start", pulumi.Output.from_input(details()))
"""
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "acme/network/dev": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "absent": None},
    "acme/shared/prod": {"token": SecretValue("made up, and secret")},
}
EXPECTED = {
    "vpc": "b-vpc-1",
    "first": "subnet-1",
    "token": SecretValue("made up, and secret"),
    "start": "made u",
}


@pytest.mark.engine
def test_stack_references_read_what_is_given_in_a_rehearsal(tmp_path: Path) -> None:
    folder = project(tmp_path, REFERS)
    with Rehearsal(directory=folder, stack_outputs=GIVEN) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        found = rehearsal.outputs
        assert {name: found.get(name) for name in EXPECTED} == EXPECTED
        assert rehearsal.up().changes == []
        assert "made up, and secret" in [canary.value for canary in rehearsal.canaries]
        rehearsal.assert_no_leak()
        fork = rehearsal.fork()
        assert fork.up().changes == []


def program_of(text: str) -> Callable[[], None]:
    return lambda: exec(dedent(text), {})  # noqa: S102 (the same program as in the folder)


def test_stack_references_read_what_is_given_in_a_recording() -> None:
    recording = Recording("shop", "dev", stack_outputs=GIVEN)
    recording.run(program_of(REFERS))
    assert {name: recording.exports.get(name) for name in EXPECTED} == EXPECTED


@pytest.mark.engine
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"acme/shared/prod": {"token": "x"}},
            "the stack organization/network/dev, and its outputs were not given",
        ),
        (
            {**GIVEN, "acme/network/dev": {"vpcId": "vpc-1", "absent": None}},
            "the output subnetIds of the stack organization/network/dev, which was not given",
        ),
    ],
)
def test_an_output_that_was_not_given_is_named_with_the_way_out(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with Rehearsal(directory=project(tmp_path, REFERS), stack_outputs=given) as rehearsal:
        run = rehearsal.preview(check=False)
    assert said in run.error
    assert "stack_outputs={'organization/network/dev'" in run.error
    assert "Traceback" not in run.error

    with pytest.raises(StackOutputsError, match=re.escape(said)):
        Recording("shop", "dev", stack_outputs=given).run(program_of(REFERS))


def test_an_output_that_is_required_and_absent_is_refused_as_the_sdk_does() -> None:
    def program() -> None:
        pulumi.StackReference("acme/network/dev").require_output("absent")

    recording = Recording(stack_outputs={"acme/network/dev": {"absent": None}})
    with pytest.raises(
        StackOutputsError, match=r"requires the output absent .* read it with get_output"
    ):
        recording.run(program)


def test_the_details_of_an_output_that_was_not_given_are_refused_as_well() -> None:
    async def program() -> None:
        await pulumi.StackReference("acme/network/dev").get_output_details("vpcId")

    with pytest.raises(StackOutputsError, match="the output vpcId of the stack acme/network/dev"):
        Recording(stack_outputs={"acme/network/dev": {}}).run(program)


READS_ITSELF = """
    import pulumi
    own = pulumi.StackReference(
        f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    )
    pulumi.export("before", own.get_output("now"))
    pulumi.export("now", "one")
    pulumi.export("mark", pulumi.Output.secret("of the program"))
    pulumi.export("last_mark", own.get_output("mark"))
    """


@pytest.mark.engine
def test_a_program_reads_the_outputs_of_its_own_run_before(tmp_path: Path) -> None:
    with Rehearsal(directory=project(tmp_path, READS_ITSELF)) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        assert rehearsal.outputs.get("before") is None
        rehearsal.up()
        assert rehearsal.outputs["before"] == "one"
        assert rehearsal.outputs["last_mark"] == SecretValue("of the program")

    recording = Recording("shop", "dev")
    recording.run(program_of(READS_ITSELF))
    assert recording.exports.get("before") is None


@pytest.mark.engine
def test_nothing_has_to_be_given_of_the_stack_itself(tmp_path: Path) -> None:
    said = run("rehearse", str(project(tmp_path, READS_ITSELF)))
    assert said.code == 0, said.out + said.err


@pytest.mark.engine
def test_a_command_is_told_all_outputs_that_are_missing_at_once(tmp_path: Path) -> None:
    said = run("rehearse", str(project(tmp_path, REFERS)))

    assert said.code == 2
    assert "organization/network/dev (vpcId, subnetIds, absent)" in said.err
    assert "--stack-output acme/shared/prod:token=VALUE" in said.err
    assert "Traceback" not in said.err


@pytest.mark.engine
def test_outputs_are_given_by_options_and_by_a_file(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", REFERS)
    file = tmp_path / "outputs.yaml"
    file.write_text("acme/network/dev: {subnetIds: [subnet-1], absent: null}\n", encoding="utf-8")
    said = run(
        *("rehearse", str(folder), "--json", "--stack-outputs", str(file)),
        *("--stack-output", "acme/network/dev:vpcId=vpc-1"),
        *("--stack-secret", "acme/shared/prod:token"),
    )
    # The program shows the first letters of the secret in plain text: too few to be looked for.
    assert said.code == 0, said.out + said.err
    [report] = said.report["rehearsals"]
    assert report["leaks"]["canaries"] == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vpc-1", "vpc-1"),
        ("0123", "0123"),
        ("1e5", "1e5"),
        ("5432", 5432),
        ('"5432"', "5432"),
        ("null", None),
        ('["a=b", 1]', ["a=b", 1]),
        ("[not json", "[not json"),
        ("a:b=c", "a:b=c"),
    ],
)
def test_an_output_is_json_where_it_reads_as_such(text: str, value: object) -> None:
    assert parsed([f"acme/network/prod:id={text}"]) == {"acme/network/prod": {"id": value}}


def test_a_file_marks_a_secret_output_as_esc_does(tmp_path: Path) -> None:
    file = tmp_path / "outputs.yaml"
    file.write_text(
        "a/b/c: {one: {fn::secret: made up}, two: {fn::secret: null}}\n", encoding="utf-8"
    )
    [outputs] = parsed([], file=file).values()
    assert outputs["one"] == SecretValue("made up")
    assert outputs["two"].value.startswith("canary-")


@pytest.mark.parametrize("text", ["password=hunter2", "hunter2", "a/b/c:name"])
def test_what_is_no_output_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(StackOutputsError, match="must be STACK:NAME=VALUE") as refused:
        parsed([text])
    assert "hunter2" not in str(refused.value)


# A cluster --------------------------------------------------------------------------------------

MANIFESTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: GENERATION}
data: {a: b}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: GENERATION, namespace: default}
  spec: {type: LoadBalancer, ports: [{port: 80}], selector: {a: b}}
"""
CLUSTER = """
    import pulumi
    import pathlib
    import pulumi_kubernetes as k8s
    first = k8s.yaml.ConfigFile("first", file="first.yaml")
    service = first.get_resource("v1/Service", "first", "default")
    pulumi.export("ip", service.status.apply(lambda status: status.load_balancer.ingress[0].ip))
    text = pathlib.Path("first.yaml").read_text().replace("first", "second")
    second = k8s.yaml.v2.ConfigGroup("second", yaml=text)
    pulumi.export("count", second.resources.apply(len))
    third = k8s.yaml.v2.ConfigFile("third", file="third.yaml")
    chart = k8s.helm.v3.Chart("chart", k8s.helm.v3.ChartOpts(chart="nginx"))
    k8s.helm.v4.Chart("charted", chart="nginx")
    release = k8s.helm.v3.Release("release", chart="nginx", version="1.0.0", values={"a": 1})
    pulumi.export("release", release.status.name)
"""


@pytest.mark.engine
def test_manifests_in_texts_and_files_become_objects_of_the_cluster(tmp_path: Path) -> None:
    files = {
        f"app/{name}.yaml": MANIFESTS.replace("GENERATION", name) for name in ("first", "third")
    }
    folder = project(tmp_path, CLUSTER, **files)
    with Rehearsal(directory=folder) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        assert rehearsal.kubernetes.names("ConfigMap") == ["first", "second", "third"]
        outputs = rehearsal.outputs
        assert ipaddress.ip_address(outputs["ip"]) in ipaddress.ip_network("203.0.113.0/24")
        assert outputs["count"] == 2
        assert outputs["release"].startswith("release")
        assert rehearsal.preview().changes == []
        assert rehearsal.up().changes == []
        [note] = limits_of(rehearsal.requests)
        assert (
            note
            == "Helm charts are not rendered: what they would make is not there (charted, release)."
        )
        rehearsal.destroy()
        assert rehearsal.kubernetes.names("ConfigMap") == []


# Resources that would act on the world ----------------------------------------------------------

DYNAMIC = """
    import pathlib
    import pulumi
    from pulumi.dynamic import CreateResult, Resource, ResourceProvider

    class Rows(ResourceProvider):
        def create(self, props):
            pathlib.Path(props["touched"]).write_text("created")
            return CreateResult("1", {**props, "rows": 1})

    class Table(Resource):
        rows: pulumi.Output[int]
        host: pulumi.Output[str]
        def __init__(self, name, columns, opts=None):
            touched = str(pathlib.Path("touched").absolute())
            props = {"columns": columns, "touched": touched, "rows": None, "host": None}
            super().__init__(Rows(), name, props, opts)

    table = Table("orders", ["id"])
    pulumi.export("next", table.rows.apply(lambda rows: rows + 1))
    pulumi.export("columns", table.columns[0])
    pulumi.export("id", table.id)
    pulumi.export("host", table.host.apply(lambda host: host.upper()))
"""


@pytest.mark.engine
def test_a_dynamic_provider_is_not_run_and_what_it_declares_is_made_up(tmp_path: Path) -> None:
    folder = project(tmp_path, DYNAMIC)
    with Rehearsal(directory=folder) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        outputs = rehearsal.outputs
        assert rehearsal.preview().changes == []
        assert rehearsal.up().changes == []
        [note] = limits_of(rehearsal.requests)
        rehearsal.destroy()
    assert outputs["next"] >= 1
    assert outputs["columns"] == "id"
    assert outputs["id"]
    assert outputs["host"] == outputs["host"].upper()
    assert note.startswith("Dynamic providers are not run")
    assert "orders" in note
    assert not (folder / "app" / "touched").exists()


def test_a_recording_knows_what_a_dynamic_resource_declares() -> None:
    recording = Recording()
    recording.run(program_of(DYNAMIC))
    assert recording.exports["next"] >= 1


# What is generated ------------------------------------------------------------------------------


class Generated(pulumi.CustomResource):
    """A resource of a package whose SDK is not installed here."""

    def __init__(self, kind: str, name: str, outputs: tuple[str, ...], **inputs: Any) -> None:
        package = "tls" if kind in {"PrivateKey", "SelfSignedCert"} else "random"
        token = f"{package}:index/{kind[0].lower()}{kind[1:]}:{kind}"
        super().__init__(token, name, {**inputs, **dict.fromkeys(outputs)})


def generating() -> None:
    password: Any = Generated(
        "RandomPassword",
        "password",
        ("result",),
        length=24,
        overrideSpecial="_",
        minSpecial=3,
        minNumeric=2,
    )
    word: Any = Generated("RandomString", "word", ("result",), length=6, special=False, upper=False)
    number: Any = Generated("RandomInteger", "number", ("result",), min=5, max=7)
    hexadecimal: Any = Generated("RandomId", "id", ("hex",), byteLength=4)
    shuffled: Any = Generated(
        "RandomShuffle", "s", ("results",), inputs=["a", "b", "c"], resultCount=2
    )
    pet = Generated("RandomPet", "pet", (), length=3, prefix="app")
    names = ("publicKeyOpenssh", "privateKeyPem")
    rsa: Any = Generated("PrivateKey", "rsa", names, algorithm="RSA", rsaBits=4096)
    small: Any = Generated("PrivateKey", "small", names, algorithm="ED25519")
    exported = {
        "password": password.result,
        "word": word.result,
        "number": number.result,
        "hex": hexadecimal.hex,
        "shuffled": shuffled.results,
        "pet": pet.id,
        "rsa": rsa.publicKeyOpenssh,
        "ed25519": small.publicKeyOpenssh,
        "private": rsa.privateKeyPem,
    }
    for name, output in exported.items():
        pulumi.export(name, output)


@pytest.fixture(scope="module")
def generated() -> dict[str, Any]:
    with Rehearsal(generating, packages=["random", "tls"]) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        assert rehearsal.preview().changes == []
        assert rehearsal.up().changes == []
        return rehearsal.outputs


@pytest.mark.engine
def test_what_is_generated_has_the_form_that_was_asked_for(generated: dict[str, Any]) -> None:
    password = generated["password"].value
    assert re.fullmatch(r"[A-Za-z0-9_]{24}", password)
    assert password.count("_") >= 3
    assert sum(map(str.isdigit, password)) >= 2
    assert re.fullmatch(r"[a-z0-9]{6}", generated["word"])
    assert 5 <= generated["number"] <= 7
    assert re.fullmatch(r"[0-9a-f]{8}", generated["hex"])
    assert len(set(generated["shuffled"]) & {"a", "b", "c"}) == 2
    assert re.fullmatch(r"app-[a-z]+-[a-z]+-[a-z]+", generated["pet"])


def fields(public_key: str) -> list[bytes]:
    """Take a public key apart as SSH does (RFC 4253, section 6.6)."""
    kind, blob = public_key.split()
    raw, found = base64.b64decode(blob), []
    while raw:
        size = int.from_bytes(raw[:4])
        found.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    assert found[0].decode() == kind
    return found


@pytest.mark.engine
def test_a_key_is_one_that_ssh_takes_for_its_kind(generated: dict[str, Any]) -> None:
    _, exponent, modulus = fields(generated["rsa"])
    assert int.from_bytes(exponent) == 65537
    assert int.from_bytes(modulus).bit_length() == 4096
    [_, point] = fields(generated["ed25519"])
    assert len(point) == 32


@pytest.mark.engine
def test_what_is_secret_is_marked_and_everything_is_the_same_at_every_run(
    generated: dict[str, Any],
) -> None:
    assert isinstance(generated["private"], SecretValue)
    assert "-----BEGIN RSA PRIVATE KEY-----" in generated["private"].value
    with Rehearsal(generating, packages=["random", "tls"]) as again:
        again.up()
        assert again.outputs == generated


def test_a_recording_generates_too() -> None:
    recording = Recording()
    recording.run(generating)
    assert re.fullmatch(r"[A-Za-z0-9_]{24}", recording.exports["password"].value)
    assert re.fullmatch(r"app-[a-z]+-[a-z]+-[a-z]+", recording.exports["pet"])


@pytest.mark.engine
def test_another_input_makes_another() -> None:
    with Rehearsal(
        lambda: Generated("RandomString", "word", ("result",), length=6), packages=["random"]
    ) as rehearsal:
        rehearsal.up()
        rehearsal.program = lambda: Generated("RandomString", "word", ("result",), length=7)
        assert [step.op for step in rehearsal.up().changes] == [
            "create-replacement",
            "replace",
            "delete-replaced",
        ]


# Components of another process ------------------------------------------------------------------

SDK = '''
    """A generated SDK, as short as it can be: a component with a resource in it, and a method."""
    import pulumi

    class Lid(pulumi.CustomResource):
        pulumi_type = "boxes:index:Lid"
        def __init__(self, name, opts=None):
            super().__init__(self.pulumi_type, name, {"color": None}, opts)
        @property
        @pulumi.getter
        def color(self) -> pulumi.Output[str]: return pulumi.get(self, "color")

    class Box(pulumi.ComponentResource):
        pulumi_type = "boxes:index:Box"
        def __init__(self, name, size, opts=None):
            outputs = {"lid": None, "lids": None, "lidId": None, "label": None}
            super().__init__(self.pulumi_type, name, {"size": size, **outputs}, opts, remote=True)
        @property
        @pulumi.getter
        def lid(self) -> pulumi.Output[Lid]: return pulumi.get(self, "lid")
        @property
        @pulumi.getter(name="lidId")
        def lid_id(self) -> pulumi.Output[str]: return pulumi.get(self, "lidId")
        @property
        @pulumi.getter
        def label(self) -> pulumi.Output[str]: return pulumi.get(self, "label")
        @pulumi.output_type
        class WeighResult:
            def __init__(self, grams): pulumi.set(self, "grams", grams)
            @property
            @pulumi.getter
            def grams(self) -> int: return pulumi.get(self, "grams")
        def weigh(self):
            arguments = {"__self__": self}
            return pulumi.runtime.call("boxes:index:Box/weigh", arguments, self, Box.WeighResult)

    class Module(pulumi.runtime.ResourceModule):
        mod_info = {
            "fqn": "pulumi_boxes",
            "classes": {"boxes:index:Lid": "Lid", "boxes:index:Box": "Box"},
        }
        def version(self): return None
        def construct(self, name, typ, urn): return Lid(name, pulumi.ResourceOptions(urn=urn))

    pulumi.runtime.register_resource_module("boxes", "index", Module())
'''
PACKS = """
    import pulumi
    from pulumi_boxes import Box
    box = Box("box", 2)
    Box("other", pulumi.Output.concat(box.label, box.lid.color))
    same = pulumi.Output.all(box.lid.apply(lambda lid: lid.id), box.lid_id)
    def check(ids):
        assert ids[0] == ids[1], ids
        return ids[0]
    pulumi.export("id", same.apply(check))
    pulumi.export("grams", box.weigh().grams.apply(lambda grams: grams + 1))
    pulumi.export("color", box.lid.color.apply(str.upper))
"""


@pytest.mark.engine
def test_a_component_of_another_process_and_its_methods_answer(tmp_path: Path) -> None:
    sdk = tmp_path / "sdk"
    texts = {
        "pulumi_boxes/__init__.py": dedent(SDK),
        "pulumi_boxes/pulumi-plugin.json": '{"resource": true, "name": "boxes", "version": "1.0.0"}',
        "pulumi_boxes-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pulumi_boxes\nVersion: 1.0\n",
        "pulumi_boxes-1.0.dist-info/RECORD": "pulumi_boxes/pulumi-plugin.json,,\n",
    }
    for name, text in texts.items():
        (sdk / name).parent.mkdir(parents=True, exist_ok=True)
        (sdk / name).write_text(text, encoding="utf-8")
    paths = os.pathsep.join([str(sdk), *filter(None, [os.environ.get("PYTHONPATH")])])
    folder = project(tmp_path / "shop", PACKS)
    said = run("rehearse", str(folder), "--json", environment={"PYTHONPATH": paths})

    assert said.code == 0, said.out + said.err
    [report] = said.report["rehearsals"]
    assert "boxes:index:Box" in report["echoed"]
    assert "boxes:index:Box/weigh" in report["echoed"]


# What is no program for a rehearsal, and what it must not reach ------------------------------------


def test_a_program_that_drives_pulumi_itself_is_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "driver"
    folder.mkdir()
    (folder / "main.py").write_text("from pulumi import automation as auto\n", encoding="utf-8")
    said = run("rehearse", str(folder))
    assert said.code == 2
    assert "runs Pulumi itself, through the Automation API" in said.err


@pytest.mark.engine
def test_a_package_without_an_sdk_is_echoed_and_made_up_files_are_there(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
        import os, pathlib
        import pulumi
        config = pulumi.Config()
        key = pathlib.Path(config.require("publicKeyPath")).read_text()
        assert key.startswith("ssh-rsa "), key
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "KUBECONFIG"):
            assert os.environ[name] == os.devnull
        class Thing(pulumi.CustomResource):
            def __init__(self, name, opts=None):
                super().__init__("nobodys:index:Thing", name, {"key": key}, opts)
        provider = pulumi.ProviderResource("others", "explicit", {"host": "h"})
        Thing("thing")
        """,
    )
    said = run("rehearse", str(folder), "--json")
    assert said.code == 0, said.out + said.err
    [report] = said.report["rehearsals"]
    assert report["echoed"] == ["nobodys:index:Thing"]


@pytest.mark.engine
def test_a_program_for_an_older_sdk_is_told_so(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        "",
        **{
            "__main__.py": "import pulumi_aws.of_long_ago\n",
            "Pulumi.yaml": "name: shop\nruntime: python\n",
            "requirements.txt": "pulumi-aws>=5.0.0,<6.0.0  # old\npulumi>=3.0.0,<4.0.0\nboto==1\n",
        },
    )
    said = run("rehearse", str(folder), "--json")
    assert said.code == 1
    [report] = said.report["rehearsals"]
    [note] = [note for note in report["notes"] if "requirements.txt" in note]
    assert "uses: pulumi-aws>=5.0.0,<6.0.0 (" in note
    assert "boto" not in note
    assert any("has no pulumi_aws.of_long_ago" in note for note in report["notes"])


@pytest.mark.engine
@pytest.mark.parametrize(
    ("program", "note"),
    [
        ("import google.nobodys", "The program ran in this command's own Python"),
        (
            "import os\nos.environ['SHOP_TOKEN']",
            "reads the environment variable SHOP_TOKEN, which is not set",
        ),
        (
            "class NoCredentialsError(Exception): pass\nraise NoCredentialsError('none')",
            "calls a cloud directly, outside Pulumi",
        ),
        ("import pulumi\nint(pulumi.Config().require('size'))", "--config shop:size=VALUE"),
    ],
)
def test_a_program_that_fails_for_want_of_something_is_told_the_way_out(
    tmp_path: Path, program: str, note: str
) -> None:
    said = run("rehearse", str(project(tmp_path, program)), "--json")
    [report] = said.report["rehearsals"]
    assert [each for each in report["notes"] if note in each], report
    assert not [each for each in report["notes"] if "installed here and has no" in each]


@pytest.mark.parametrize(
    ("asked", "is_unmet"),
    [
        *((text, True) for text in ("<6", "<=6.9.9", "==6.1.0", "~=6.0")),
        *((text, False) for text in ("<7.8", "~=7.0", ">=9", "!=7.7.1", "==7.7.1", "")),
    ],
)
def test_only_what_is_beyond_a_bound_is_unmet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, is_unmet: bool
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "7.7.1")
    (tmp_path / "requirements.txt").write_text(f"pulumi_aws{asked}\n", encoding="utf-8")
    assert bool([*unmet(tmp_path)]) is is_unmet


@pytest.mark.engine
def test_a_program_may_load_what_googles_own_libraries_load(tmp_path: Path) -> None:
    """Two definitions of one protobuf message in a process are an error, and Pulumi's SDK has some of Google's."""
    folder = project(
        tmp_path,
        """
        import sys
        assert "pulumi.runtime.proto.status_pb2" not in sys.modules
        """,
    )
    said = run("rehearse", str(folder))
    assert said.code == 0, said.out + said.err
