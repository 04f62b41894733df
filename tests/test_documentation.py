"""The documentation is held to the code: types, commands, config keys and links.

That its examples do what they say is in `test_pages.py`. A check takes a page and returns what is wrong with it as
sentences, so that the same checks can be fed broken pages, which shows that they can fail. Prose is not judged, and no
address outside the repository is looked up.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from infra_secrets import SecretArgs, clouds
from infra_secrets.component import settings
from infra_secrets.containers.secret import Secret
from infra_secrets.testing.recording import Recording
from tests import reference
from tests.conftest import PATIENCE, ROOT

SHELLS = ("bash", "console", "sh")
LANGUAGES = ("json", "python", "text", "toml", "yaml", *SHELLS)
LONGEST_LINE = 120
CONFIG = {
    "infra-secrets:azureVaultId": "/subscriptions/11111111-2222-3333-4444-555555555555"
    "/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/shop-production",
    "infra-secrets:azureWriterRoleId": "11111111-2222-3333-4444-666666666666",
    "aws:region": "eu-west-1",
}


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Page:
    path: str
    """Relative to the repository."""
    text: str

    def blocks(self) -> list[Block]:
        return [found for found in self._fences() if isinstance(found, Block)]

    def unclosed(self) -> list[int]:
        return [found for found in self._fences() if isinstance(found, int)]

    def _fences(self) -> Iterator[Block | int]:
        lines = iter(enumerate(self.text.splitlines(), start=1))
        for number, line in lines:
            opening = re.match(r"\s*(```+|~~~+)\s*(\S*)", line)
            if not opening:
                continue
            inside: list[str] = []
            for _, each in lines:
                if each.strip().startswith(opening[1]) and not each.strip().strip(opening[1][0]):
                    yield Block(number, opening[2], dedent("\n".join(inside)))
                    break
                inside.append(each)
            else:
                yield number

    def prose(self) -> str:
        """The page without its blocks."""
        return re.sub(r"(?ms)^\s*(```+|~~~+).*?^\s*\1[`~]*\s*$", "", self.text)

    def inline_code(self) -> list[str]:
        return re.findall(r"`([^`\n]+)`", self.prose())

    def anchors(self) -> set[str]:
        """The anchors that GitHub gives to headings."""
        found: list[str] = []
        for title in re.findall(r"(?m)^#{1,6} +(.+?) *#*$", self.prose()):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
        return set(found)


def pages() -> list[Page]:
    paths = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return [Page(str(path.relative_to(ROOT)), path.read_text()) for path in sorted(paths)]


ALL = pytest.mark.parametrize("page", pages(), ids=lambda page: page.path)


# Blocks that are data or commands ----------------------------------------------------------------


def broken_fences(page: Page) -> list[str]:
    problems = [f"line {line}: the fence is never closed" for line in page.unclosed()]
    for block in page.blocks():
        if not block.language:
            problems.append(f"line {block.line}: the fence has no language; write text for output")
        elif block.language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            problems.append(
                f"line {block.line}: nothing checks {block.language!r}; known are {known}"
            )
    return problems


def broken_data(page: Page) -> list[str]:
    readers: dict[str, Callable[[str], object]] = {
        "json": json.loads,
        "toml": tomllib.loads,
        "yaml": lambda text: list(yaml.safe_load_all(text)),
    }
    problems = []
    for block in page.blocks():
        if block.language in readers:
            try:
                readers[block.language](block.text)
            except (ValueError, yaml.YAMLError) as error:
                problems.append(f"line {block.line}: not {block.language}: {error}")
    return problems


def commands(block: Block) -> str:
    """The commands of a shell block; in a console they follow a dollar sign."""
    if block.language != "console":
        return block.text
    found, goes_on = [], False
    for line in block.text.splitlines():
        if line.startswith("$ ") or goes_on:
            found.append(line.removeprefix("$ "))
            goes_on = line.endswith("\\")
    return "\n".join(found)


def shell_blocks(page: Page) -> list[Block]:
    return [block for block in page.blocks() if block.language in SHELLS]


def broken_commands(page: Page) -> list[str]:
    problems = []
    for block in shell_blocks(page):
        script = commands(block)
        if not script.strip():
            problems.append(f"line {block.line}: a console without a command; commands follow '$ '")
        checked = subprocess.run(
            ["bash", "-n"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if checked.returncode:
            problems.append(f"line {block.line}: bash cannot read it: {checked.stderr.strip()}")
    return problems


def values_in_arguments(page: Page) -> list[str]:
    """Commands that would show a secret value in `ps` or print it."""
    bad = {
        r"--secret-string(?!\s+file:///dev/stdin)": "--secret-string without file:///dev/stdin",
        r"keyvault secret set\b(?!.*(--output|-o) none)": "az prints the value; add --output none",
        r"keyvault secret set\b.*--value": "az with --value; use --file /dev/stdin",
        r"--data-file[= ](?!-)": "--data-file with a file; use standard input",
        r"config set (\S+ )*--secret( \S+){2}": "pulumi with a secret value; it asks for one",
        r"esc env set\b(?!.*--file -)": "esc env set without --file -",
    }
    found = []
    for block in shell_blocks(page):
        for line in re.sub(r"\\\n\s*", "", commands(block)).splitlines():
            found += [
                f"line {block.line}: {why}"
                for pattern, why in bad.items()
                if re.search(pattern, line)
            ]
    return found


# Names of things that must exist -----------------------------------------------------------------


def command_lines(page: Page) -> list[str]:
    """Every command that the page shows, in a block or in a sentence, one a line."""
    blocks = [line for block in shell_blocks(page) for line in commands(block).splitlines()]
    parts = [
        part
        for line in [*blocks, *page.inline_code()]
        for part in re.split(r"&&|\|\|?|;|\$\(", line)
    ]
    return [part.strip() for part in parts]


@cache
def make_targets() -> frozenset[str]:
    return frozenset(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text()))


def unknown_targets(page: Page) -> list[str]:
    named = [
        match[1]
        for line in command_lines(page)
        if (match := re.match(r"make\s+([a-z][a-z-]*)\b(?!=)", line))
    ]
    return [
        f"`make {target}` is no target of the Makefile"
        for target in named
        if target not in make_targets()
    ]


@cache
def config_keys() -> frozenset[str]:
    """The package's own config keys."""
    keys = [key for _, key in reference.config_keys()]
    return frozenset(key.name for key in keys if key.namespace == settings.NAMESPACE)


def unknown_config_keys(page: Page) -> list[str]:
    named = []
    for line in command_lines(page):
        if re.match(r"pulumi\s.*\bconfig\b|(\S*/)?infra-secrets\s", line):
            named += re.findall(r"infra-secrets:(\w+)", line)
    named += re.findall(r"config (?:key )?`infra-secrets:(\w+)", page.prose())
    for block in page.blocks():
        if block.language == "yaml":
            named += re.findall(r"(?m)^\s*\"?infra-secrets:(\w+)\"?:", block.text)
    unknown = dict.fromkeys(key for key in named if key not in config_keys())
    return [f"infra-secrets:{key} is a config key that nothing reads" for key in unknown]


@cache
def is_subcommand(word: str) -> bool:
    program = "import sys; from infra_secrets.cli import main; sys.exit(main())"
    answer = subprocess.run(
        [sys.executable, "-c", program, word, "--help"],
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    return answer.returncode == 0


def unknown_subcommands(page: Page) -> list[str]:
    named = [
        match[1]
        for line in command_lines(page)
        if (match := re.match(r"(?:\S*/)?infra-secrets\s+([a-z][a-z-]*)", line))
    ]
    return [f"`infra-secrets {word}` is no command" for word in named if not is_subcommand(word)]


# Links -------------------------------------------------------------------------------------------


def broken_links(page: Page) -> list[str]:
    prose = re.sub(r"`[^`\n]*`", "", page.prose())
    defined = dict(re.findall(r"(?m)^\[([^\]]+)\]:\s+(\S+)", prose))
    used = re.findall(r"\]\[([^\]]+)\]", prose)
    problems = [f"[{name}] is not defined" for name in used if name not in defined]
    problems += [f"[{name}] is defined and not used" for name in defined if name not in used]
    targets = re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(
        r"(?:src|href)=\"([^\"]+)\"", prose
    )
    for target in [*targets, *defined.values()]:
        if re.match(r"https://|mailto:", target):
            continue
        where, _, anchor = target.partition("#")
        path = (ROOT / page.path).parent / where if where else ROOT / page.path
        if not path.exists():
            problems.append(f"{target} leads nowhere")
        elif anchor and path.suffix == ".md":
            there = page if not where else Page(where, path.read_text())
            if anchor not in there.anchors():
                problems.append(f"{target}: there is no such heading")
    return problems


def lines_that_are_long(page: Page) -> list[str]:
    """Lines of prose that an editor would have to fold; a table, a block and an address cannot be broken."""
    lines = re.sub(r"\]\([^)]*\)|`[^`\n]*`", "", page.prose()).splitlines()
    return [
        f"{line[:40]!r}: {len(line)} characters"
        for line in lines
        if len(line) > LONGEST_LINE and not re.match(r"\s*\||\[[^\]]+\]: ", line)
    ]


CHECKS = (
    broken_fences,
    broken_data,
    broken_commands,
    values_in_arguments,
    unknown_targets,
    unknown_config_keys,
    unknown_subcommands,
    broken_links,
    lines_that_are_long,
)


@ALL
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_page_has(page: Page, check: object) -> None:
    assert callable(check)
    assert check(page) == []


# Python ------------------------------------------------------------------------------------------


def python_blocks(given: list[Page]) -> dict[str, Block]:
    """Every Python block of the pages, by `page:line`."""
    return {
        f"{page.path}:{b.line}": b
        for page in given
        for b in page.blocks()
        if b.language == "python"
    }


def type_errors(blocks: dict[str, Block], folder: Path) -> list[str]:
    """Check every block as a module of its own, in one run of mypy."""
    settings = folder / "mypy.ini"
    # The provider SDKs are too large to analyze; what a block takes from them is checked by a run.
    settings.write_text(
        "[mypy]\nstrict = True\npython_version = 3.11\nfollow_imports = silent\n"
        "[mypy-pulumi_aws.*,pulumi_gcp.*,pulumi_azure_native.*,pulumi_kubernetes.*]\n"
        "follow_imports = skip\n"
        "[mypy-grpc.*,google.protobuf.*]\nignore_missing_imports = True\n"
    )
    labels = {}
    for number, (label, block) in enumerate(blocks.items()):
        (folder / f"block_{number}.py").write_text(block.text + "\n")
        labels[f"block_{number}.py"] = label
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(settings), "--no-error-summary"]
        + [
            "--cache-dir",
            str(ROOT / ".mypy_cache" / "documentation"),
            "--no-pretty",
            "--hide-error-context",
        ]
        + [str(folder / name) for name in labels],
        capture_output=True,
        timeout=PATIENCE,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    assert not done.stderr, done.stderr
    found = re.findall(r"(?m)^\S*?(block_\d+\.py):(\d+): (error: .*)$", done.stdout)
    problems = [f"{labels[file]}, line {line} of the block: {text}" for file, line, text in found]
    return problems or ([done.stdout] if done.returncode else [])


def test_every_python_block_passes_the_type_checker_and_broken_ones_do_not(tmp_path: Path) -> None:
    broken = {
        "an argument": "from infra_secrets import Secret\n\nSecret('Key', max_age_days='9')",
        "a value": "from infra_secrets import Secret\n\nSecret('Key', value='made-up')",
        "any module": "import pulumi\n\nx: int = pulumi.get_stack()",
    }
    blocks = {label: Block(1, "python", text) for label, text in broken.items()}
    problems = type_errors(
        {**python_blocks(pages()), **blocks}, tmp_path
    )  # one run, as each takes seconds
    assert sorted({problem.partition(", ")[0] for problem in problems}) == sorted(broken), (
        "\n".join(problems)
    )


# The front door ----------------------------------------------------------------------------------


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 450


def test_the_readme_shows_each_part_and_the_two_commands() -> None:
    readme = Page("README.md", (ROOT / "README.md").read_text(encoding="utf-8"))
    first, second, third = (block.text for block in readme.blocks() if block.language == "python")
    [trial] = [
        block.text
        for block in readme.blocks()
        if block.language == "sh" and block.text.startswith("make ")
    ]

    assert "Secret(" in first
    assert "SecretSettings" in second
    assert "EscEnv(" in third
    assert [line.partition("  #")[0].strip() for line in trial.splitlines()] == [
        "make demo",
        "make test",
    ]


# What a cloud's page must say --------------------------------------------------------------------

CLOUDS = pytest.mark.parametrize("cloud", clouds.available())


def page_of(cloud: str) -> str:
    return (ROOT / "docs" / f"{cloud}.md").read_text()


@CLOUDS
def test_a_clouds_page_names_every_argument_and_output(cloud: str) -> None:
    first_cells = " ".join(re.findall(r"(?m)^\| (.*?) \|", page_of(cloud)))
    outputs = [name for name in Secret.__annotations__ if not name.startswith("_")]
    missing = [
        name for name in [*SecretArgs.__annotations__, *outputs] if f"`{name}`" not in first_cells
    ]
    assert missing == []


@CLOUDS
def test_a_clouds_page_states_the_limit_and_the_retentions(cloud: str) -> None:
    text = page_of(cloud)
    assert f"at most {clouds.load(cloud).SPELLING.limit} characters" in text
    assert [each for each in clouds.RETENTIONS if f"`{each}`" not in text] == []


@CLOUDS
def test_the_pages_show_every_piece_of_the_set_command(cloud: str) -> None:
    commands_seen: list[str] = []

    def program() -> None:
        Secret("api", fields=["API_KEY"]).set_command.apply(commands_seen.append)

    Recording(config={**CONFIG, "infra-secrets:cloud": cloud}).run(program)
    own = re.sub(r"\s", "", page_of(cloud))
    options = re.findall(r" (--[a-z-]+)", commands_seen[0])
    assert options
    assert [option for option in options if option not in own] == []
    assert "(set-command.md)" in own
    common = re.sub(r"\s", "", (ROOT / "docs" / "set-command.md").read_text())
    for piece in (
        *("od-An-v-to1", "*[0-7]*)", "[-t0]", "stty-echo", "-lt4095", 'printf%b"$('),
        *('while case $v in *" 012")', 'case $u in " 012"*)', "for c in $v; do case $s$c in"),
    ):
        assert re.sub(r"\s", "", piece) in re.sub(r"\s", "", commands_seen[0])
        assert re.sub(r"\s", "", piece) in common


def test_the_page_of_the_set_command_says_what_the_command_says() -> None:
    commands_seen: list[str] = []

    def program() -> None:
        document = Secret("api", service="payments", fields=["DATABASE_URL", "SENTRY_DSN"])
        document.set_command.apply(commands_seen.append)

    Recording(stack="production", config={**CONFIG, "infra-secrets:cloud": "gcp"}).run(program)
    blocks = Page("", (ROOT / "docs" / "set-command.md").read_text()).blocks()
    dropped, refused = [block.text for block in blocks if block.language == "text"]
    command = commands_seen[0].replace(" gcloud ", " true ")
    given = {
        b'{"DATABASE_URL": ""}\n': refused,
        b'\n{"DATABASE_URL": "a", "SENTRY_DSN": "b"}\n': dropped,
    }
    for value, says in given.items():
        done = subprocess.run(
            ["sh", "-c", command],
            input=value,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.stderr.decode().strip() == says.strip()


@CLOUDS
def test_the_identity_that_creates_containers_cannot_read_a_value(cloud: str) -> None:
    blocks = [
        block for block in Page("", page_of(cloud)).blocks() if block.language in ("json", "yaml")
    ]
    data = [yaml.safe_load(block.text) for block in blocks]
    if cloud == "aws":
        effects: dict[str, set[str]] = {"Allow": set(), "Deny": set()}
        for statement in data[0]["Statement"]:
            actions = statement["Action"]
            effects[statement["Effect"]] |= {actions} if isinstance(actions, str) else set(actions)
        reads = {"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"}
        assert not [each for each in effects["Allow"] if each in reads or "*" in each]
        assert reads <= effects["Deny"]
    elif cloud == "gcp":
        assert not [each for each in data[0]["includedPermissions"] if ".versions." in each]
    elif cloud == "azure":
        granted = [
            *data[0]["Actions"],
            *data[0]["DataActions"],
            *data[1]["Actions"],
            *data[1]["DataActions"],
        ]
        assert not [
            each for each in granted if "*" in each or "getSecret" in each or "deploy" in each
        ]
    else:
        pytest.fail(
            f"say here how the first identity on docs/{cloud}.md is known not to read a value"
        )


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    unlisted = [path.name for path in (ROOT / "docs").glob("*.md") if f"({path.name})" not in index]
    assert unlisted == ["README.md"]


# The checks can fail -----------------------------------------------------------------------------

BROKEN = {
    "a fence without a language": (broken_fences, "```\nls\n```"),
    "a fence in an unknown language": (broken_fences, "```brainfuck\n+\n```"),
    "a fence that is never closed": (broken_fences, "```sh\nls\n"),
    "broken JSON": (broken_data, '```json\n{"a": }\n```'),
    "broken YAML": (broken_data, "```yaml\na: [\n```"),
    "broken TOML": (broken_data, "```toml\na =\n```"),
    "broken sh": (broken_commands, "```sh\nif true; then\n```"),
    "broken bash in a list": (broken_commands, "1. do\n   ```bash\n   echo $(\n   ```"),
    "a broken command in a console": (broken_commands, "```console\n$ echo 'a\noutput (\n```"),
    "a console without a command": (broken_commands, "```console\noutput\n```"),
    "a value in AWS's arguments": (
        values_in_arguments,
        "```sh\naws x --secret-string made-up\n```",
    ),
    "a value that az prints": (
        values_in_arguments,
        "```sh\naz keyvault secret set --file /dev/stdin\n```",
    ),
    "a value in Pulumi's arguments": (
        values_in_arguments,
        "```sh\npulumi config set --secret key made-up\n```",
    ),
    "an unknown target in a block": (unknown_targets, "```sh\nmake coffee\n```"),
    "an unknown target in a sentence": (unknown_targets, "Run `make coffee`."),
    "an unknown config key in a command": (
        unknown_config_keys,
        "`pulumi config set infra-secrets:clod aws`",
    ),
    "an unknown config key in YAML": (
        unknown_config_keys,
        "```yaml\nconfig:\n  infra-secrets:clod: aws\n```",
    ),
    "an unknown config key in a sentence": (
        unknown_config_keys,
        "Default: config `infra-secrets:clod`.",
    ),
    "an unknown subcommand": (unknown_subcommands, "```sh\ncd x && infra-secrets brew\n```"),
    "a link to a missing file": (broken_links, "[see](nowhere.md)"),
    "a link to a missing heading": (broken_links, "# Here\n[see](#there)"),
    "a link to a missing heading elsewhere": (broken_links, "[see](CONTRIBUTING.md#coffee)"),
    "an undefined reference": (broken_links, "[see][there]"),
    "a long line": (lines_that_are_long, f"# Here\n{'word ' * 25}"),
    "an unused reference": (broken_links, "[there]: https://example.com"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_page_is_refused_for(what: str) -> None:
    check, text = BROKEN[what]
    assert len(check(Page("README.md", text))) == 1


def test_a_good_page_passes_every_check() -> None:
    text = """
    # One `Thing`, two

    See [the above](#one-thing-two), [the rules](CONTRIBUTING.md#rules), [elsewhere][x].
    Run `make test`.

    ```console
    $ pulumi config set infra-secrets:cloud \\
      aws
    Anything ( goes here
    ```

    ```yaml
    config:
      infra-secrets:cloud: aws
    ```

    [x]: https://example.com
    """
    page = Page("README.md", dedent(text))
    assert [problem for check in CHECKS for problem in check(page)] == []
