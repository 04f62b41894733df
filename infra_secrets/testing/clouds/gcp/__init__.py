"""GCP Secret Manager, as far as it decides whether a value survives, and pulumi-gcp on top of it.

`SimulatedGcp` is what an operator does by hand with the service (`service.py`, `settings.py`,
`members.py`). Its provider is `resources.py` (`Secret`, `SecretIamMember`), `versions.py`
(`SecretVersion`) and `functions.py` (`getSecret`, and what programs ask about the project). Each file
has its rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from infra_secrets.testing.clouds.gcp import members, resources, service
from infra_secrets.testing.clouds.gcp.functions import functions
from infra_secrets.testing.clouds.gcp.resources import SecretIamMemberType, SecretType, imitated
from infra_secrets.testing.clouds.gcp.service import DEFAULT_PROJECT, Secret, SecretManager
from infra_secrets.testing.clouds.gcp.versions import SecretVersionType
from infra_secrets.testing.esc.providers import EscLogin, EscSecrets, Provider
from infra_secrets.testing.simulation import (
    Call,
    CloudError,
    Function,
    Request,
    ResourceType,
    Rule,
    SimulatedCloud,
    State,
    only,
    only_or_none,
)
from infra_secrets.testing.values import unwrap

__all__ = ["DEFAULT_PROJECT", "RULES", "SecretManager", "SimulatedGcp"]

RULES: Final = (*resources.RULES, *service.RULES, *members.RULES)


class SimulatedGcp(SimulatedCloud):
    """GCP Secret Manager with pulumi-gcp. A scope is a project. For the arguments see the base."""

    cloud: ClassVar[str] = "gcp"
    package: ClassVar[str] = "gcp"
    rules: ClassVar[tuple[Rule, ...]] = RULES
    principals: ClassVar[Sequence[str]] = (
        "serviceAccount:api@rehearsal.iam.gserviceaccount.com",
        "group:ops@example.com",
    )
    ordinary_config: ClassVar[Mapping[str, str]] = {"gcp:project": DEFAULT_PROJECT}
    usual_config: ClassVar[Mapping[str, str]] = {
        **ordinary_config,
        "gcp:region": "europe-west1",
        "gcp:zone": "europe-west1-b",
    }
    store_provider: ClassVar[str] = "gcpsm"
    # https://www.pulumi.com/docs/esc/integrations/dynamic-login-credentials/ (Outputs)
    # https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/gcp-secrets/ (Inputs)
    esc_providers: ClassVar[Sequence[Provider]] = (
        EscLogin("gcp-login", invented=("accessToken",), passed_on=("project",)),
        EscSecrets("gcp-secrets", wanted="access", id="name", current={"version": "latest"}),
    )
    container_types: ClassVar[frozenset[str]] = frozenset(
        {"gcp:secretmanager/secret:Secret", "gcp:secretmanager/secretIamMember:SecretIamMember"}
    )

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.service = SecretManager(self.without)

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """`Secret`, `SecretIamMember` and `SecretVersion`."""
        return {
            "gcp:secretmanager/secret:Secret": SecretType(self.service),
            "gcp:secretmanager/secretIamMember:SecretIamMember": SecretIamMemberType(self.service),
            "gcp:secretmanager/secretVersion:SecretVersion": SecretVersionType(self.service),
        }

    def meet(self, request: Request) -> None:
        """Refuse a grant to nobody, on whatever resource it is."""
        super().meet(request)
        if request.operation == "check":
            members.check_members(request.type, unwrap(request.properties), self.keeps)

    def values_written(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        """A version in Secret Manager, global or regional."""
        del inputs
        versions = {
            "gcp:secretmanager/secretVersion:SecretVersion",
            "gcp:secretmanager/regionalSecretVersion:RegionalSecretVersion",
        }
        return ("secretData", "secretDataWo") if token in versions else ()

    def imitate(
        self, token: str, inputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """Answer for a `Secret` and a `SecretIamMember`."""
        members.check_members(token, inputs, self.keeps)
        return imitated(self.service, token, inputs, call)

    @property
    def functions(self) -> Mapping[str, Function]:
        """What programs ask about the project and a secret."""
        return functions(self.service)

    def store_scope(self, provider: Mapping[str, Any]) -> str | None:
        """Return the project of a SecretStore's provider."""
        return provider.get("projectID")

    def store_name(self, key: str) -> str:
        """Return the key: a name here is not a path."""
        if "/" in key:
            raise CloudError(
                "InvalidArgument",
                "unable to access Secret from SecretManager Client: rpc error: code ="
                f" InvalidArgument: projects/…/secrets/{key} does not match the expected format",
            )
        return key

    # What an operator does by hand -----------------------------------------------------------------

    def _found(self, name: str, scope: str | None) -> list[tuple[str, Secret]]:
        return [
            (project, secret)
            for (project, _), secret in self.service.secrets.items()
            if name in secret.names and scope in {None, project}
        ]

    def _find(self, name: str, scope: str | None) -> Secret:
        return only(self._found(name, scope), name, "project")

    def _find_or_none(self, name: str, scope: str | None) -> Secret | None:
        return only_or_none(self._found(name, scope), name, "project")

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        secret = self._find(name, scope)
        self.service.add_version(secret.project, secret.id, value)

    def disable(self, name: str, scope: str | None = None) -> None:
        """Disable the newest version."""
        latest = self._find(name, scope).latest
        if latest is not None:
            latest.state = "DISABLED"

    def _read(self, name: str, scope: str | None) -> str:
        secret = self._find_or_none(name, scope)
        if secret is None:
            raise service.not_found(name)
        return self.service.access_latest(secret.project, secret.id)

    def versions(self, name: str, scope: str | None = None) -> list[str]:
        """Return every payload that is not destroyed, oldest first."""
        secret = self._find_or_none(name, scope)
        versions = secret.versions if secret is not None else []
        return [version.payload for version in versions if version.payload is not None]

    def delete(self, name: str, scope: str | None = None) -> None:
        """Delete the secret, for good."""
        secret = self._find(name, scope)
        self.service.delete(secret.project, secret.id)

    def restore(self, name: str, scope: str | None = None) -> None:
        """Fail: nothing brings back a deleted secret."""
        del scope
        raise CloudError(
            "NOT_FOUND", f"GCP deletes at once and for good: nothing can bring back {name!r}"
        )

    def describe(self, name: str, scope: str | None = None) -> dict[str, Any]:
        """Return what GetSecret shows, the IAM bindings and the state of each version."""
        secret = self._find(name, scope)
        return {
            **secret.settings,
            "name": secret.name,
            "project": secret.project,
            "secretId": secret.id,
            "bindings": [{"role": role, "member": member} for role, member in secret.bindings],
            "versions": {str(version.number): version.state for version in secret.versions},
        }

    def names(self, scope: str | None = None) -> list[str]:
        """Return the ids of all secrets."""
        return sorted(
            its_id for project, its_id in self.service.secrets if scope in {None, project}
        )

    def state(self, name: str, scope: str | None = None) -> State:
        """Return `missing`, `empty`, `set`, or `disabled` where `latest` cannot be read."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return "missing"
        if secret.latest is None:
            return "empty"
        return "set" if self.value(name, scope) is not None else "disabled"
