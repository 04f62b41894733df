"""What a failure of Google's client library means, as one of the package's own errors.

Nothing of an answer is repeated but a permission, a project, a version's number and the name of a code: an answer to
what was written could hold a part of it.
"""

import re
from dataclasses import dataclass
from typing import Any

from infra_secrets.clouds import to_set
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    DisabledError,
    NotFoundError,
    NotLoggedInError,
    ThrottledError,
    UnreachableError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName

LOGIN = "gcloud auth application-default login"
ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"

# `Secret Version [...] is in DISABLED state`: google-github-actions/get-secretmanager-secrets#268
_NOT_ENABLED = re.compile(r"versions/(?P<version>\d+)\] is in (?P<state>DISABLED|DESTROYED) state")
# google.rpc.ErrorInfo.metadata of reason SERVICE_DISABLED; google/api/error_reason.proto
_CONSUMER = re.compile(r"projects/([a-z0-9.:-]+)")
_PERMISSION = re.compile(r"secretmanager\.\w+\.\w+")
_PLUGIN = "Getting metadata from plugin failed"  # grpc: no token could be had for the call
# google.oauth2.utils.handle_error_response: the first argument of an OAuthError. These codes refuse: RFC 6749, 5.2.
_REFUSED = re.compile(r"Error code (invalid_|unauthorized_|unsupported_|access_denied)")
_OUT_OF_ORDER = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED", "CANCELLED"}
"""Codes that are no answer. What was sent may have arrived."""
_HOW_TO_GRANT = {
    "secretmanager.versions.access": "Put the identity into `readers=` of the Secret and run `pulumi up`.",
    "secretmanager.versions.add": "Put the identity into `writers=` of the Secret and run `pulumi up`.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of Secret Manager, for sentences about it."""

    project: str
    permission: str
    """What it takes."""
    name: SecretName | None = None
    spelled: str | None = None
    sends_a_value: bool = False

    @property
    def where(self) -> str:
        """Name the secret and its project."""
        if self.name is None:
            return f"the secrets of project {self.project}"
        return f"{self.name.reference} (secret {self.spelled} of project {self.project})"

    @property
    def to_set(self) -> str:
        """The command that sets its value."""
        reference = self.name.reference if self.name else ""
        return to_set(reference, "gcp", {"project": self.project})


def code_of(failure: BaseException) -> str | None:
    """Name the status that GCP answered, e.g. `NOT_FOUND`; None if it is no answer of GCP."""
    code = getattr(_last(failure), "grpc_status_code", None)
    return None if code is None else str(code.name)


def _last(failure: BaseException) -> Any:
    """Take the failure of the last try out of the error that says that there is no time for another one."""
    return getattr(failure, "cause", None) or failure


def of_call(failure: BaseException, asked: Asked) -> AccessError:
    """Say what a call's failure means.

    Args:
        failure: A `google.api_core.exceptions.GoogleAPIError`.
        asked: What was asked.
    """
    code, last = code_of(failure), _last(failure)
    message = str(getattr(last, "message", ""))
    if _PLUGIN in message or code == "UNAUTHENTICATED":
        return not_logged_in("GCP does not accept the login, or it has expired.")
    if code is None or code in _OUT_OF_ORDER:
        return _unreachable(code, message, asked)
    match code:
        case "NOT_FOUND":
            trouble = not_found(asked)
        case "PERMISSION_DENIED":
            trouble = _denied(last, message, asked)
        case "RESOURCE_EXHAUSTED":
            trouble = ThrottledError(
                f"GCP's quota is used up for the moment; asked for was {asked.where}.",
                "Try again in a minute. Secret Manager takes 600 reads of metadata, 600 writes and 90,000 reads of "
                "values a minute in a project, and 2 writes a second in a secret.",
            )
        case _ if found := _NOT_ENABLED.search(message):
            trouble = disabled(asked, found["version"], destroyed=found["state"] == "DESTROYED")
        case _:
            trouble = _refused(code, last, asked)
    return trouble


def _refused(code: str, last: Any, asked: Asked) -> AccessError:
    return AccessError(
        f"GCP refused it with {code}{_reason(last)}; asked for was {asked.where}.",
        "Look at Secret Manager's page of the project, and whether a key of Cloud KMS that encrypts it is enabled: "
        f"https://console.cloud.google.com/security/secret-manager?project={asked.project}",
    )


def _reason(last: Any) -> str:
    reason = str(getattr(last, "reason", None) or "")
    return f" ({reason})" if re.fullmatch(r"[A-Z_]+", reason) else ""


def _denied(last: Any, message: str, asked: Asked) -> AccessError:
    reason = str(getattr(last, "reason", None) or "")
    project = asked.project
    if reason == "SERVICE_DISABLED" or "API has not been used in project" in message:
        found = _CONSUMER.fullmatch(str((getattr(last, "metadata", None) or {}).get("consumer")))
        # The project that pays for the call, which a login can name, may be another one.
        consumer = found[1] if found else project
        return WrongPlaceError(
            f"Secret Manager is not switched on in project {consumer}; asked for was {asked.where}.",
            "If it is the right project, run: gcloud services enable secretmanager.googleapis.com "
            f"--project={consumer}",
        )
    if reason == "CONSUMER_INVALID" or message.startswith("Permission denied on resource project"):
        return WrongPlaceError(
            f"There is no project {project}, or this login may see nothing of it: GCP answers both alike.",
            "Give the project's id, with GOOGLE_CLOUD_PROJECT, say. Those that the login sees: gcloud projects list",
        )
    if reason == "USER_PROJECT_DENIED":
        return DeniedError(
            f"The login may not use its quota project; asked for was {asked.where}.",
            f"Run: gcloud auth application-default set-quota-project {project}",
        )
    if reason and reason != "IAM_PERMISSION_DENIED":
        return DeniedError(
            f"GCP denies it{_reason(last)}; asked for was {asked.where}.",
            "This is a rule of the project or its organisation and no grant on the secret: ask who runs them.",
        )
    named = _PERMISSION.search(message)
    permission = named[0] if named else asked.permission
    grant = f"gcloud projects add-iam-policy-binding {project} --member=user:YOU --role=roles/secretmanager.viewer"
    missing, way_out = "project", f"Grant it: {grant}"
    if asked.name is not None:
        missing = "secret or project"
        way_out = f"{_HOW_TO_GRANT['secretmanager.versions.add']} To look at every secret without setting any: {grant}"
    return DeniedError(
        f"The login may not do this: {permission} is denied for {asked.where}. Or there is no such {missing}: GCP "
        "answers both alike.",
        _HOW_TO_GRANT.get(permission, way_out),
    )


def _unreachable(code: str | None, message: str, asked: Asked) -> UnreachableError:
    if "CERTIFICATE_VERIFY_FAILED" in message:
        found = (
            "The certificate of what answers in GCP's place is not trusted; a proxy, maybe. No login was sent; "
            f"asked for was {asked.where}."
        )
        way_out = (
            "If it is your organisation's proxy, name the file with its certificate in "
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH and REQUESTS_CA_BUNDLE."
        )
        return UnreachableError(found, way_out)
    code = code or "no code"
    if asked.sends_a_value:
        # Sent once only: Google's library repeats this call no more than this package does.
        lost = UnreachableError(
            f"GCP did not answer ({code}) when the value of {asked.where} was sent. It may be stored, or not.",
            "When GCP answers again, set it again: if it was stored, that only makes one more version, or is "
            "refused as equal to the present value.",
        )
        lost.in_doubt = True
        return lost
    return UnreachableError(
        f"GCP does not answer ({code}); asked for was {asked.where}. This is no denial.",
        "Check the network, DNS and proxy, https://status.cloud.google.com, and "
        f"{ENDPOINT} if it is set; then try again.",
    )


def not_found(asked: Asked) -> AccessError:
    """Say that there is no such secret."""
    if asked.name is None:
        return WrongPlaceError(
            f"There is no project {asked.project}.",
            "Give the project's id, with GOOGLE_CLOUD_PROJECT, say. Those that the login sees: gcloud projects list",
        )
    return NotFoundError(
        f"There is no container {asked.where}.",
        "Containers are made by code: declare it as a Secret and run `pulumi up`. If it is there already, look in "
        "its own project.",
    )


def disabled(asked: Asked, version: str, *, destroyed: bool) -> DisabledError:
    """Say that the present version cannot be read. No older one takes its place."""
    if destroyed:
        return DisabledError(
            f"The present version of {asked.where}, {version}, was destroyed.",
            f"Set a new value: {asked.to_set}",
        )
    return DisabledError(
        f"The present version of {asked.where}, {version}, is disabled.",
        f"Enable it: gcloud secrets versions enable {version} --secret={asked.spelled} --project={asked.project}; or "
        f"set a new value: {asked.to_set}",
    )


def not_logged_in(found: str) -> NotLoggedInError:
    """Say how to log in."""
    return NotLoggedInError(
        found,
        f"Run: {LOGIN}. A service logs in by its own service account: see its workload identity, or the file that "
        "GOOGLE_APPLICATION_CREDENTIALS names.",
    )


def no_login() -> NotLoggedInError:
    """Say that there is no login."""
    return not_logged_in(
        "There is no login: Google's Application Default Credentials were not found, or their file is not usable."
    )


def login_out_of_order() -> UnreachableError:
    """Say that who renews logins gives no proper answer."""
    return UnreachableError(
        "Google's login service is out of order, or something else answers in its place. This is no denial.",
        "Look at the network, at a proxy and at https://status.cloud.google.com; then try again.",
    )


def of_renewal(failure: BaseException) -> AccessError:
    """Say why a login cannot be renewed: what a `google.auth.exceptions.GoogleAuthError` means."""
    kinds = {each.__name__ for each in type(failure).__mro__}
    inner = failure.args[0] if failure.args else None
    if "TransportError" in kinds or type(inner).__name__ == "TransportError":
        return UnreachableError(
            "Google's login service does not answer. This is no denial.",
            "Check the network, DNS and proxy, and https://status.cloud.google.com; then try again.",
        )
    if getattr(failure, "retryable", False) or (
        "OAuthError" in kinds and not _REFUSED.match(str(inner))
    ):
        return login_out_of_order()
    return not_logged_in("The login to GCP has expired, or was revoked.")
