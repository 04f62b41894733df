"""What is made up for: a resource or a function's answer, and the few facts that every text follows."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra_secrets.testing.computed import dialects

ACCOUNT: Final = "123456789012"
PROJECT: Final = "rehearsal"
SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
TENANT: Final = "11111111-1111-1111-1111-111111111111"


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource, or a function's answer.

    Attributes:
        token: The type's or function's token.
        name: The logical name; of a function its own name.
        seed: What tells it from all others: everything made up for it follows from this.
        inputs: What the program gave, plain.
        config: The provider's configuration, plain.
    """

    token: str
    name: str
    seed: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The Pulumi package, e.g. `aws`."""
        return self.token.partition(":")[0]

    @property
    def module(self) -> str:
        """The service in the token, e.g. `iam` of `aws:iam/role:Role`."""
        module = self.token.partition(":")[2].rpartition(":")[0]
        return module.partition("/")[0]

    @property
    def type(self) -> str:
        """The last part of the token, e.g. `Role`; of a function what it gets, `Ami` of `getAmi`."""
        name = self.token.rpartition(":")[2]
        return re.sub(r"^(get|list|lookup)(?=[A-Z])", "", name)

    def digits(self, path: str, count: int) -> str:
        """Return hexadecimal digits that belong to one place of this subject alone."""
        return hashlib.sha256(f"{self.seed}\0{path}".encode()).hexdigest()[:count]

    def number(self, path: str, count: int) -> str:
        """Return decimal digits, the first of which is not zero."""
        return str(int(self.digits(path, 40), 16) % (9 * 10 ** (count - 1)) + 10 ** (count - 1))

    def letters(self, path: str, count: int) -> str:
        """Return capital letters and digits."""
        alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        number = int(self.digits(path, 64), 16)
        return "".join(alphabet[(number >> (5 * place)) & 31] for place in range(count))

    def uuid(self, path: str) -> str:
        """Return a UUID."""
        return str(uuid.UUID(hex=self.digits(path, 32), version=4))

    def given(self, *keys: str) -> str | None:
        """Return the first of these inputs that is a text."""
        for key in keys:
            value = self.inputs.get(key)
            if isinstance(value, str) and value:
                return value
        return None

    def configured(self, *keys: str) -> str | None:
        """Return the first of these provider settings that is a text."""
        for key in keys:
            value = self.config.get(key)
            if isinstance(value, str) and value:
                return value
        return None

    def given_at(self, path: str) -> Mapping[str, Any]:
        """Return the object that the program gave at a path like `subnets[0]`; empty if it gave none."""
        found: Any = self.inputs
        for step in re.findall(r"[^.\[\]]+", path):
            if isinstance(found, list):
                found = found[int(step)] if step.isdigit() and int(step) < len(found) else None
            else:
                found = found.get(step) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    @property
    def dialect(self) -> dialects.Dialect:
        """How its cloud writes what it computes."""
        return dialects.of(self.package)

    @property
    def region(self) -> str:
        """The region that the program or the provider's configuration says, or a usual one."""
        return self.dialect.region(self)

    @property
    def zone(self) -> str:
        """A zone of the region."""
        return self.dialect.zone(self)

    @property
    def project(self) -> str:
        """The project, where a cloud has projects."""
        return self.given("project") or self.configured("project") or PROJECT

    @property
    def subscription(self) -> str:
        """The subscription, where a cloud has subscriptions."""
        return self.configured("subscriptionId") or SUBSCRIPTION

    @property
    def auto_name(self) -> str:
        """A name as a provider makes one up."""
        prefix = self.given("namePrefix", "bucketPrefix", "identifierPrefix")
        if prefix:
            return f"{prefix}{self.digits('name', 7)}"
        return f"{self.name}-{self.digits('name', 7)}"

    @property
    def own_name(self) -> str:
        """The name in its cloud: the one that the program gave, or a made-up one."""
        parts = words(self.type).split("_")
        ends = [camel("_".join(parts[start:])) for start in range(len(parts))]
        # `functionName` of a Function; `accountName` of a StorageAccount; `clusterIdentifier` of a Cluster
        keys = [f"{end}{said}" for said in ("Name", "Identifier") for end in ends]
        keys = ["name", "identifier", ends[0], f"{ends[0]}Id", *keys]
        return self.given(*keys) or self.auto_name

    @property
    def label(self) -> str:
        """The name as a part of a host's name."""
        return label(self.own_name)


def label(name: str) -> str:
    """Return a name as a part of a host's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]


def project_number(project: str) -> str:
    """Return the number of a project, made up from its id."""
    if project.isdigit():
        return project
    digest = int.from_bytes(hashlib.sha256(project.encode()).digest()[:8], "big")
    return str(10**11 + digest % (9 * 10**11))


def words(name: str) -> str:
    """Return a name in camelCase as small words with underscores."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return parted.replace("-", "_").lower()


def camel(name: str) -> str:
    """Return small words with underscores in camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def singular(name: str) -> str:
    """Return one of several, e.g. `address` of `addresses`."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("sses", "xes", "ches", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "options")) else name


def plural(name: str) -> str:
    """Return several of one, e.g. `policies` of `policy`."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"
