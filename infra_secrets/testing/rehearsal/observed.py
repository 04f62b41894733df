"""What can be seen of a rehearsal: its state, its outputs, every place where a secret could be, and what the program
wrote itself.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from infra_secrets.testing.canary import (
    SHORTEST,
    Canary,
    Evidence,
    LeakError,
    Sighting,
    evidence_of,
    search,
)
from infra_secrets.testing.engine.command import Engine
from infra_secrets.testing.plain_text.leaves import holds
from infra_secrets.testing.plain_text.literals import Given, Literals, MadeUp
from infra_secrets.testing.rehearsal.run import Run
from infra_secrets.testing.rehearsal.stack import Stack
from infra_secrets.testing.simulation import Request, SimulatedCloud
from infra_secrets.testing.values import texts, unwrap


class Observed:
    """What a rehearsal shows of itself.

    Attributes:
        clouds: The simulated clouds by Pulumi package.
        requests: Every provider request, in order.
        runs: Every run, in order.
    """

    clouds: dict[str, SimulatedCloud]
    requests: list[Request]
    runs: list[Run]
    _stack: Stack

    def _engine(self) -> Engine:
        """Return the engine, for a question about the stack."""
        raise NotImplementedError

    @property
    def echoed(self) -> list[str]:
        """Tokens of the resource types and functions that were only echoed, sorted."""
        return sorted(self._stack.servers.echoed)

    # State ---------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the stack's deployment as the state file holds it; secrets are encrypted there."""
        return self._stack.state.read()

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources of the state, without the stack and the providers."""
        return self._stack.state.resources

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs as plain data; secret ones are a `SecretValue`."""
        return self._stack.state.decrypted_outputs(self._engine)

    # Literals ------------------------------------------------------------------------------------

    def literals(self) -> Literals:
        """Return where the program of the last `preview` or `up` writes the value of a secret itself.

        An `up` that follows a preview of the same program is looked at together with it.

        What came from secret config, or from this rehearsal's `config=`, does not count.

        Raises:
            MissingExtraError: detect-secrets is not installed.
        """
        requests, settings = self._stack.requests.of_program, self._stack.settings
        constructed = {
            (request.type, request.name): request.properties
            for request in requests
            if request.operation == "construct"
        }
        given = self._checked(requests)
        secret = {*settings.secrets.values(), *settings.opened_secrets}
        secret |= {value for cloud in self.clouds.values() for value in cloud.planted}
        answers = self._stack.servers.answers
        plain = {text for value in settings.given.values() for text in _texts_of_config(value)}
        plain |= answers
        for resource in self._decrypted_resources():
            urn, inputs = resource["urn"], resource.get("inputs") or {}
            outputs = resource.get("outputs") or {}
            if not resource.get("custom"):
                remote = constructed.get((resource["type"], urn.rpartition("::")[2]))
                if remote is None:  # what the program registers itself
                    given.setdefault(urn, Given(urn, outputs))
                    continue
                inputs = remote
            given.setdefault(urn, Given(urn, inputs))
            own = {text for text, _ in (*texts(inputs), *texts(given[urn].properties))}
            answered = [*texts(outputs), (str(resource.get("id") or ""), False)]
            secret |= {text for text, marked in answered if marked and text not in own}
            plain |= {text for text, marked in answered if not marked and text not in own}
        for text, marked in texts(settings.stack_outputs.given):
            (secret if marked else plain).add(text)
        made_up = MadeUp(frozenset(secret) - {""}, frozenset(plain) - {""}, frozenset(answers))
        return Literals([*given.values()], made_up)

    def _checked(self, requests: Iterable[Request]) -> dict[str, Given]:
        """Return what the program gave its resources, by URN, as the providers got it."""
        given: dict[str, Given] = {}
        for request in requests:
            if request.operation in {"check", "configure"} and request.urn:
                inputs = unwrap(dict(request.properties))
                written = [
                    path
                    for cloud in self.clouds.values()
                    for path in cloud.values_written(request.type, inputs)
                    if holds(inputs, path)
                ]
                given[request.urn] = Given(request.urn, request.properties, written)
        return given

    def _decrypted_resources(self) -> list[dict[str, Any]]:
        state = self._stack.state
        return state.decrypted_resources(self._engine()) if state.all_resources else []

    # Leaks ---------------------------------------------------------------------------------------

    @property
    def canaries(self) -> list[Canary]:
        """Every value that must not be seen: secret config, what ESC environments held in any run,
        and what operators have set.

        Values of fewer than six characters are left out: they would be found by chance.
        """
        settings = self._stack.settings
        named = {
            value: f"secret config {'.'.join(map(str, path))}"
            for path, value in settings.secrets.items()
        }
        for value, name in settings.opened_secrets.items():
            named.setdefault(value, name)
        for output in settings.stack_outputs.canaries:
            named.setdefault(output.value, output.name)
        for cloud in self.clouds.values():
            for number, value in enumerate(cloud.planted, 1):
                named.setdefault(value, f"value {number} set in {cloud.package}")
        return [Canary(value, name) for value, name in named.items() if len(value) >= SHORTEST]

    def evidence(self) -> Iterator[Evidence]:
        """Return every text in which a secret could be seen.

        These are all provider requests, every file that the engine has written (state, backups,
        history, its logs), and each run's output and events.
        """
        containers = {token for cloud in self.clouds.values() for token in cloud.container_types}
        for request in self._stack.requests.so_far:
            sides = {
                "properties": request.properties,
                "old inputs": request.old_inputs,
                "old outputs": request.old_outputs,
                "id": request.id,
                "URN": request.urn,
            }
            for side, data in sides.items():
                where = f"request {request}: {side}"
                yield from evidence_of(where, data, container=request.type in containers)
        folder = self._stack.folder
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                yield Evidence(f"file {file.relative_to(folder)}", text)
        for number, run in enumerate(self.runs, 1):
            yield Evidence(f"output of run {number}, `pulumi {run.command}`", run.output)
            events = json.dumps(run.events, ensure_ascii=False)
            yield Evidence(f"events of run {number}, `pulumi {run.command}`", events)

    def sightings(self, canaries: Iterable[Canary] | None = None) -> list[Sighting]:
        """Return where `canaries`, by default all of this rehearsal's own, can be seen."""
        return search(self.canaries if canaries is None else canaries, self)

    def assert_no_leak(self, canaries: Iterable[Canary] | None = None) -> None:
        """Raise if a canary can be seen where no secret may be.

        A value in the envelope that Pulumi encrypts is not a leak, except in a request for the
        container of a secret, which must not hold a value at all.

        Args:
            canaries: What to look for; by default all of this rehearsal's own.

        Raises:
            LeakError: It names where and how; never the value.
        """
        leaks = [sighting for sighting in self.sightings(canaries) if sighting.leaked]
        if leaks:
            raise LeakError(leaks)


def _texts_of_config(value: Any) -> Iterator[str]:
    for text, _ in texts(value if isinstance(value, (Mapping, list)) else str(value)):
        yield text
