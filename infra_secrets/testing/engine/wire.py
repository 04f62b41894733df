"""Between the engine's messages and plain data: a request as `Request` and `Call`, a diff as a response."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from infra_secrets.testing.simulation import Call, Change, Diff, Request
from infra_secrets.testing.values import UNKNOWN, holds_unknown

_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def resource_request(package: str, message: Any, operation: str, **data: Any) -> Request:
    """Return what a message says of one resource.

    Args:
        package: The provider's package.
        message: The message.
        operation: The operation, as in `Request`.
        data: Properties and whether it is a preview, as in `Request`.
    """
    return Request(
        package,
        operation,
        _type_of(message),
        _name_of(message),
        message.urn,
        getattr(message, "id", ""),
        **data,
    )


def call_of(message: Any, config: Mapping[str, Any], run: int) -> Call:
    """Return what a message says besides the resource's own data.

    Args:
        message: The message.
        config: The provider instance's configuration.
        run: How many runs there were before.
    """
    autonaming = None
    if isinstance(message, provider_pb2.CheckRequest) and message.HasField("autonaming"):
        autonaming = message.autonaming
    return Call(
        config=config,
        name=_name_of(message),
        type=_type_of(message),
        urn=message.urn,
        # Not the engine's, which is another one at every run: a program's second rehearsal is like its first.
        seed=f"{message.urn} {run}".encode(),
        ignored=tuple(getattr(message, "ignoreChanges", ())),
        proposed_name=autonaming.proposed_name if autonaming is not None else None,
        autonaming_disabled=autonaming is not None
        and autonaming.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE,
    )


def _name_of(message: Any) -> str:
    return str(message.name or message.urn.split("::", 3)[-1])


def _type_of(message: Any) -> str:
    return str(message.type or message.urn.split("::")[2].rsplit("$", 1)[-1])


def setting(value: Any) -> Any:
    """Return a provider's setting as plain data: nested ones arrive as JSON in a string."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    return value


def foretold(outputs: dict[str, Any], request: Request) -> dict[str, Any]:
    """Return outputs with unknown values in a preview only, where alone the engine takes them."""
    if request.preview or not holds_unknown(outputs):
        return outputs
    return {key: value for key, value in outputs.items() if value is not UNKNOWN}


def diff_response(diff: Diff, ignored: Sequence[str]) -> Any:
    """Return a diff as the engine wants it.

    Args:
        diff: The diff.
        ignored: Paths of what the program says is to be ignored.
    """
    changes = [change for change in diff.changes if not _ignores(change, ignored)]
    replaces = sorted({change.key for change in changes if change.replaces})
    response = provider_pb2.DiffResponse(
        changes=(
            provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE
        ),
        replaces=replaces,
        diffs=sorted({change.key for change in changes}),
        deleteBeforeReplace=diff.delete_before_replace and bool(replaces),
        hasDetailedDiff=True,
    )
    for change in changes:
        response.detailedDiff[change.path].kind = _KINDS[change.kind, change.replaces]
    return response


def _ignores(change: Change, ignored: Sequence[str]) -> bool:
    return any(
        change.path == path or change.path.startswith((f"{path}.", f"{path}[")) for path in ignored
    )
