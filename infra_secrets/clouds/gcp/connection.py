"""How Secret Manager is called: who is logged in, time-outs, what is tried again, and what a failure means.

Only over TLS. What is asked, and what the answers mean, is in `values`.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from infra_secrets import clouds
from infra_secrets.clouds.gcp import failures
from infra_secrets.clouds.gcp.failures import Asked
from infra_secrets.errors import AccessError

EXTRA = "runtime-gcp"
CALL_SECONDS = 10.0
"""How long one call may take, where nothing else is said."""
PATIENCE_SECONDS = 8.0
"""How long calls are repeated, with growing random pauses, while GCP does not answer or the quota is used up."""

# What Google's login library lets through of a file or an answer that is not of the form that it expects.
UNUSABLE = (ValueError, TypeError, LookupError, AttributeError, OSError)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# google-cloud-secret-manager 2.32.0: at DEBUG, also by GOOGLE_SDK_PYTHON_LOGGING_SCOPE, this logger gets every request
# and response in full, with the values in them.
_LOGGER = "google.cloud.secretmanager_v1.services.secret_manager_service.transports.grpc"


class Login:
    """Application Default Credentials: looked for when first needed, and renewed by one thread at a time.

    Google's library would renew them in every call that runs at the time, and hide in an answer of gRPC why it cannot.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._found: tuple[Any, str | None] | None = None

    def _default(self) -> tuple[Any, str | None]:
        with self._lock:
            if self._found is None:
                auth = clouds.client_library("google.auth", "Google's login library", EXTRA)
                try:
                    self._found = auth.default(scopes=[_SCOPE])
                except (auth.exceptions.GoogleAuthError, *UNUSABLE):
                    trouble = failures.no_login()
                else:
                    return self._found
                raise trouble
            return self._found

    def project(self) -> str | None:
        """Find the login's project; None if it has none, or there is no login."""
        try:
            return self._default()[1]
        except AccessError:
            return None

    def credentials(self) -> Any:
        """Find them, valid for some minutes at least.

        Raises:
            NotLoggedInError: There are none, or they cannot be renewed.
            UnreachableError: Who renews them does not answer.
        """
        credentials = self._default()[0]
        # A service account's key signs its own tokens, for each call's host.
        if hasattr(credentials, "with_always_use_jwt_access"):
            return credentials
        auth = clouds.client_library("google.auth", "Google's login library", EXTRA)
        requests = clouds.client_library(
            "google.auth.transport.requests", "Google's login library", EXTRA
        )
        with self._lock:
            if credentials.valid:
                return credentials
            try:
                # Google's own time-out is two minutes: google.auth.transport.requests.
                credentials.refresh(partial(requests.Request(), timeout=CALL_SECONDS))
            except auth.exceptions.GoogleAuthError as failure:
                trouble = failures.of_renewal(failure)
            except UNUSABLE:
                trouble = failures.login_out_of_order()
            else:
                return credentials
        raise trouble


class _WithoutValues(logging.Filter):
    """Takes requests and responses out of what Google's library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, without them."""
        for part in ("request", "response"):
            if hasattr(record, part):
                setattr(record, part, None)
        return True


_WITHOUT_VALUES = _WithoutValues()

_Make = Callable[[Any, Mapping[str, Any]], Any]
"""Makes a call of a client with the library's `retry` and `timeout`. What it sends is in no frame but its own."""


class Connection:
    """Google's client, made when it is first used; several threads may use it at once."""

    def __init__(self, login: Login, endpoint: str | None) -> None:
        self.library = clouds.client_library(
            "google.cloud.secretmanager_v1", "The client library of GCP Secret Manager", EXTRA
        )
        self._login = login
        self._endpoint = endpoint
        self._service: Any = None
        self._lock = threading.Lock()

    def call(
        self,
        asked: Asked,
        make: _Make,
        *,
        missing_is_none: bool = False,
        seconds: float | None = None,
    ) -> Any:
        """Make a call, and say in the package's own words what its failure means.

        The error is raised outside of the handler, so that nothing leads from it to the frames of Google's library,
        which hold what was sent and received.
        """
        service = self.service()
        errors, retry = self.api("exceptions"), self.api("retry")
        again = [errors.ResourceExhausted]
        if not asked.sends_a_value:
            again.append(errors.ServiceUnavailable)
        how = {
            "retry": retry.Retry(
                predicate=retry.if_exception_type(*again),
                initial=0.25,
                maximum=5.0,
                multiplier=2.0,
                timeout=PATIENCE_SECONDS,
            ),
            "timeout": self.api("timeout").ConstantTimeout(seconds or CALL_SECONDS),
        }
        try:
            return make(service, how)
        except errors.GoogleAPIError as failure:
            if missing_is_none and failures.code_of(failure) == "NOT_FOUND":
                return None
            trouble = failures.of_call(failure, asked)
        raise trouble

    def begin_to_read(self, service: Any, path: str) -> Any:
        """Begin to read a value, and do not wait for it; a thread for each would take longer than most calls."""
        header = self.api("gapic_v1.routing_header").to_grpc_metadata({"name": path})
        return service.transport.access_secret_version.future(
            self.library.AccessSecretVersionRequest(name=path),
            timeout=CALL_SECONDS,
            metadata=[header],
        )

    def api(self, module: str) -> Any:
        """Find a module of what all of Google's client libraries share."""
        return clouds.client_library(f"google.api_core.{module}", "Google's API library", EXTRA)

    def service(self) -> Any:
        """Log in where that is needed, and make the client when it is first used."""
        credentials = self._login.credentials()
        auth = clouds.client_library("google.auth", "Google's login library", EXTRA)
        with self._lock:
            if self._service is None:
                logging.getLogger(_LOGGER).addFilter(_WITHOUT_VALUES)
                options = {"api_endpoint": self._endpoint} if self._endpoint else {}
                try:
                    self._service = self.library.SecretManagerServiceClient(
                        credentials=credentials, client_options=options
                    )
                except (auth.exceptions.GoogleAuthError, *UNUSABLE):
                    trouble = failures.no_login()
                else:
                    return self._service
                raise trouble
            return self._service

    def close(self) -> None:
        """Close the channel."""
        with self._lock:
            service, self._service = self._service, None
        if service is not None:
            service.transport.close()
