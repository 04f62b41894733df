"""The components as a Pulumi plugin, for programs in other languages.

Adds to Pulumi's own host what that leaves out: an unknown property is refused instead of dropped (it may
be an attempt to pass in a value), a refusal arrives as its message without a traceback, and two
secrets of one program that would share a container are noticed although each comes in a call of its own.
"""

import inspect
import json
import sys
from dataclasses import replace
from importlib.metadata import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.server import ComponentInitError

from infra_secrets import __version__
from infra_secrets.component import internals
from infra_secrets.component.registering import type_token
from infra_secrets.component.run import Run
from infra_secrets.containers.secret import Secret
from infra_secrets.errors import InfraSecretsError, MissingExtraError
from infra_secrets.workloads.esc_deployment import EscDeployment
from infra_secrets.workloads.esc_env import EscEnv
from infra_secrets.workloads.external_env import ExternalEnv

NAME = "infra-secrets"
ROOT = Path(__file__).parent.parent
COMPONENTS: list[type[pulumi.ComponentResource]] = [Secret, EscEnv, EscDeployment, ExternalEnv]


class Plugin(ComponentProvider):
    """Hosts the package's components for one operation of the engine."""

    def __init__(self) -> None:
        super().__init__(COMPONENTS, NAME, version=__version__)
        schema = self._described(json.loads(self.schema or "{}"))
        self.schema = json.dumps({**schema, **_about(schema["language"])})
        self._run, self._call_of = Run(), object()

    def begin(self, run: object) -> None:
        """Begin a run, unless it goes on: one process serves the preview and the update of an operation.

        Args:
            run: What is another for another run.
        """
        if run != self._call_of:
            self._run, self._call_of = Run(), run

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Any,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component.

        Raises:
            InputPropertiesError: The component refused; the message is the refusal's own.
        """
        self._run.join()
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as failed:
            if isinstance(failed.inner, MissingExtraError):
                # The plugin has an environment of its own, and may be a folder that was never installed.
                missing = failed.inner.with_command(f"{sys.executable} -m pip install", str(ROOT))
                raise InputPropertiesError(missing, []) from None
            if isinstance(failed.inner, InfraSecretsError):
                # An empty list, because Pulumi's host breaks on none at all.
                raise InputPropertiesError(str(failed.inner), []) from None
            raise

    def _described(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Add the descriptions of what a class inherits, which Pulumi's analyzer looks for in the class itself."""
        # A TypedDict does not know what it inherits from, but each is the arguments of a component.
        arguments = [inspect.get_annotations(each.__init__)["args"] for each in COMPONENTS]
        for component in COMPONENTS:
            resource = schema["resources"][type_token(component.__name__)]
            for homes, properties in (
                (component.__mro__, resource["properties"]),
                (arguments, resource["inputProperties"]),
            ):
                for home in homes:
                    for name in inspect.get_annotations(home):
                        found = properties.get(camel_case(name), {"description": ""})
                        text = self.analyzer.get_docstring(home, name)
                        if text and "description" not in found:
                            found["description"] = text
        return schema

    def map_inputs(self, inputs: Any, component_def: Any) -> Any:
        """Spell properties as in Python, and leave to the component to refuse what is unknown or missing."""
        known = {key: replace(each, optional=True) for key, each in component_def.inputs.items()}
        unknown = {key: item for key, item in inputs.items() if key not in known}
        return {**super().map_inputs(inputs, replace(component_def, inputs=known)), **unknown}


def _about(language: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what the schema says of the package, from the package's own metadata (`pyproject.toml`)."""
    known = metadata(NAME)
    addresses = dict(line.split(", ", 1) for line in known.get_all("Project-URL", []))
    source = urlsplit(addresses["Source"])
    owner = source.path.split("/")[1]
    return {
        "displayName": NAME,
        "description": known["Summary"],
        "keywords": ["kind/component", "category/infrastructure", *known["Keywords"].split(",")],
        "homepage": addresses["Documentation"],
        "repository": addresses["Source"],
        "license": known["License-Expression"],
        "publisher": owner,
        # As the engine says itself of a plugin from Git: the names of an SDK do not depend on where it came from.
        "namespace": owner,
        # There is no archive to download: the engine clones the repository at the version's tag.
        "pluginDownloadURL": f"git://{source.netloc}{source.path}",
        "language": {
            **language,
            "nodejs": {**language["nodejs"], "packageDescription": known["Summary"]},
        },
        # `gen-sdk` writes what `package add` does: a whole Go module.
        "meta": {"supportPack": True},
    }


def serve() -> None:
    """Serve until the engine is done. The engine starts this process and passes its address."""
    plugin = Plugin()
    internals.serve(plugin, plugin.begin)
