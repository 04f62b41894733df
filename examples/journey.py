"""A value's whole way on one cloud: code makes the container, an operator fills it, a service reads it, it rotates.

The containers are made by the quickstart on the real engine. The same ones are then made in a server of that cloud's
API, which nobody can reach but this machine, and the `infra-secrets` command and the quickstart's service run against
it, each in a process of its own. What a message says to type is typed.
"""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from examples.story import Story, below, nowhere
from infra_secrets import clouds
from infra_secrets.testing import Canary, Rehearsal, ordinary_config
from infra_secrets.testing.canary import search
from tests.servers import Server, serving

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-c", "from infra_secrets.cli import main; main()")
SERVICE = (sys.executable, str(ROOT / "examples" / "quickstart" / "service.py"))


class JourneyStory(Story):
    """The quickstart's containers, its operator and its service on one cloud.

    Args:
        cloud: The cloud's name, e.g. `aws`.
    """

    def __init__(self, cloud: str) -> None:
        self.title = (
            f"the operator's command and the service, on {clouds.load(cloud).SPELLING.title}"
        )
        self._cloud = cloud
        self._references: list[str] = []
        self._canaries: list[Canary] = []
        self._seen: dict[str, str] = {}

    def tell(self) -> str:
        """Play every chapter and return the last line.

        Raises:
            BrokenPromiseError: Something was not as promised.
        """
        with (
            Rehearsal(directory=ROOT, config=ordinary_config(self._cloud)) as self._rehearsal,
            serving(self._cloud) as self._server,
        ):
            self._chapter("pulumi up", self._created)
            self._environment = self._logged_in(self._server)
            self._chapter("infra-secrets status", self._unset)
            self._chapter("the service starts", self._fails)
            self._chapter("infra-secrets set", self._set)
            self._chapter("infra-secrets status", self._all_set)
            self._chapter("the service starts", self._starts)
            self._chapter("a value is rotated", self._rotated)
            self._chapter("has a value been seen?", self._never_seen)
        return "unset, set, read, rotated; the service never started without a secret"

    # The chapters -------------------------------------------------------------------------------------

    def _created(self) -> str:
        run = self._rehearsal.up(check=False)
        self._promise(run.succeeded, f"up failed: {run.error}")
        for each in self._rehearsal.resources:
            if each["type"] != "infra-secrets:index:Secret":
                continue
            inputs = each["inputs"]
            facts = {"owner": inputs.get("owner"), "max_age_days": inputs.get("maxAgeDays")}
            self._server.make(
                inputs["reference"],
                fields=inputs.get("fields", ()),
                **{key: str(fact) for key, fact in facts.items() if fact is not None},
            )
            self._references.append(inputs["reference"])
        self._promise(self._references, "there is no container")
        return f"{len(self._references)} containers, all empty{below(*self._references)}"

    def _unset(self) -> str:
        states, code = self._status()
        self._promise(code == 1, f"it ended with {code}")
        self._promise(states == dict.fromkeys(self._references, "unset"), f"it says {states}")
        return "every one is unset"

    def _fails(self) -> str:
        done = self._run(SERVICE, **self._service)
        self._promise(done.returncode == 1, f"it ended with {done.returncode}")
        self._advised = re.findall(r"infra-secrets set .*", done.stderr)
        keys = [each for each in self._references if not _is_document(each)]
        self._promise(len(self._advised) == len(keys), f"it says: {done.stderr}")
        return f"refused, with the fix{below(*self._advised)}"

    def _set(self) -> str:
        # The service stops at its first class; the document is the other one.
        document = next(filter(_is_document, self._references))
        first = self._advised[0]
        reference = next(each for each in self._references if each in first.split())
        for command in [*self._advised, first.replace(reference, document)]:
            self._put(command)
        version = self._said("version")
        return f"three values, by standard input{below(f'version {version}')}"

    def _all_set(self) -> str:
        states, code = self._status()
        self._promise(code == 0, f"it ended with {code}")
        self._promise(states == dict.fromkeys(self._references, "set"), f"it says {states}")
        reads = self._server.reads.intersection(self._looked)
        self._promise(not reads, f"it read values: {', '.join(reads)}")
        return "every one is set; no value was read for that"

    def _starts(self) -> str:
        done = self._run(SERVICE, **self._service)
        self._promise(done.returncode == 0, f"it does not start: {done.stderr}")
        return "with all its secrets"

    def _rotated(self) -> str:
        from examples.quickstart.service import Payments

        with _in({**self._environment, **self._service}):
            settings = Payments()
            before = settings.stripe_api_key.get_secret_value()
            self._put(next(each for each in self._advised if "/stripe-api-key " in each))
            self._promise(
                settings.stripe_api_key.get_secret_value() == before,
                "a running service lost its value",
            )
            changed = settings.reload()
            now = settings.stripe_api_key.get_secret_value()
        self._promise(now == self._canaries[-1].value, "reload() did not bring the new value")
        return f"reload() brings the new one{below('changed: ' + ', '.join(changed))}"

    def _never_seen(self) -> str:
        leaks = self._rehearsal.sightings(self._canaries)
        leaks = [each for each in leaks if each.leaked] + search(self._canaries, self._seen)
        self._promise(not leaks, f"seen {len(leaks)} times, first: {leaks[:1]}")
        return nowhere(sum(1 for _ in self._rehearsal.evidence()) + len(self._seen))

    # What they do -------------------------------------------------------------------------------------

    def _logged_in(self, server: Server) -> dict[str, str]:
        # Only the service is told where its containers are: its messages tell the operator.
        self._service = {
            "INFRA_SECRETS_CLOUD": self._cloud,
            "INFRA_SECRETS_ENVIRONMENT": self._references[0].split("/")[1],
        }
        said = {
            **{name: text for name, text in os.environ.items() if name not in self._service},
            **server.environment(),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
        }
        return {name: text for name, text in said.items() if text is not None}

    def _run(self, arguments: tuple[str, ...], value: str | None = None, **variables: str) -> Any:
        done = subprocess.run(  # noqa: S603 (this repository's own command, and no shell)
            arguments,
            env={**self._environment, **variables},
            cwd="/",  # outside of a Pulumi project, as an operator or a service is
            input=value,
            capture_output=True,
            text=True,
            check=False,
        )
        for what, text in (("output", done.stdout), ("errors", done.stderr)):
            self._seen[f"{what} of process {len(self._seen)}"] = text
        self._last = done
        return done

    def _status(self) -> tuple[Mapping[str, str], int]:
        service, environment = self._references[0].split("/")[:2]
        scope = ("--cloud", self._cloud, "--service", service, "--environment", environment)
        self._server.calls.clear()
        done = self._run((*COMMAND, "status", *scope, "--json"))
        self._looked = [*self._server.calls]
        self._promise(done.stdout, f"it says nothing but: {done.stderr}")
        found = json.loads(done.stdout)["containers"]
        return {each["reference"]: each["state"] for each in found}, done.returncode

    def _put(self, command: str) -> None:
        _, *arguments = shlex.split(command)
        canary = Canary.plant(name=arguments[1])
        self._canaries.append(canary)
        value = canary.value
        if _is_document(arguments[1]):
            url = f"postgresql://ledger:{quote(value, safe='')}@db.example.com/ledger"
            value = json.dumps({"DATABASE_URL": url, "DATABASE_REPLICA_URL": url})
        done = self._run((*COMMAND, *arguments), value)
        self._promise(done.returncode == 0, f"{command} failed: {done.stderr}")

    def _said(self, what: str) -> str:
        found = re.search(rf"{what}\s+(\S+)", self._last.stdout)
        self._promise(found, f"it does not say its {what}")
        return found[1] if found else ""


def _is_document(reference: str) -> bool:
    return reference.count("/") == 1


@contextlib.contextmanager
def _in(environment: Mapping[str, str]) -> Iterator[None]:
    """Give this process an environment for a while."""
    before = {**os.environ}
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
