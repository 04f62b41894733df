"""One program, written twice: with this package, and with raw resources as people write them.

`Code` says what the program says. The raw way gives every container an explicit name, as a rule about
names demands, and sets what the providers' own examples set; it has no protection, no aliases of its own
and no ignored properties. On Azure it holds a placeholder, because there is no empty secret.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure_native
import pulumi_gcp as gcp

from infra_secrets import Secret
from infra_secrets.rules.naming import SecretName
from tests.reliability.places import VAULT, Place

Way = Literal["package", "raw"]

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
PLACEHOLDER = "REPLACE_ME"

_TAGGED = {
    "aws:secretsmanager/secret:Secret": "tags",
    "gcp:secretmanager/secret:Secret": "labels",
    "azure-native:keyvault:Secret": "tags",
}
"""Where each container type keeps what people call tags."""


@dataclass(frozen=True)
class Container:
    """What the program says about one secret.

    Attributes:
        logical: Its logical name.
        key: What it is; the container's name ends in it.
        encrypted: Whether it has a customer-managed key.
        replicated: Whether it has replicas.
        read: Whether it names a reader.
        written: Whether it names a writer.
        parent: Logical name of a component that it is in.
        formerly: A logical name that it had, for an alias.
        formerly_at_the_top: Whether it had no parent, for an alias.
        transformed: Whether a transform on it adds a tag.
        provider: Whether it has an explicit provider, for another region, project or subscription.
        adopt: Id of an existing container to take over.
    """

    logical: str = "StripeApiKey"
    key: str = "stripe-api-key"
    service: str = "shop"
    environment: str = "production"
    description: str = "Charges cards"
    tags: tuple[tuple[str, str], ...] = (("team", "payments"),)
    owner: str | None = None
    max_age_days: int | None = None
    encrypted: bool = False
    replicated: bool = False
    read: bool = False
    written: bool = False
    retention: str = "keep"
    parent: str | None = None
    formerly: str | None = None
    formerly_at_the_top: bool = False
    transformed: bool = False
    provider: bool = False
    adopt: str | None = None

    @property
    def name(self) -> SecretName:
        return SecretName(service=self.service, environment=self.environment, key=self.key)


@dataclass(frozen=True)
class Code:
    """What a whole program says: its containers, and whether a stack-wide transform adds a tag."""

    containers: tuple[Container, ...] = field(default_factory=lambda: (Container(),))
    transformed: bool = False


class Platform(pulumi.ComponentResource):
    """A component of the user's own, to move a secret into."""

    def __init__(self, name: str) -> None:
        super().__init__("shop:index:Platform", name)


def written(code: Code, place: Place, way: Way) -> Callable[[], None]:
    """Return the program."""
    write = _with_package if way == "package" else _with_raw_resources

    def program() -> None:
        if code.transformed:
            pulumi.runtime.register_resource_transform(_add_tag)
        for container in code.containers:
            write(container, place, _options(container, place))

    return program


def _options(container: Container, place: Place) -> pulumi.ResourceOptions:
    aliases = []
    if container.formerly is not None:
        aliases.append(pulumi.Alias(name=container.formerly))
    if container.formerly_at_the_top:
        aliases.append(pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE))
    return pulumi.ResourceOptions(
        parent=Platform(container.parent) if container.parent is not None else None,
        aliases=aliases,
        transforms=[_add_tag] if container.transformed else None,
        provider=_provider(place) if container.provider else None,
    )


def _provider(place: Place) -> pulumi.ProviderResource:
    provider: pulumi.ProviderResource
    if place.cloud == "aws":
        provider = aws.Provider("elsewhere", region="eu-central-1")
    elif place.cloud == "gcp":
        provider = gcp.Provider("elsewhere", project="shop-staging")
    else:
        provider = azure_native.Provider(
            "elsewhere", subscription_id="44444444-4444-4444-4444-444444444444"
        )
    return provider


def _add_tag(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    where = _TAGGED.get(args.type_)
    if where is None:
        return None
    given: Any = args.props.get(where) or {}
    tags = {**given, "cost-center": "42"}
    return pulumi.ResourceTransformResult({**args.props, where: tags}, args.opts)


# With this package ------------------------------------------------------------------------------


def _with_package(container: Container, place: Place, opts: pulumi.ResourceOptions) -> None:
    Secret(
        container.logical,
        service=container.service,
        environment=container.environment,
        key=container.key,
        description=container.description,
        tags=dict(container.tags),
        **_given(
            retention=container.retention,
            owner=container.owner,
            max_age_days=container.max_age_days,
            encryption_key=container.encrypted and place.encryption_key,
            replicas=container.replicated and place.replicas,
            readers=container.read and [place.reader],
            writers=container.written and [place.writer],
            adopt=container.adopt,
        ),
        opts=opts,
    )


def _given(**arguments: Any) -> Any:
    return {name: given for name, given in arguments.items() if given}


# With raw resources -----------------------------------------------------------------------------


def _with_raw_resources(container: Container, place: Place, opts: pulumi.ResourceOptions) -> None:
    opts.import_ = container.adopt
    {"aws": _raw_aws, "gcp": _raw_gcp, "azure": _raw_azure}[place.cloud](container, place, opts)


def _tags(container: Container) -> dict[str, str]:
    facts = {"owner": container.owner, "max-age-days": container.max_age_days}
    return {**dict(container.tags), **{key: str(fact) for key, fact in facts.items() if fact}}


def _raw_aws(container: Container, place: Place, opts: pulumi.ResourceOptions) -> None:
    secret = aws.secretsmanager.Secret(
        container.logical,
        name=place.spelled(container.name),
        description=container.description,
        kms_key_id=place.encryption_key if container.encrypted else None,
        replicas=[{"region": region} for region in place.replicas]
        if container.replicated
        else None,
        recovery_window_in_days=0 if container.retention == "discard" else None,
        tags=_tags(container),
        opts=opts,
    )
    allowed = [
        {"Effect": "Allow", "Principal": {"AWS": who}, "Action": action, "Resource": "*"}
        for action, who, is_granted in (
            ("secretsmanager:GetSecretValue", place.reader, container.read),
            ("secretsmanager:PutSecretValue", place.writer, container.written),
        )
        if is_granted
    ]
    if allowed:
        aws.secretsmanager.SecretPolicy(
            f"{container.logical}-policy",
            secret_arn=secret.arn,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": allowed}),
        )


def _raw_gcp(container: Container, place: Place, opts: pulumi.ResourceOptions) -> None:
    replication: Any = {"auto": {}}
    if container.encrypted:
        key = {"kms_key_name": place.encryption_key}
        replication = {"auto": {"customer_managed_encryption": key}}
    if container.replicated:
        locations = [{"location": location} for location in place.replicas]
        replication = {"user_managed": {"replicas": locations}}
    secret = gcp.secretmanager.Secret(
        container.logical,
        secret_id=place.spelled(container.name),
        replication=replication,
        labels=dict(container.tags),
        annotations={"description": container.description, **_tags(container)},
        opts=opts,
    )
    for role, who, is_granted in (
        ("roles/secretmanager.secretAccessor", place.reader, container.read),
        ("roles/secretmanager.secretVersionAdder", place.writer, container.written),
    ):
        if is_granted:
            gcp.secretmanager.SecretIamMember(
                f"{container.logical}-{role.rsplit('.', 1)[-1]}",
                secret_id=secret.id,
                role=role,
                member=who,
            )


def _raw_azure(container: Container, place: Place, opts: pulumi.ResourceOptions) -> None:
    vault = pulumi.Config("infra-secrets").get("azureVaultId") or VAULT
    secret = azure_native.keyvault.Secret(
        container.logical,
        resource_group_name=vault.split("/")[4],
        vault_name=vault.rsplit("/", 1)[-1],
        secret_name=place.spelled(container.name),
        properties={"value": PLACEHOLDER},
        tags={"description": container.description, **_tags(container)},
        opts=opts,
    )
    for what, role, who, is_granted in (
        ("reader", SECRETS_USER, place.reader, container.read),
        ("writer", "33333333-3333-3333-3333-333333333333", place.writer, container.written),
    ):
        if is_granted:
            azure_native.authorization.RoleAssignment(
                f"{container.logical}-{what}",
                scope=secret.id,
                principal_id=who.rpartition(":")[2],
                role_definition_id=f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
            )
