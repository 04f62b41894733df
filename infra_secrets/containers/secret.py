"""`Secret`: an empty, correctly named container for a value that an operator sets later.

No value passes through here, so none can reach the state file, an output or a log. There is no argument
for one, and every attempt to pass one in is refused. What a container is in each cloud is in `clouds/`.
"""

# No `from __future__ import annotations` here: Pulumi's schema analyzer reads the annotations as objects.

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pulumi

from infra_secrets.clouds import Cloud, Wanted
from infra_secrets.component.argument_types import Literal, SequenceNotStr
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.registering import Component
from infra_secrets.containers.arguments import SecretReader
from infra_secrets.containers.claim import Claim
from infra_secrets.containers.explanations import no_such_output


class SecretArgs(TypedDict, total=False):
    """What a `Secret` takes. There is no argument for its value, and there never will be."""

    cloud: Literal["aws", "azure", "gcp"]
    """The cloud of the container: `aws`, `gcp` or `azure`. Default: config `infra-secrets:cloud`."""
    service: str
    """Who uses the secret, e.g. `api`. Default: config `infra-secrets:service`, else the project's name."""
    environment: str
    """Where it is used, e.g. `production`. Default: config `infra-secrets:environment`, else the stack's name."""
    key: str
    """What it is, e.g. `stripe-api-key`. Default: the logical name in kebab-case; none when `fields` is given."""
    fields: SequenceNotStr[str]
    """JSON keys that the value must have, e.g. `["STRIPE_API_KEY", "DATABASE_URL"]`. Default: one plain value."""
    description: pulumi.Input[str]
    """What it is for, in a sentence. Not secret. Default: none."""
    owner: pulumi.Input[str]
    """Who is responsible for it, e.g. `payments@example.com`. Not secret. Default: none."""
    max_age_days: int
    """How old the value may get, in whole days, 1 to 36,500. Recorded for tools that check it; nothing is rotated.
    Default: no limit."""
    tags: Mapping[str, pulumi.Input[str]]
    """Added to the container: tags on AWS and Azure, labels on GCP. Not secret. Default: only the package's own."""
    retention: Literal["keep", "recover", "discard"]
    """What removing it from code may do: `keep` (refused), `recover` (deleted, can be brought back; refused
    on GCP) or `discard` (deleted as fast as the cloud allows). Default: config `infra-secrets:retention`, else
    `keep`."""
    encryption_key: pulumi.Input[str]
    """Customer-managed key: a KMS key ARN on AWS, a Cloud KMS key name on GCP. Default: the cloud's own."""
    replicas: SequenceNotStr[str]
    """Regions that have a copy: additional ones on AWS, all of them on GCP. Default: the cloud's own choice."""
    readers: SequenceNotStr[pulumi.Input[str]]
    """Principals that may read the value: ARNs on AWS, IAM members on GCP, object ids on Azure. Default: none."""
    writers: SequenceNotStr[pulumi.Input[str]]
    """Principals that may set the value but not read it. Default: none."""
    adopt: str
    """Id of an existing container to take over, with its value, instead of creating one: its ARN on AWS,
    `projects/P/secrets/S` on GCP, its ARM id on Azure. Nothing deletes it while this is given; remove it once the
    container is taken over. Default: a container is created."""
    adopt_from: str
    """The stack that has the container now, as `organization/project/stack`: only with `adopt`, and only where
    the container says that it belongs to another stack. Default: none."""
    formerly: str
    """Logical name, or URN, of the resource of this stack that was the container until now, e.g. a raw
    `aws.secretsmanager.Secret`. It is kept in place, with its value; remove this once that is done.
    Default: none."""
    azure_vault_id: pulumi.Input[str]
    """ARM id of the Key Vault, on Azure only. Default: config `infra-secrets:azureVaultId`."""


class Secret(Component, read_by=SecretReader):
    """An empty container for a secret value, with an enforced name, in the cloud's own secrets manager.

    It is created without a value; an operator sets one afterwards: `infra-secrets set`, or `set_command`. The value is
    never in code, config, state or an output, and by default (`retention="keep"`) no change of the program loses it.
    """

    secret_id: pulumi.Output[str]
    """Its full id for IAM and the cloud's own tools: ARN, `projects/P/secrets/S`, or ARM id."""
    secret_name: pulumi.Output[str]
    """Its name in its cloud, e.g. `api/production/stripe-api-key` on AWS."""
    reference: pulumi.Output[str]
    """Its canonical name on every cloud: `service/environment` or `service/environment/key`."""
    set_command: pulumi.Output[str]
    """POSIX shell command with which an operator sets the value: typed without echo, or from a pipe. It drops line
    breaks around a typed value and one at the end of a piped one, and says so; every other byte arrives, or the value
    is refused. With `fields` it takes one JSON object with exactly these keys."""
    console_url: pulumi.Output[str]
    """Its page in the cloud's console."""

    def __init__(
        self,
        name: str,
        args: SecretArgs = SecretArgs(),  # noqa: B008 (never changed; the schema analyzer wants this form)
        opts: pulumi.ResourceOptions | None = None,
        **kwargs: Unpack[SecretArgs],
    ) -> None:
        """Register the container.

        Args:
            name: Logical name in the program, e.g. `StripeApiKey`; `key` comes from it.
            args: Everything that is not the default; keyword arguments do the same.
            opts: As in every Pulumi component. `protect` and `retain_on_delete` follow `retention`; what contradicts
                it (`protect=False` under `keep`) is refused, and so is `delete_before_replace=True`.

        Raises:
            SecretArgsError: Something is not valid. It lists every problem at once, and nothing was registered.
            MissingExtraError: The SDK of the chosen cloud is not installed.
        """
        with SecretReader.reading(SecretArgs, name, args, kwargs, opts) as reader:
            cloud, wanted = reader.wanted()
        with self._registering():
            declared = _declared(cloud, wanted)
            asked_for = {each: declared[each] for each in _ASKED_FOR}
            super().__init__(self._token, name, asked_for, _no_update(opts))
            claim = Claim(self, cloud, wanted, reader.checks)
            container = claim.container.create(wanted, claim.options())
            claim.watch(container)
            for warning in claim.container.warnings(wanted):
                pulumi.log.warn(f'Secret("{name}"): {warning}', self)
            self.secret_id = container.secret_id
            self.secret_name = pulumi.Output.from_input(wanted.spelled)
            self.reference = pulumi.Output.from_input(wanted.name.reference)
            self.set_command = container.set_command
            self.console_url = container.console_url
            self._declared = claim.once_it_stays(container, declared)

    # Hidden from type checkers, which refuse it by themselves.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Explain what people look for; called only for what a `Secret` does not have."""
            with one_clear_message():
                outputs = Secret.__annotations__
                raise no_such_output(self.__dict__.get("_name"), name, outputs)


_ASKED_FOR = ("cloud", "reference")
"""Inputs of the component: they name a container in the state also where none could be made."""


def _no_update(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Let other inputs be no update of the component.

    With an update the engine drops the outputs before it does anything else, and a run that is then refused would
    leave a state that does not say where the container is.
    """
    same = copy.copy(opts) if opts is not None else pulumi.ResourceOptions()
    same.ignore_changes = [*(same.ignore_changes or ()), *_ASKED_FOR]
    return same


def _declared(cloud: Cloud, wanted: Wanted) -> dict[str, Any]:
    """What a `Secret` says of its container in the state, for tools that read it there. Nothing of it is secret."""
    declared = {
        "cloud": cloud.__name__.rpartition(".")[2],
        "reference": wanted.name.reference,
        "fields": [*wanted.fields] or None,
        "description": wanted.description,
        "owner": wanted.owner,
        "maxAgeDays": wanted.max_age_days,
        "readers": [*wanted.readers] or None,
        "writers": [*wanted.writers] or None,
    }
    return {name: each for name, each in declared.items() if each is not None}
