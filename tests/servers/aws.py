"""AWS Secrets Manager by moto, in a thread of this process.

moto is wrong about some things that the package's client stands on. They are put right here, each with its reason
(`_Secrets`), so that a test says something about AWS; what stays different is listed in the reference of the clouds.
"""

import json
import os
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import timedelta
from typing import Any, Final, cast
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.secretsmanager.exceptions import InvalidParameterException, InvalidRequestException
from moto.secretsmanager.models import (
    FakeSecret,
    ReplicaSecret,
    SecretsManagerBackend,
    secretsmanager_backends,
)
from werkzeug.serving import WSGIRequestHandler, make_server

from infra_secrets.clouds import Place
from tests.servers import Fault

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
_JSON: Final = "application/x-amz-json-1.1"

# Status, code and text as AWS sends them.
_FAULTS: Final[Mapping[str, tuple[int, str, str]]] = {
    "denied": (
        400,
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/developer/somebody is not authorized to perform: "  # noqa: ISC004
        "secretsmanager:{call} on resource: arn:aws:secretsmanager:eu-central-1:123456789012:secret:x because no "
        "identity-based policy allows the secretsmanager:{call} action",
    ),
    "throttled": (400, "ThrottlingException", "Rate exceeded"),
    "down": (500, "InternalServiceError", "An error occurred on the server side."),
    "expired": (
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    ),
}


class CloudServer:
    """moto's Secrets Manager, its calls counted, its faults chosen."""

    place: Place = {"region": REGION}  # noqa: RUF012 (never changed)
    reads = frozenset({"GetSecretValue", "BatchGetSecretValue"})
    has_disabled = False
    has_binary = True

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.delay = 0.0
        self.ahead = timedelta()
        """How much its clock is ahead of this machine's."""
        self.before: Callable[[str], object] | None = None
        self._answers: dict[str, tuple[int, str, str]] = {}
        self._one_at_a_time = threading.Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def start(self) -> None:
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=self._handler()
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.reset()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.reset()

    def reset(self) -> None:
        self.calls.clear()
        self.delay = 0.0
        self.ahead = timedelta()
        self.before = None
        self._answers.clear()
        self.secrets = _Secrets(REGION, ACCOUNT)
        cast("Any", secretsmanager_backends[ACCOUNT])[REGION] = self.secrets

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def environment(self) -> Mapping[str, str | None]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "made-up-key-id",
            "AWS_SECRET_ACCESS_KEY": "made-up-access-key",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **dict.fromkeys(
                [
                    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION"),
                    *("AWS_SESSION_TOKEN", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"),
                    *("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_DEFAULTS_MODE"),
                ]
            ),
        }

    def nobody(self) -> Mapping[str, str | None]:
        return {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}

    def make(self, reference: str, *, fields: Sequence[str] = (), **facts: str) -> None:
        tags = {key.replace("_", "-"): text for key, text in facts.items()}
        if fields:
            tags["fields"] = " ".join(fields)
        self.secrets.create_secret(
            name=reference,
            secret_string=None,
            secret_binary=None,
            description=None,
            tags=[{"Key": f"infra-secrets:{key}", "Value": text} for key, text in tags.items()],
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )

    def put(self, reference: str, data: bytes, *, binary: bool = False) -> str:
        with self._one_at_a_time:
            done = self.secrets.put_secret_value(
                secret_id=reference,
                secret_string=None if binary else data.decode(),
                secret_binary=b64encode(data).decode() if binary else None,
                client_request_token=str(uuid4()),
                version_stages=["AWSCURRENT"],
            )
        return str(json.loads(done)["VersionId"])

    def present(self, reference: str) -> bytes:
        with self._one_at_a_time:
            found = self.secrets.get_secret_value(reference, "", "")
        if "SecretBinary" in found:
            return b64decode(found["SecretBinary"])
        return str(found["SecretString"]).encode()

    def stop_the_listing(self) -> None:
        """From now on the listing is behind, as AWS's can be: it shows what is there now."""
        self.secrets.listed = deepcopy([*self.secrets.secrets.values()])

    def disable(self, reference: str) -> None:
        raise NotImplementedError("AWS has no disabled versions")

    def delete(self, reference: str) -> None:
        self.secrets.delete_secret(
            reference, recovery_window_in_days=30, force_delete_without_recovery=False
        )

    def once(self, call: str, do: Callable[[], object]) -> None:
        def before(came: str) -> None:
            if came == call:
                self.before = None
                do()

        self.before = before

    def fail(self, fault: Fault, *calls: str) -> None:
        status, code, text = _FAULTS[fault]
        for call in calls or ("*",):
            self.answer(status, code, text.replace("{call}", call), call)

    def answer(self, status: int, code: str, text: str, call: str = "*") -> None:
        """From now on answer with an error of AWS, or with `text` as it is where there is no code."""
        body = json.dumps({"__type": code, "Message": text}) if code else text
        self._answers[call] = (status, code, body)

    def _handler(self) -> type[WSGIRequestHandler]:
        server = self

        class Handler(WSGIRequestHandler):
            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(
                    (timestamp or time.time()) + server.ahead.total_seconds()
                )

            def log(self, *_: Any) -> None:
                """Write no access log."""

        return Handler

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        self.calls.append(call)
        if self.delay:
            time.sleep(self.delay)  # what it stands for: a network
        if self.before:
            self.before(call)
        fault = self._answers.get(call) or self._answers.get("*")
        if fault is not None:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, code, body = fault
            kind = _JSON if code else "text/html"
            start_response(
                f"{status} ",
                [("Content-Type", kind), ("X-Amzn-RequestId", str(uuid4()))],
            )
            return [body.encode()]
        with self._one_at_a_time:  # as if each call were one transaction
            return list(self._moto(environ, start_response))


class _Secrets(SecretsManagerBackend):
    """moto's, with what it gets wrong put right."""

    listed: list[FakeSecret | ReplicaSecret] | None = None
    """What the listing shows; None for what is there."""

    def list_secrets(self, *args: Any, **kwargs: Any) -> tuple[list[dict[str, Any]], str | None]:
        if self.listed is None:
            return super().list_secrets(*args, **kwargs)
        behind = SecretsManagerBackend(self.region_name, self.account_id)
        for each in self.listed:
            behind.secrets[each.name] = each
        return behind.list_secrets(*args, **kwargs)

    def put_secret_value(self, secret_id: str, *args: Any, **kwargs: Any) -> str:
        # moto takes a value for a secret that is scheduled for deletion.
        if self._is_valid_identifier(secret_id) and self.secrets[secret_id].is_deleted():
            raise InvalidRequestException(
                "You can't perform this operation on the secret because it was marked for deletion."
            )
        return super().put_secret_value(secret_id, *args, **kwargs)

    def update_secret_version_stage(
        self,
        secret_id: str,
        version_stage: str,
        remove_from_version_id: str,
        move_to_version_id: str,
    ) -> tuple[str, str]:
        # moto forgets to make the version the one that a read gets, lets a label be on two versions, and
        # stumbles where no version has AWSCURRENT.
        versions = self.secrets[secret_id].versions if secret_id in self.secrets else {}
        holders = [id_ for id_, each in versions.items() if version_stage in each["version_stages"]]
        if move_to_version_id and holders and holders != [remove_from_version_id]:
            raise InvalidParameterException(
                f"When you move staging label {version_stage}, if you specify RemoveFromVersionId, it must be set to "
                f"the version that currently has the staging label {version_stage}."
            )
        if version_stage == "AWSCURRENT" and not holders and move_to_version_id in versions:
            versions[move_to_version_id]["version_stages"].append(version_stage)
            found = self.secrets[secret_id].arn, self.secrets[secret_id].name
        else:
            found = super().update_secret_version_stage(
                secret_id, version_stage, remove_from_version_id, move_to_version_id
            )
        secret = self.secrets[secret_id]
        if version_stage == "AWSCURRENT" and move_to_version_id and isinstance(secret, FakeSecret):
            secret.set_default_version_id(move_to_version_id)
            secret.last_changed_date = int(time.time())
        return found

    def batch_get_secret_value(
        self, secret_id_list: list[str] | None = None, *_: Any, **__: Any
    ) -> tuple[list[dict[str, Any]], list[Any], str | None]:
        # moto fails as a whole because of one secret without a value; AWS names it in `Errors`.
        values: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for each in secret_id_list or []:
            try:
                nothing: Any = None  # with "" it would speak of a version
                values.append(self.get_secret_value(each, nothing, nothing))
            except JsonRESTError as error:
                errors.append(
                    {"SecretId": each, "ErrorCode": error.error_type, "Message": error.message}
                )
        return values, errors, None

    def list_secret_version_ids(self, secret_id: str) -> str:
        # moto says of every version that it was made just now, and gives the name as the ARN.
        secret = self.describe_secret(secret_id)
        return json.dumps(
            {
                "ARN": secret.arn,
                "Name": secret.name,
                "Versions": [
                    {
                        "VersionId": id_,
                        "VersionStages": each["version_stages"],
                        "CreatedDate": each["createdate"],
                    }
                    for id_, each in secret.versions.items()
                    if each["version_stages"]
                ],
            }
        )
