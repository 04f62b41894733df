"""The state of a rehearsal's stack: a file of the engine's file backend, read, written and lost by hand."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing.engine.command import Engine
from infra_secrets.testing.program.stack_outputs import ORGANIZATION
from infra_secrets.testing.values import SIGNATURE, SecretValue

_STACK: Final = "pulumi:pulumi:Stack"
_NO_MANIFEST: Final = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}


class State:
    """The state of one stack.

    Args:
        backend: The backend's folder.
        project: The project's name.
        stack: The stack's name.
    """

    def __init__(self, backend: Path, project: str, stack: str) -> None:
        self._backend = backend / ".pulumi"
        self._project = project
        self._stack = stack
        self._decrypted: tuple[dict[str, Any], dict[str, Any]] | None = None

    @property
    def _file(self) -> Path:
        return self._file_of(self._project, self._stack)

    def _file_of(self, project: str, stack: str) -> Path:
        return self._backend / "stacks" / project / f"{stack}.json"

    def read(self) -> dict[str, Any]:
        """Return the deployment as the file holds it; secrets are encrypted there."""
        text = self._file.read_text(encoding="utf-8")
        return dict(json.loads(text)["checkpoint"].get("latest") or {})

    def write(self, deployment: Mapping[str, Any] | None) -> None:
        """Put a deployment in the place of the one that is there; None for a stack that has none."""
        self._backend.mkdir(parents=True, exist_ok=True)
        (self._backend / "meta.yaml").write_text("version: 1\n", encoding="utf-8")
        self._write(self._project, self._stack, deployment)

    def _write(self, project: str, stack: str, deployment: Mapping[str, Any] | None) -> None:
        checkpoint = {"stack": f"{ORGANIZATION}/{project}/{stack}", "latest": deployment}
        file = self._file_of(project, stack)
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": 3, "checkpoint": checkpoint})
        file.write_text(text, encoding="utf-8")

    def start(self, *, checkpoints: bool) -> None:
        """Begin with nothing.

        The engine crashes when a program asks for the resources of a stack that has no state, and without
        checkpoints it has none until the end of its first run.
        """
        self.write(None if checkpoints else {"manifest": _NO_MANIFEST})

    def lose(self, *, checkpoints: bool) -> None:
        """Forget everything that the stack has made, what the engine keeps beside the file included."""
        for file in self._file.parent.glob(f"{self._stack}.json*"):
            file.unlink()
        self.start(checkpoints=checkpoints)

    def write_other_stack(self, project: str, stack: str, outputs: Mapping[str, Any]) -> None:
        """Write the state of a stack that the program refers to."""
        if (project, stack) == (self._project, self._stack):
            return
        resource = {
            "urn": f"urn:pulumi:{stack}::{project}::{_STACK}::{project}-{stack}",
            "custom": False,
            "type": _STACK,
            "outputs": outputs,
        }
        self._write(project, stack, {"manifest": _NO_MANIFEST, "resources": [resource]})

    def wait_until_whole(self) -> None:
        """Wait until the engine is not writing the state: its file backend does not do it at once.

        A kill in the middle of that leaves half a file, which is another accident than the one asked for.
        """
        calm, deadline = 0, time.monotonic() + 5
        before = b""
        while calm < 3 and time.monotonic() < deadline:  # noqa: PLR2004 (in a row)
            time.sleep(0.01)
            content = self._file.read_bytes() if self._file.exists() else b""
            whole = content.rstrip().endswith(b"}") and content == before
            calm = calm + 1 if whole else 0
            before = content

    # Its parts -----------------------------------------------------------------------------------

    @property
    def all_resources(self) -> list[dict[str, Any]]:
        """Every resource, the stack and the providers included."""
        return list(self.read().get("resources") or [])

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources without the stack and the providers."""
        return [
            resource
            for resource in self.all_resources
            if resource["type"] != _STACK and not resource["type"].startswith("pulumi:providers:")
        ]

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secret ones encrypted."""
        found: dict[str, Any] = {}
        for resource in self.all_resources:
            if resource["type"] == _STACK:
                found = resource.get("outputs", {})
        return found

    # With the help of the engine, which alone can decrypt ------------------------------------------

    def decrypted_outputs(self, engine: Callable[[], Engine]) -> dict[str, Any]:
        """Return the stack's outputs, secret ones as a `SecretValue`. The engine is asked once for the same.

        Args:
            engine: Returns the engine.
        """
        found = self.outputs
        if not holds_ciphertext(found):
            return found
        if self._decrypted is None or self._decrypted[0] != found:
            arguments = ["stack", "output", "--json", "--show-secrets", "--stack", self._stack]
            self._decrypted = found, json.loads(engine().run(arguments)[1])
        _, shown = self._decrypted
        return {
            name: SecretValue(shown[name]) if holds_ciphertext(value) else value
            for name, value in found.items()
        }

    def decrypted_resources(self, engine: Engine) -> list[dict[str, Any]]:
        """Return every resource, with what is encrypted as a `SecretValue`."""
        with tempfile.TemporaryDirectory() as folder:  # not where leaks are looked for
            file = Path(folder) / "state.json"
            shown = ["stack", "export", "--show-secrets", "--file", str(file)]
            exit_code, output = engine.run([*shown, "--stack", self._stack])
            if exit_code:
                raise InfraSecretsError(f"the state could not be read: {output}")
            exported = json.loads(file.read_text(encoding="utf-8"))
        resources = exported["deployment"].get("resources") or []
        return [cast("dict[str, Any]", _marked(resource)) for resource in resources]


def holds_ciphertext(value: Any) -> bool:
    """Whether anything in a value of the state is encrypted."""
    if isinstance(value, Mapping):
        return SIGNATURE in value or any(holds_ciphertext(member) for member in value.values())
    if isinstance(value, list):
        return any(holds_ciphertext(member) for member in value)
    return False


def _marked(value: Any) -> Any:
    """Return what `pulumi stack export --show-secrets` wrote, with `SecretValue` for its envelopes."""
    if isinstance(value, Mapping):
        if SIGNATURE in value and "plaintext" in value:
            return SecretValue(json.loads(value["plaintext"]))
        return {key: _marked(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_marked(member) for member in value]
    return value
