"""Every example of every page is rehearsed, and none is left out in silence.

What a fence holds is seen from its text. A Python program runs as `infra-secrets rehearse` runs it (the real
engine over simulated clouds: preview, up, an operator's values, up again without a change, destroy), in a project
`shop` and a stack `production`, as docs/README.md says; a test is run by pytest; an environment is opened, a stack
file is read by the engine, and a command is held to the command line that it names. A program that follows the
word "Before" is what a page moves away from: the next one is rehearsed on top of it. Whatever else there is stands
in `ELSEWHERE`, with what checks it.
"""

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from infra_secrets import clouds
from infra_secrets.cli import main
from infra_secrets.clouds.misspelt import misspelt
from infra_secrets.testing import Recording, Rehearsal, ordinary_config
from infra_secrets.testing.program.stack_outputs import parsed
from tests.conftest import PATIENCE, ROOT
from tests.test_documentation import SHELLS, Block, Page, commands, pages

Fence = tuple[Page, Block]
SECRETS = {
    "api_token": "made-up-token",
    "postgres_url": "postgresql://shop:made-up@db.example.com/shop",
    "sentry_dsn": "https://made-up@errors.example.com/1",
    "ssh_private_key": "-----BEGIN PRIVATE KEY-----\nbWFkZSB1cA==\n-----END PRIVATE KEY-----\n",
}
ESC = {
    "shop/production": {
        "values": {
            "pulumiConfig": {f"shop:{key}": {"fn::secret": text} for key, text in SECRETS.items()}
        }
    }
}

ELSEWHERE: Mapping[str, str] = {
    "a policy or role": "test_documentation.py: it is read, and what it allows is looked at",
    "what a command prints": "test_examples.py compares every error of the package with the one that comes",
    "a program in YAML": "test_examples.py runs it through the plugin",
    "an application": "runtime/test_page.py runs it",
}
"""What is not rehearsed here, by kind, and what checks it."""

NOT_HERE: Mapping[str, str] = {
    "aws": "a cloud's own command line, which needs an account",
    "az": "the same",
    "gcloud": "the same",
    "kubectl": "needs a cluster",
    "op": "1Password's command line, which needs an account",
    "make": "test_documentation.py holds it to the Makefile",
    "git": "not ours",
    "python3": "tests/languages runs them in a fresh clone, word for word",
    "venv/bin/python": "the same",
    "$plugin/venv/bin/python": "in the environment of a plugin that the engine has cloned",
    **dict.fromkeys(
        (
            "cat",
            "cd",
            "date",
            "echo",
            "grep",
            "printf",
            "read",
            "rm",
            "sed",
            "sh",
            "sha256sum",
            "tr",
        ),
        "the shell's, or of every system",
    ),
}
"""Commands that are not looked at here, each with the reason."""


def fences() -> dict[str, Fence]:
    return {
        f"{page.path}:{block.line}": (page, block) for page in pages() for block in page.blocks()
    }


def kind(block: Block) -> str:  # noqa: PLR0911 (one for each kind)
    """Say what a fence holds; a word in brackets is what nothing here knows."""
    text = block.text
    if block.language == "python":
        if re.search(r"(?m)^def test_", text):
            return "a test"
        loads = "infra_secrets.runtime" in text and "from infra_secrets import" not in text
        return "an application" if loads else "a program"
    if block.language in SHELLS:
        return "commands"
    if block.language == "yaml":
        keys = set(yaml.safe_load(text))
        if "runtime" in keys:
            return "a program in YAML"
        if "values" in keys:
            return "an environment"
        if keys <= {"environment", "config"}:
            return "a stack file"
        if all(each.count("/") == 2 for each in keys):
            return "outputs of other stacks"
        return "a policy or role" if "includedPermissions" in keys else "[yaml]"
    if block.language == "json":
        return "a policy or role"
    return "what a command prints" if block.language == "text" else f"[{block.language}]"


ALL = fences()
REHEARSED = (
    "a test",
    "a program",
    "commands",
    "an environment",
    "a stack file",
    "outputs of other stacks",
)


def of(*kinds: str) -> dict[str, Fence]:
    return {where: fence for where, fence in ALL.items() if kind(fence[1]) in kinds}


def left_out(found: Mapping[str, Fence]) -> dict[str, str]:
    """Name the fences that nothing rehearses, each with its kind."""
    kinds = {where: kind(block) for where, (_, block) in found.items()}
    return {where: what for where, what in kinds.items() if what not in {*REHEARSED, *ELSEWHERE}}


def test_every_fence_is_rehearsed_or_named_with_its_reason() -> None:
    assert left_out(ALL) == {}


@pytest.mark.parametrize("language", ["toml", "yaml"])
def test_a_fence_that_nothing_rehearses_is_found(language: str) -> None:
    fence = Page("docs/new.md", ""), Block(7, language, "a: 1")
    assert left_out({"docs/new.md:7": fence}) == {"docs/new.md:7": f"[{language}]"}


def test_no_kind_and_no_command_is_named_that_no_page_has() -> None:
    kinds = {kind(block) for _, block in ALL.values()}
    used = {words[0] for page in pages() for _, words in run_in(page)}
    said = {text for page in pages() for text in page.inline_code()}

    assert [each for each in ELSEWHERE if each not in kinds] == []
    assert [each for each in NOT_HERE if each not in used] == []
    assert [each for each in WRONG_ON_PURPOSE if each not in said] == []


# Programs ----------------------------------------------------------------------------------------


def before(page: Page, block: Block) -> str:
    """Return the paragraph before a fence."""
    above = "\n".join(page.text.splitlines()[: block.line - 1])
    return above.rstrip().rpartition("\n\n")[2].strip()


def is_old(fence: Fence) -> bool:
    return before(*fence).startswith("Before")


def cloud_of(page: Page) -> str:
    """Return the cloud that a page is about; AWS for the others."""
    return stem if (stem := Path(page.path).stem) in clouds.available() else "aws"


def makes(block: Block) -> set[tuple[str, str]]:
    """Find what a program makes: classes and logical names."""
    return {
        (ast.unparse(node.func), str(node.args[0].value))
        for node in ast.walk(ast.parse(block.text))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    }


def of_constructed() -> list[str]:
    """List programs with what the real provider constructs, and no simulated one does: YAML files and charts."""
    return [
        where
        for where, (_, block) in of("a program").items()
        if re.search(r"kubernetes\.(yaml\.v2|helm\.v4)\.", block.text)
    ]


def batches() -> dict[str, list[tuple[str, Fence]]]:
    """Put programs of a page together that can be parts of one, because a rehearsal takes seconds."""
    found: list[list[tuple[str, Fence]]] = []
    for where, fence in of("a program").items():
        if is_old(fence) or where in of_constructed():
            continue
        for batch in found:
            taken = {each for _, (_, block) in batch for each in makes(block)}
            if batch[0][1][0] == fence[0] and not taken & makes(fence[1]):
                batch.append((where, fence))
                break
        else:
            found.append([(where, fence)])
    return {
        f"{batch[0][1][0].path}:{'+'.join(str(block.line) for _, (_, block) in batch)}": batch
        for batch in found
    }


def write_project(folder: Path, batch: Sequence[tuple[str, Fence]], cloud: str) -> None:
    """Write a project whose programs have, in an error, the lines that they have on their page."""
    places = [*map(ordinary_config, clouds.available()), {"infra-secrets:cloud": cloud}]
    config = {key: text for place in places for key, text in place.items()}
    stack = {"environment": ["shop/production"], "config": config}
    names = []
    for where, (_, block) in batch:
        names.append(f"{where.replace('/', '-').replace(':', '-line-')}.py")
        (folder / names[-1]).write_text("\n" * block.line + block.text + "\n", encoding="utf-8")
    run = "\n".join(f"runpy.run_path({name!r})" for name in names)
    (folder / "__main__.py").write_text(f"import runpy\n\n{run}\n", encoding="utf-8")
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")
    (folder / "Pulumi.production.yaml").write_text(yaml.safe_dump(stack), encoding="utf-8")


def rehearsed(
    capsys: pytest.CaptureFixture[str], folder: Path, *options: str
) -> tuple[int | str | None, Any, str]:
    """Run `infra-secrets rehearse` here; return its exit code, report and progress."""
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", str(folder), "--json", *options])
    said = capsys.readouterr()
    return ended.value.code, json.loads(said.out or "null"), said.err


def as_function(fence: Fence) -> Callable[[], None]:
    page, block = fence
    code = compile("\n" * block.line + block.text, page.path, "exec")
    return lambda: exec(code, {"__name__": "__main__"})  # noqa: S102 (our own pages)


@pytest.mark.engine
@pytest.mark.parametrize("batch", batches())
def test_a_program_is_well_when_it_is_rehearsed(
    batch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = batches()[batch]
    page = programs[0][1][0]
    write_project(tmp_path, programs, cloud_of(page))

    code, report, progress = rehearsed(capsys, tmp_path)

    [verdict] = report["rehearsals"]
    assert verdict["problems"] == [], "\n".join(
        [*verdict["problems"], *verdict["errors"], progress]
    )
    assert code == 0
    assert "created" in {step["title"]: step["outcome"] for step in verdict["steps"]}["up"]


@pytest.mark.parametrize("where", of_constructed())
def test_what_only_a_real_provider_constructs_is_recorded(where: str) -> None:
    recording = Recording(project="shop", stack="production", esc=ESC)
    recording.run(as_function(ALL[where]))

    assert recording.registrations


@pytest.mark.engine
def test_a_program_that_is_not_well_is_named_by_its_page_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Page("docs/aws.md", "")
    text = "import pulumi\n\nraise RuntimeError"
    write_project(tmp_path, [("docs/aws.md:7", (page, Block(7, "python", text)))], "aws")

    code, report, _ = rehearsed(capsys, tmp_path)

    [verdict] = report["rehearsals"]
    assert code == 1
    assert verdict["problems"] == ["`pulumi preview` failed."]
    assert 'docs-aws.md-line-7.py", line 10' in "".join(verdict["errors"])


# Moves -------------------------------------------------------------------------------------------


def moves() -> dict[str, tuple[Fence, Fence]]:
    """Pair every program that a page moves away from with the next one on it."""
    programs = list(of("a program").items())
    return {
        f"{where}, {later}": (fence, next_)
        for (where, fence), (later, next_) in pairwise(programs)
        if is_old(fence) and fence[0].path == next_[0].path
    }


def take_out_values(deployment: dict[str, Any]) -> None:
    """`pulumi state delete` of each resource that holds a value, as the page about moving says."""
    deployment["resources"] = [
        each for each in deployment["resources"] if "SecretVersion" not in each["type"]
    ]


@pytest.mark.engine
@pytest.mark.parametrize("move", moves())
def test_a_move_as_a_page_shows_it_loses_no_value_and_then_changes_nothing(move: str) -> None:
    old, new = moves()[move]
    with Rehearsal(
        as_function(old),
        project="shop",
        stack="production",
        config=ordinary_config(cloud_of(old[0])),
        secrets=SECRETS,
    ) as rehearsal:
        rehearsal.up()
        values = {name: rehearsal.aws.value(name) for name in rehearsal.aws.names()}
        rehearsal.edit_state(take_out_values)
        rehearsal.program = as_function(new)
        rehearsal.up()
        again = rehearsal.up()

        assert {name: rehearsal.aws.value(name) for name in rehearsal.aws.names()} == values
        assert again.changes == []


def test_nothing_but_a_move_begins_with_before() -> None:
    old = [where for where, fence in of("a program").items() if is_old(fence)]
    assert sorted(old) == sorted(pair.partition(", ")[0] for pair in moves())


# Tests that pages show ---------------------------------------------------------------------------


@pytest.mark.engine
def test_the_tests_that_pages_show_pass(tmp_path: Path) -> None:
    for where, (_, block) in of("a test").items():
        name = f"test_{re.sub(r'[^a-z0-9]', '_', where.lower())}.py"
        (tmp_path / name).write_text("\n" * block.line + block.text + "\n", encoding="utf-8")
    options = ["-q", "-rA", "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir=."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "."],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") >= len(of("a test"))


# Environments and stack files --------------------------------------------------------------------


@pytest.mark.parametrize("where", of("an environment"))
def test_an_environment_opens_and_gives_every_key(where: str) -> None:
    page, block = ALL[where]
    definition = yaml.safe_load(block.text)
    document = json.dumps({"SENTRY_DSN": SECRETS["sentry_dsn"]})
    recording = Recording(
        project="nlp",
        stack="production",
        config=ordinary_config(cloud_of(page)),
        esc={"nlp/production": definition},
        opened={"aws-secrets": {"nlp/production": document}},
    )
    got: dict[str, Any] = {}

    def program() -> None:
        for key in definition["values"]["pulumiConfig"]:
            got[key] = pulumi.Config(key.partition(":")[0]).get(key.partition(":")[2])

    recording.run(program)

    assert got
    assert [key for key, value in got.items() if not value] == []


@pytest.mark.engine
@pytest.mark.parametrize("where", of("a stack file"))
def test_a_stack_file_is_read_by_the_engine(where: str, tmp_path: Path) -> None:
    _, block = ALL[where]
    said = yaml.safe_load(block.text)
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")
    (tmp_path / "Pulumi.production.yaml").write_text(block.text, encoding="utf-8")
    (tmp_path / "__main__.py").write_text(
        "import pulumi\n\nfor key in pulumi.runtime.config.CONFIG.get():\n    pulumi.export(key, 'is there')\n",
        encoding="utf-8",
    )
    esc = dict.fromkeys(said.get("environment", []), ESC["shop/production"])

    with Rehearsal(directory=tmp_path, stack="production", esc=esc or None) as rehearsal:
        rehearsal.up()

        assert set(said.get("config", {})) <= set(rehearsal.outputs)
        assert not esc or "shop:api_token" in rehearsal.outputs


@pytest.mark.parametrize("where", of("outputs of other stacks"))
def test_every_output_of_another_stack_is_read(where: str, tmp_path: Path) -> None:
    _, block = ALL[where]
    said = yaml.safe_load(block.text)
    file = tmp_path / "outputs.yaml"
    file.write_text(block.text, encoding="utf-8")
    asked = [(stack, name) for stack, outputs in said.items() for name in outputs]

    def program() -> None:
        references = {stack: pulumi.StackReference(stack) for stack in said}
        for stack, name in asked:
            pulumi.export(f"{stack} {name}", references[stack].require_output(name))

    recording = Recording(stack_outputs=parsed([], [], file))
    recording.run(program)

    assert len(recording.exports) == len(asked)
    assert [key for key, output in recording.exports.items() if not output] == []


# Commands ----------------------------------------------------------------------------------------


def simple_commands(script: str) -> Iterator[list[str]]:
    """Split a script into its commands, without comments; what is quoted stays one word."""
    for line in re.sub(r"\\\n\s*", " ", script).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.commenters = "#"
        lexer.wordchars += "$:"  # `name=$(...)` is one word, and so is `namespace:key`
        words: list[str] = []
        for word in (*lexer, ";"):
            if set(word) <= set("();|&"):
                # What stands before a command, `IFS= read`, is for its environment.
                yield list(dropwhile(re.compile(r"\w+=").match, words))
                words = []
            else:
                words.append(word)


def inner(words: Sequence[str]) -> Iterator[list[str]]:
    """Find the commands inside of `$(...)`, which a quoted word may hold."""
    for word in words:
        for text in re.findall(r"\$\(([^()]+)\)", word):
            yield from simple_commands(text)


def run_in(page: Page) -> Iterator[tuple[str, list[str]]]:
    """Yield every command of a page's blocks, with where it stands."""
    for block in page.blocks():
        if block.language in SHELLS:
            outer = [*simple_commands(commands(block))]
            for words in (*outer, *(each for whole in outer for each in inner(whole))):
                if words:
                    yield f"{page.path}:{block.line}", words


Help = Callable[..., str]


@pytest.fixture(scope="module")
def help_of() -> Help:
    """Return what a command line says of a subcommand, and asks it once; empty where there is none."""
    return cache(asked_for_help)


def asked_for_help(*command: str) -> str:
    program = ["pulumi"]
    if command[0] == "infra-secrets":
        program = [sys.executable, "-c", "from infra_secrets.cli import main; main()"]
    done = subprocess.run(
        [*program, *command[1:], "--help"],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout if done.returncode == 0 else ""


def with_its_mark(given: str, commands: Iterable[Sequence[str]]) -> object:
    """A case of a test that asks the command lines of these commands; that of pulumi is the engine's."""
    asks = any(words and words[0] in ("pulumi", "esc") for words in commands)
    return pytest.param(given, marks=pytest.mark.engine) if asks else given


def problem(words: Sequence[str], help_of: Help) -> str | None:
    """Say what is wrong with a command of the pulumi, esc or infra-secrets command line."""
    line = [*words]
    if words[0] == "esc":  # not installed here; `pulumi env` has its subcommands, and `run` too
        line = ["pulumi", *([] if words[1] in ("env", "login") else ["env"]), *words[1:]]
    subcommand: list[str] = []
    for word in line[1:]:
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        said, further = help_of(line[0], *subcommand), help_of(line[0], *subcommand, word)
        if further in (said, ""):  # an argument, or nothing: then what has subcommands is misspelt
            if re.search(r"(?m)^[\w ]*Commands:|─ Commands ─", said):
                return f"there is no `{' '.join([line[0], *subcommand, word])}`"
            break
        subcommand.append(word)
    said = help_of(line[0], *subcommand)
    own = line[: line.index("--")] if "--" in line else line
    for word in own:
        flag = word.partition("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", flag) and not re.search(rf"{re.escape(flag)}\b", said):
            return f"`{' '.join([line[0], *subcommand])}` has no {flag}"
    if subcommand[:1] == ["config"]:  # `set-all` takes key=value
        return next(misspelt((word.partition("=")[0] for word in own if ":" in word), "shop"), None)
    return None


CHECKED = ("pulumi", "esc", "infra-secrets")
WRONG_ON_PURPOSE = ("pulumi config get key --plaintext", "esc env get ENV --format json")
"""In a sentence that says what is wrong with it."""


def in_sentences(page: Page) -> Iterator[tuple[str, list[str]]]:
    """Yield every command of a page's sentences."""
    for text in page.inline_code():
        if re.match(rf"({'|'.join(CHECKED)}) [a-z]", text) and text not in WRONG_ON_PURPOSE:
            for words in simple_commands(text):
                if words and words[0] in CHECKED:
                    yield f"{page.path}, `{text}`", words


def checked_in(page: Page) -> list[tuple[str, list[str]]]:
    return [*run_in(page), *in_sentences(page)]


@pytest.mark.parametrize(
    "path",
    [with_its_mark(page.path, (words for _, words in checked_in(page))) for page in pages()],
)
def test_every_command_of_a_page_is_one_of_its_command_line(path: str, help_of: Help) -> None:
    [page] = [each for each in pages() if each.path == path]
    found = []
    for where, words in checked_in(page):
        name = words[0]
        if name in CHECKED:
            wrong = problem(words, help_of)
        elif name == "pip":
            wrong = wrong_extras(words)
        else:
            wrong = None if name in NOT_HERE else f"nothing checks {name!r}"
        if wrong:
            found.append(f"{where}: {wrong}")
    assert found == []


def wrong_extras(words: Sequence[str]) -> str | None:
    """Say which extras of the package do not exist."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    asked = re.findall(r"[\w-]+", " ".join(re.findall(r"\[([\w,-]+)\]", " ".join(words))))
    unknown = [each for each in asked if each not in extras]
    return f"no such extras: {unknown}" if unknown or not asked else None


def commands_in(line: str) -> list[list[str]]:
    words = [*simple_commands(line)]
    return [each for each in (*words, *(other for each in words for other in inner(each))) if each]


WRONG = [
    "pulumi brew",
    "pulumi config set --strong key",
    "pulumi config set infra-secret:cloud aws",
    "pulumi config set --plaintext infra-secrets:clod aws",
    "pulumi config get infrasecrets:retention",
    "pulumi config rm infra-secrets:vault",
    "pulumi config set-all --plaintext infra-secrets:clouds=aws",
    "esc env set ENV path --secret --string --files -",
    "infra-secrets brew",
    "infra-secrets rehearse --account 1",
    'sh -c "$(pulumi stack outputs key)"',
]


@pytest.mark.parametrize("command", [with_its_mark(line, commands_in(line)) for line in WRONG])
def test_a_command_is_refused(command: str, help_of: Help) -> None:
    found = commands_in(command)
    assert [each for each in found if each[0] in CHECKED and problem(each, help_of)]


def rehearsals() -> list[str]:
    """List the commands of pages that rehearse a folder of this repository."""
    found = [
        words
        for page in pages()
        for _, words in run_in(page)
        if words[:2] == ["infra-secrets", "rehearse"]
    ]
    here = [words for words in found if len(words) > 2 and (ROOT / words[2]).is_dir()]
    return list(dict.fromkeys(map(shlex.join, here)))


@pytest.mark.engine
@pytest.mark.parametrize("command", rehearsals())
def test_a_rehearsal_that_a_page_shows_is_well(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    _, _, folder, *options = shlex.split(command)

    code, report, progress = rehearsed(capsys, Path(folder), *options)

    assert code == 0, progress
    assert report["well"] is True
