"""What a rehearsal's stack is told: its config, its ESC environments and the outputs of other stacks; and the files
in which the engine reads that.
"""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from infra_secrets.errors import InfraSecretsError
from infra_secrets.project import full_key
from infra_secrets.testing.engine.command import Engine
from infra_secrets.testing.engine.keyserver import ENCRYPTED_KEY, PROVIDER
from infra_secrets.testing.esc import (
    Definition,
    Environments,
    Opened,
    Source,
    Value,
    engine_config,
    stack_file,
)
from infra_secrets.testing.esc.providers import Provider
from infra_secrets.testing.program.directory import ProjectDirectory
from infra_secrets.testing.program.stack_outputs import StackOutputs

SecretPath = tuple[str | int, ...]

_KEPT: Final = 64
"""Config files that this process keeps, as encrypting costs a run of the engine."""
_encrypted: Final[dict[str, str]] = {}
"""Config files that the engine has written, by a digest of the config in them; the newest last."""


class Settings:
    """The settings of one stack.

    Args:
        folder: Where the files are written.
        project: The project's name.
        stack: The stack's name.
        source: The project that is rehearsed, if it is one in a directory.
        providers: What an ESC environment can open.

    Attributes:
        secrets: Secret config by its place: the full key, and then names and indices.
        opened_secrets: Every secret value that ESC environments held in any run, and what it is called.
        stack_outputs: The outputs of other stacks.
        replaced: Which secret config of the directory's stack was replaced by made-up values.
    """

    def __init__(
        self,
        folder: Path,
        project: str,
        stack: str,
        source: ProjectDirectory | None,
        providers: Sequence[Provider],
    ) -> None:
        self._folder = folder
        self._project = project
        self._stack = stack
        self._source = source
        self._providers = providers
        self._config: dict[str, Any] = {}
        self._environments: Environments | None = None
        self._written: tuple[str, dict[str, Any], dict[SecretPath, str]] | None = None
        self.secrets: dict[SecretPath, str] = {}
        self.opened_secrets: dict[str, str] = {}
        self.stack_outputs = StackOutputs({}, project, stack)
        self.replaced: list[str] = []

    def copied_to(self, folder: Path) -> "Settings":
        """Return a copy, whose files are in another folder already."""
        twin = Settings(folder, self._project, self._stack, self._source, self._providers)
        twin._config, twin._environments = dict(self._config), self._environments
        twin._written, twin.replaced = self._written, self.replaced
        twin.secrets, twin.opened_secrets = dict(self.secrets), dict(self.opened_secrets)
        twin.stack_outputs = self.stack_outputs
        return twin

    # What it is told -----------------------------------------------------------------------------

    def start(self, config: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Begin with what the directory's stack has, its secrets replaced, and with what is given."""
        own: Mapping[str, Any] = {}
        if self._source is not None:
            own = self._source.config
            given = {full_key(key, self._project) for key in (*config, *secrets)}
            made_up = {
                path: planted.value
                for path, planted in self._source.secrets.items()
                if path[0] not in given
            }
            self.secrets.update(made_up)
            self.replaced = [".".join(map(str, path)) for path in made_up]
        self.configure(config={**own, **config})
        self.secrets.update(
            {(full_key(key, self._project),): value for key, value in secrets.items()}
        )

    def configure(
        self,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        esc: Mapping[str, Definition] | None = None,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Replace what is given; None leaves something as it is."""
        if config is not None:
            self._config = {full_key(key, self._project): value for key, value in config.items()}
        if secrets is not None:
            self.secrets = {
                (full_key(key, self._project),): value for key, value in secrets.items()
            }
        if esc is not None:
            listed = self._source.environment if self._source is not None else None
            self._environments = Environments(esc, self._providers, listed) if esc else None
        if stack_outputs is not None:
            self.stack_outputs = StackOutputs(stack_outputs, self._project, self._stack)

    @property
    def given(self) -> dict[str, Any]:
        """The plain config that the rehearsal was given, and the directory's stack does not have."""
        own = self._source.config if self._source is not None else {}
        return {key: value for key, value in self._config.items() if own.get(key) != value}

    def open(self, source: Source) -> Opened:
        """Open the ESC environments.

        Args:
            source: Reads what is in the secrets managers.

        Raises:
            EscOpenError: One cannot be opened.
        """
        opened = self._environments.open(source) if self._environments is not None else Opened()
        self.opened_secrets.update(opened.secrets)
        return opened

    @property
    def _listed(self) -> Any:
        """What the stack's file says as `environment:`; nothing for none."""
        if self._environments is not None:
            return self._environments.listed
        return self._source.environment if self._source is not None else None

    # Its files -----------------------------------------------------------------------------------

    @property
    def directory(self) -> Path:
        """Where `Pulumi.yaml` and the stack's own file are."""
        return self._folder / "work"

    @property
    def root(self) -> Path:
        """What a program is told as the root of its project."""
        return self._source.directory if self._source is not None else self.directory

    @property
    def _own_file(self) -> Path:
        return self.directory / f"Pulumi.{self._stack}.yaml"

    @property
    def _config_file(self) -> Path:
        """The file that the engine reads config from.

        That is the stack's own, unless it names ESC environments: those need Pulumi Cloud, so the
        engine gets what they would be merged into.
        """
        return self._folder / "merged" / "config.yaml" if self._listed else self._own_file

    @property
    def arguments(self) -> list[str]:
        """Which arguments of a command make the engine read that file."""
        return ["--config-file", str(self._config_file)] if self._listed else []

    def write_project(self, *, inline: bool) -> None:
        """Write `Pulumi.yaml`.

        Args:
            inline: Whether the program runs in this process, so that the engine starts no language host.
        """
        settings: dict[str, Any] = {"name": self._project, "runtime": "python"}
        if self._source is not None and not inline:
            settings = {**self._source.settings, "name": self._project}
        elif self._source is not None:
            # The engine takes relative assets from where the program is.
            settings["main"] = str(self._source.folder)
        _write_yaml(self.directory / "Pulumi.yaml", settings)

    def write_config(self, engine: Engine, opened: Opened) -> None:
        """Write the stack's config file.

        Only the engine can encrypt, so secrets go through it. With the same key for every rehearsal, what it has made
        of some config once is good for the next one in this process.
        """
        config, secrets = self._config, self.secrets
        if self._listed:
            own = stack_file(self._listed, self._config, list(self.secrets))
            _write_yaml(self._own_file, own)
            config, secrets = engine_config(opened.merged(self._own_values(), self._project))
        written = (self._config_file.name, config, secrets)
        if self._written == written:
            return
        known = hashlib.sha256(repr((config, secrets)).encode()).hexdigest()
        if known in _encrypted:
            self._config_file.parent.mkdir(parents=True, exist_ok=True)
            self._config_file.write_text(_encrypted[known], encoding="utf-8")
        else:
            self._encrypt(engine, config, secrets)
            _encrypted[known] = self._config_file.read_text(encoding="utf-8")
            if len(_encrypted) > _KEPT:
                del _encrypted[next(iter(_encrypted))]
        self._written = copy.deepcopy(written)

    def _encrypt(
        self, engine: Engine, config: Mapping[str, Any], secrets: Mapping[SecretPath, str]
    ) -> None:
        _write_yaml(
            self._config_file,
            {"secretsprovider": PROVIDER, "encryptedkey": ENCRYPTED_KEY, "config": dict(config)},
        )
        whole = [f"--secret={key[0]}={value}" for key, value in secrets.items() if len(key) == 1]
        inner = [
            f"--secret={_property_path(key)}={value}"
            for key, value in secrets.items()
            if len(key) > 1
        ]
        set_all = ["config", "set-all", "--stack", self._stack, *self.arguments]
        for pairs, option in ((whole, []), (inner, ["--path"])):
            if pairs:
                exit_code, output = engine.run([*set_all, *option, *pairs])
                if exit_code:
                    raise InfraSecretsError(f"the secret config could not be stored: {output}")

    def _own_values(self) -> dict[str, Value]:
        keys = dict.fromkeys([*self._config, *(str(path[0]) for path in self.secrets)])
        return {key: Value.of(self._config.get(key), self.secrets, (key,)) for key in keys}


def _write_yaml(path: Path, data: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(data), allow_unicode=True), encoding="utf-8")


def _property_path(path: SecretPath) -> str:
    """Return how `pulumi config --path` writes a path: `project:object["name"][0]`."""
    key, *rest = path
    namespace, _, name = str(key).partition(":")
    if any(character in name for character in '."[]'):
        key = f"{namespace}:[{json.dumps(name)}]"
    steps = [f"[{part}]" if isinstance(part, int) else f"[{json.dumps(part)}]" for part in rest]
    return f"{key}{''.join(steps)}"
