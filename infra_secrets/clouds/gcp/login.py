"""Who is logged in to GCP, by Application Default Credentials, and what that identity may do.

Asked are Google's userinfo and `testIamPermissions`, of the project and of each secret. That method says what a caller
holds, and never uses it; Google says of it that it "may fail open" (google.cloud.secretmanager test_iam_permissions).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self

from infra_secrets import clouds
from infra_secrets.clouds import Place
from infra_secrets.clouds.gcp import SPELLING, failures
from infra_secrets.clouds.gcp.connection import UNUSABLE
from infra_secrets.clouds.gcp.values import CLIENT_EXTRA, ENDPOINT, PROJECT
from infra_secrets.clouds.login import Identity, Rights
from infra_secrets.errors import AccessError, UnreachableError, WrongPlaceError
from infra_secrets.rules.naming import SecretName

CLIENT_LIBRARY = "google.cloud.secretmanager_v1"
FOLDER = "~/.config/gcloud"
HOST = "googleapis.com"
ADDRESSES = (ENDPOINT,)

USERINFO = "https://openidconnect.googleapis.com/v1/userinfo"
PROJECTS = "https://cloudresourcemanager.googleapis.com/v1/projects/"
SECRETS = "https://secretmanager.googleapis.com"
CREATE, READ = "secretmanager.secrets.create", "secretmanager.versions.access"

_SECONDS = 8.0
_AT_ONCE = 16
_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_EMAIL = "https://www.googleapis.com/auth/userinfo.email"
_LOGIN = "Google's login library"


def place(config: Mapping[str, str]) -> Place:
    """Read the project of the stack's default provider."""
    project = config.get("gcp:project")
    return {} if project is None else {"project": project}


def identity(place: Place) -> Identity:
    """Ask Google's userinfo, which a login with the usual scopes may read; else say what the login's file says."""
    del place  # A login is of no project.
    credentials, project = _credentials()
    with _Session(credentials) as session:
        answer = session.ask("GET", USERINFO)
    email = answer.body.get("email") or _name_of(credentials)
    project = PROJECT.read() or project
    return Identity(
        who=str(email or "an account whose e-mail address the login does not tell"),
        place={"project": project} if project else {},
        clock=answer.clock,
        local=datetime.now(UTC),
    )


def rights(
    place: Place, service: str, environment: str | None, wanted: Mapping[SecretName, str | None]
) -> Rights:
    """Ask `testIamPermissions` of the project, and of each secret."""
    del (
        service,
        environment,
    )  # Roles on a project are for every service in it, unless they have a condition.
    credentials, of_login = _credentials()
    project = place.get("project") or PROJECT.read() or of_login
    if not project:
        raise WrongPlaceError(
            "The GCP project is not known.",
            f"Name it: export {PROJECT}=PROJECT_ID. Those that the login sees: gcloud projects list",
        )
    host = (ENDPOINT.read() or SECRETS).rstrip("/")
    host = host if "://" in host else f"https://{host}"
    with _Session(credentials) as session, ThreadPoolExecutor(_AT_ONCE) as threads:
        whole = threads.submit(session.holds, f"{PROJECTS}{project}", CREATE, READ)
        single = {
            name: threads.submit(
                session.holds,
                f"{host}/v1/projects/{project}/secrets/{SPELLING.spell(name)}",
                READ,
            )
            for name in wanted
        }
        held = whole.result()
        read = {name: found.result() for name, found in single.items()}
    notes: tuple[str, ...] = ()
    to_find_out = ""
    if held is None:
        notes = (f"What it may do in project {project} could not be asked.",)
        to_find_out = (
            "That takes the Cloud Resource Manager API (gcloud services enable cloudresourcemanager.googleapis.com "
            f"--project={project}) and a login that sees the project (resourcemanager.projects.get)."
        )
    return Rights(
        create=None if held is None else CREATE in held,
        read={name: None if found is None else READ in found for name, found in read.items()},
        read_any=None if held is None else READ in held,
        notes=notes,
        to_find_out=to_find_out,
    )


def _credentials() -> tuple[Any, str | None]:
    """Find the login, with a token; the one that `values` uses, and where it can be with the scope of an address.

    Raises:
        MissingExtraError: google-auth is not installed.
        NotLoggedInError: There is none, or it has expired.
        UnreachableError: Who renews it does not answer.
    """
    auth = clouds.client_library("google.auth", _LOGIN, CLIENT_EXTRA)
    requests = clouds.client_library("google.auth.transport.requests", _LOGIN, CLIENT_EXTRA)
    trouble: AccessError = failures.no_login()
    for scopes in ([_PLATFORM, _EMAIL], [_PLATFORM]):
        try:
            credentials, project = auth.default(scopes=scopes)
        except (auth.exceptions.GoogleAuthError, *UNUSABLE):
            break
        try:
            credentials.refresh(_bounded(requests.Request()))
        except auth.exceptions.GoogleAuthError as failure:
            trouble = failures.of_renewal(failure)
            if "invalid_scope" not in str(failure):
                break
        except UNUSABLE:
            trouble = failures.login_out_of_order()
            break
        else:
            return credentials, project
    raise trouble


def _bounded(request: Any) -> Any:
    """Give what asks for a token a time-out; Google's own is two minutes."""

    def ask(*args: Any, **kwargs: Any) -> Any:
        return request(*args, **{**kwargs, "timeout": _SECONDS})

    return ask


def _out_of_order(who: str, status: int) -> UnreachableError:
    return UnreachableError(
        f"{who} is out of order (HTTP {status}). This is no denial.",
        "Look at https://status.cloud.google.com, and try again.",
    )


def _name_of(credentials: Any) -> str | None:
    """Read who a login's file says that it is."""
    for attribute in ("service_account_email", "account"):
        found = getattr(credentials, attribute, None)
        if found and found != "default":
            return str(found)
    return None


class _Answer:
    def __init__(self, response: Any) -> None:
        self.status = int(response.status_code)
        date = response.headers.get("date")
        self.clock = parsedate_to_datetime(date) if date else None
        try:
            body = response.json()
        except ValueError:
            body = {}
        self.body: Mapping[str, Any] = body if isinstance(body, dict) else {}


class _Session:
    """Calls of Google's REST APIs, with the login's token in a header."""

    def __init__(self, credentials: Any) -> None:
        self._auth = clouds.client_library("google.auth", _LOGIN, CLIENT_EXTRA)
        transport = clouds.client_library("google.auth.transport.requests", _LOGIN, CLIENT_EXTRA)
        self._requests = clouds.client_library("requests", _LOGIN, CLIENT_EXTRA)
        self._session = transport.AuthorizedSession(credentials, refresh_timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> _Answer:
        """Make a call.

        Raises:
            UnreachableError: There is no answer, or one that says that Google is out of order.
        """
        host = url.split("/")[2]
        try:
            answer = _Answer(self._session.request(method, url, json=body, timeout=_SECONDS))
        except self._auth.exceptions.GoogleAuthError as failure:
            trouble: AccessError = failures.of_renewal(failure)
        except self._requests.exceptions.SSLError:
            trouble = UnreachableError(
                f"{host} shows a certificate that is not trusted here.",
                "If it is your organisation's proxy, name the file with its certificate in REQUESTS_CA_BUNDLE.",
            )
        except self._requests.exceptions.RequestException as failure:
            trouble = UnreachableError(
                f"{host} does not answer ({type(failure).__name__}). This is no denial.",
                "Check the network, DNS and proxy, and https://status.cloud.google.com; then try again.",
            )
        else:
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return answer
            trouble = _out_of_order(host, answer.status)
        raise trouble

    def holds(self, resource: str, *permissions: str) -> set[str] | None:
        """Say which permissions the login holds on something; None if it may not be asked."""
        answer = self.ask("POST", f"{resource}:testIamPermissions", {"permissions": [*permissions]})
        if answer.status != HTTPStatus.OK:
            return None
        return set(map(str, answer.body.get("permissions") or ()))
