"""Stands for the Pulumi SDK of Acme, which a generator makes and PyPI has."""

from collections.abc import Mapping
from typing import Any

import pulumi

Options = pulumi.ResourceOptions


class Provider(pulumi.ProviderResource):
    """Another login than the default one."""

    def __init__(self, name: str, opts: Options | None = None) -> None:
        super().__init__("acme", name, {}, opts)


class Secret(pulumi.CustomResource):
    """A secret."""

    path: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        path: pulumi.Input[str],
        description: pulumi.Input[str] | None = None,
        labels: pulumi.Input[Mapping[str, Any]] | None = None,
        opts: Options | None = None,
    ) -> None:
        properties = {"path": path, "description": description, "labels": labels}
        super().__init__("acme:vault:Secret", name, properties, opts)


class Grant(pulumi.CustomResource):
    """What somebody may do with a secret."""

    def __init__(
        self,
        name: str,
        secret: pulumi.Input[str],
        who: pulumi.Input[str],
        may: pulumi.Input[str],
        opts: Options | None = None,
    ) -> None:
        properties = {"secret": secret, "who": who, "may": may}
        super().__init__("acme:vault:Grant", name, properties, opts)
