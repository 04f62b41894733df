"""How values are read and written in AWS Secrets Manager, by boto3.

Time-outs, retries, endpoints and logins are the client library's, by its own variables and profiles. A secret is never
made, deleted or restored here, and no value is asked for to look at one.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from infra_secrets import clouds
from infra_secrets.clouds import Place
from infra_secrets.clouds.aws import FIELDS_TAG, SPELLING, trouble
from infra_secrets.clouds.aws.trouble import (
    Asked,
    aws_s_clock,
    did_nothing,
    failure,
    no_answer,
    no_such_region,
    refusal,
    scheduled,
)
from infra_secrets.clouds.values import Described, State, Value, Written
from infra_secrets.component.settings import Variable
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    NotLoggedInError,
    SecretNameError,
    ThrottledError,
    UnreachableError,
    ValueRefusedError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import snake

CLIENT_EXTRA = "runtime-aws"
LOGIN = trouble.LOGIN
REGION = Variable(
    "AWS_REGION",
    "AWS's own: the region whose secrets are read and written at run time and by the command line.",
    "`AWS_DEFAULT_REGION`",
)
DEFAULT_REGION = Variable(
    "AWS_DEFAULT_REGION", "AWS's own: the same, looked at second.", "the region of the AWS profile"
)
PLACE: Mapping[str, Sequence[Variable]] = {"region": (REGION, DEFAULT_REGION)}
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html: bytes, where the API's model
# (botocore, SecretStringType) counts characters.
MAX_BYTES = 65_536
# ListSecretVersionIds, 50 a second: so the page was in 2022 (awsdocs/aws-secrets-manager-docs, reference_limits.md),
# and that it still is, is unverified. DescribeSecret has 10,000 a second.
CALLS_A_MINUTE = 3_000
STATUS_PERMISSIONS = (
    "secretsmanager:ListSecrets",
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecretVersionIds",
)

_CURRENT = "AWSCURRENT"
_WRITES = {"PutSecretValue", "UpdateSecretVersionStage"}
_ANSWERS = {"ARN", "SecretList", "SecretValues", "Errors"}  # each answer has one of these
_STAGED = "infra-secrets-staged"
"""The label of a value that is not the present one yet."""
# botocore, service-2.json: SecretIdListType, MaxResultsType
_BATCH = 20
_PAGE = 100
_AT_ONCE = 20  # connections and threads
_FEW = 20  # unset ones of a listing, which are asked about again: in the time of a call or two
# Seconds; botocore's own default is 60 for each, and 60 more for each retry.
_TO_CONNECT = 5
_TO_ANSWER = 20
_CLOCKS_APART = timedelta(minutes=5)  # what AWS takes of a signature
_SHORTEST_WINDOW = timedelta(days=6)  # AWS's is 7 days or more

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_open: ContextVar[list[object] | None] = ContextVar("open", default=None)
"""What one of our calls sent that may have worked: the library repeats calls. None where none of ours runs."""


class _NoValues(logging.Filter):
    """Keeps what botocore logs at DEBUG of our calls out of every log: whole requests and answers.

    Also what is signed, because a weak value could be guessed from the hash of its request.
    """

    # botocore/endpoint.py make_request, parsers.py parse, auth.py SigV4Auth
    LOGGERS = ("botocore.endpoint", "botocore.parsers", "botocore.auth")

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop it if it is about one of our calls."""
        return _open.get() is None or record.levelno > logging.DEBUG


_NO_VALUES = _NoValues()


def refused(value: Value) -> str | None:
    """Say why Secrets Manager cannot store a value unchanged."""
    if not value.data:
        return f"is empty, and {SPELLING.title} stores no empty value"
    if len(value.data) > MAX_BYTES:
        return f"has {len(value.data):,} bytes, and {SPELLING.title} takes at most {MAX_BYTES:,}"
    if value.binary:
        return None
    if b"\0" in value.data:
        return "has a NUL character, which no environment variable can hold; store it as binary"
    try:
        value.data.decode()
    except UnicodeDecodeError:
        return "is not UTF-8 text; store it as binary"
    return None


def restoring(name: str, place: Place) -> str | None:
    """Write the command that takes the deletion back."""
    return trouble.RESTORE.format(name=name, region=place["region"])


def connect(place: Place) -> "SecretsManager":
    """Make a client by the login in the environment, a profile or the workload's role. Nothing is sent yet.

    Raises:
        MissingExtraError: boto3 is not installed.
        WrongPlaceError: No region is known.
        NotLoggedInError: The profile that is named does not exist.
    """
    boto3: Any = clouds.client_library("boto3", "The AWS client library", CLIENT_EXTRA)
    botocore: Any = clouds.client_library(
        "botocore.session", "The AWS client library", CLIENT_EXTRA
    )
    core = botocore.get_session()
    # botocore knows only the second variable.
    said = [place.get("region"), *(each.read() for each in PLACE["region"])]
    region = next((each for each in said if each), None)
    problem: AccessError | None = None
    try:
        region = region or core.get_config_variable("region")
        core.get_scoped_config()
    except Exception as error:  # noqa: BLE001 (any class of botocore's; it becomes ours)
        problem = failure(error, Asked(call="", name=None, region=region or "no region"))
    if problem is None and not region:
        names = ", ".join(map(str, PLACE["region"]))
        problem = WrongPlaceError(
            "The region is not known.", f"Name it: {names}, or region in the AWS profile."
        )
    if problem is not None:
        raise problem
    for name in _NoValues.LOGGERS:
        logging.getLogger(name).addFilter(_NO_VALUES)
    session = boto3.Session(botocore_session=core, region_name=region)
    return SecretsManager(session, core, str(region))


class SecretsManager:
    """Secrets Manager in one region, for one login; see `clouds.values.Client`."""

    def __init__(self, session: Any, core: Any, region: str) -> None:
        self.place: Place = {"region": region}
        self._region = region
        self._session = session
        self._core = core
        self._connecting = threading.Lock()
        self._client: Any = None
        self._method: str | None = None
        self._no_batches = False

    def describe(self, name: SecretName) -> Described:
        """DescribeSecret, and for a version that others made ListSecretVersionIds."""
        found = _answered(self._ask("DescribeSecret", name, SecretId=SPELLING.spell(name)))
        return self.complete(_described(name, found, found.get("VersionIdsToStages")))

    def listing(
        self, service: str | None = None, environment: str | None = None, *, deleted: bool = True
    ) -> Iterator[Described]:
        """ListSecrets, 100 a call. It can be up to five minutes behind, as AWS says of it.

        So where it shows up to 20 without a value, their state is left open, and `complete` asks for it. More are
        believed, because each would be a call.
        """
        asked: dict[str, Any] = {"MaxResults": _PAGE, "IncludePlannedDeletion": deleted}
        if service:
            prefix = SPELLING.separator.join([service, environment or ""])
            asked["Filters"] = [{"Key": "name", "Values": [prefix]}]
        unset: list[Described] = []
        while True:
            found = _answered(self._ask("ListSecrets", None, **asked))
            for each in found.get("SecretList", ()):
                try:
                    name = SPELLING.parse(each["Name"])
                except SecretNameError:
                    continue  # not one of ours
                # The filter is by beginning: `api/production` would bring `api/production-eu` too.
                if environment in {None, name.environment}:
                    described = _described(name, each, each.get("SecretVersionsToStages"))
                    if described.state == "unset":
                        unset.append(described)
                    else:
                        yield described
            if not found.get("NextToken"):
                break
            asked["NextToken"] = found["NextToken"]
        state: State | None = "unset" if len(unset) > _FEW else None
        yield from (replace(each, state=state) for each in unset)

    def complete(self, described: Described) -> Described:
        """Ask DescribeSecret for the state, or ListSecretVersionIds when the present version was made.

        Where that is denied, the listing is believed, and the time stays inexact.
        """
        if described.state is None:
            answer = self._ask("DescribeSecret", described.name, SecretId=described.id)
            if isinstance(answer, DeniedError):
                return replace(described, state="unset")
            now = _answered(answer)
            return _described(described.name, now, now.get("VersionIdsToStages"))
        if described.changed_exactly:
            return described
        found = self._ask(
            "ListSecretVersionIds", described.name, SecretId=described.id, MaxResults=_PAGE
        )
        if isinstance(found, DeniedError):
            return described
        for each in _answered(found).get("Versions", ()):
            if each.get("VersionId") == described.version and each.get("CreatedDate"):
                return replace(described, changed=each["CreatedDate"], changed_exactly=True)
        return described

    def read(self, names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        """BatchGetSecretValue, 20 a call, all at once; where it cannot be used, GetSecretValue for each at once."""
        found: dict[SecretName, Value | AccessError] = {}
        wanted = [*dict.fromkeys(names)]
        if len(wanted) > 1 and not self._no_batches:
            batches = [wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH)]
            for part in _at_once(self._batch, batches):
                found.update(part)
        singles = [name for name in wanted if name not in found]
        found.update(zip(singles, _at_once(self._single, singles), strict=True))
        return {name: found[name] for name in names}

    def read_version(self, name: SecretName, version: str) -> Value:
        """GetSecretValue of a version; AWS keeps one for 24 hours at least, and about the newest 100."""
        spelled = SPELLING.spell(name)
        return _value(
            _answered(self._ask("GetSecretValue", name, SecretId=spelled, VersionId=version))
        )

    def write(self, described: Described, value: Value) -> Written:
        """PutSecretValue beside the present value, then UpdateSecretVersionStage if that is still the present one."""
        self._check(described, value)
        put, when = self._put(described, value, [_STAGED])
        if _CURRENT in put.get("VersionStages", ()):
            return Written(version=put["VersionId"], when=when)  # the first value of all
        moved = self._move(described, put["VersionId"])
        if isinstance(moved, DeniedError):
            return self._write_plainly(described, value)
        if isinstance(moved, AccessError):
            self._settle(described, put["VersionId"], moved)
        return Written(version=put["VersionId"], when=when)

    def close(self) -> None:
        """Close its connections."""
        if self._client is not None:
            self._client.close()

    # Reading

    def _batch(self, names: Sequence[SecretName]) -> dict[SecretName, Value | AccessError]:
        """Read up to 20; what is missing from the answer is to be read one by one."""
        of = {SPELLING.spell(name): name for name in names}
        answer = self._ask("BatchGetSecretValue", None, SecretIdList=[*of])
        if isinstance(
            answer, NotLoggedInError | ThrottledError | UnreachableError | WrongPlaceError
        ):
            return dict.fromkeys(names, answer)
        if isinstance(answer, AccessError):
            # Who may read each of them need not have this permission too.
            self._no_batches |= isinstance(answer, DeniedError)
            return {}
        found: dict[SecretName, Value | AccessError] = {}
        for each in answer.get("SecretValues", ()):
            if each.get("Name") in of:
                found[of[each["Name"]]] = _value(each)
        for each in answer.get("Errors", ()):
            if each.get("SecretId") in of:
                name = of[each["SecretId"]]
                asked = self._asked("GetSecretValue", name)
                found[name] = refusal(each.get("ErrorCode", ""), each.get("Message", ""), asked)
        return found

    def _single(self, name: SecretName) -> Value | AccessError:
        answer = self._ask("GetSecretValue", name, SecretId=SPELLING.spell(name))
        return answer if isinstance(answer, AccessError) else _value(answer)

    # Writing

    def _check(self, described: Described, value: Value) -> None:
        reference = described.name.reference
        reason = refused(value)
        if reason:
            raise ValueRefusedError(
                f"{reference} was not set: the value {reason}.",
                "Nothing was sent. Give another value.",
            )
        if described.state == "scheduled":
            raise scheduled(self._asked("PutSecretValue", described.name))
        region = described.id.split(":")[3] if described.id.count(":") > 3 else self._region  # noqa: PLR2004 (an ARN)
        if region != self._region:
            raise WrongPlaceError(
                f"{reference} was not set: it is in {region}, and this login looks in {self._region}.",
                f"Name its region: AWS_REGION={region}",
            )

    def _put(
        self, described: Described, value: Value, stages: Sequence[str]
    ) -> tuple[Mapping[str, Any], datetime]:
        answer = self._ask(
            "PutSecretValue",
            described.name,
            SecretId=described.id,
            ClientRequestToken=_new_version(),
            VersionStages=[*stages],
            **_sent(value),
        )
        # AWS makes the first value of all the present one, whatever its label.
        if isinstance(answer, AccessError) and described.version and _CURRENT not in stages:
            answer = _without_doubt(answer)
        done = _answered(answer)
        return done, _by_the_cloud_s_clock(done)

    def _move(self, described: Described, version: str) -> Mapping[str, Any] | AccessError:
        # Refused by AWS where the label is on another version than the one that is named (botocore,
        # UpdateSecretVersionStageRequest), or on any where none is.
        held = {"RemoveFromVersionId": described.version} if described.version else {}
        return self._ask(
            "UpdateSecretVersionStage",
            described.name,
            SecretId=described.id,
            VersionStage=_CURRENT,
            MoveToVersionId=version,
            **held,
        )

    def _settle(self, described: Described, version: str, failed: AccessError) -> None:
        """Find out what became of a move that failed, and raise why, unless it happened all the same.

        It has happened where its first answer was lost on the way and AWS refused the client library's second try.
        """
        found = self._ask("DescribeSecret", described.name, SecretId=described.id)
        if isinstance(found, AccessError):
            if failed.in_doubt:
                failed = type(failed)(
                    f"{failed.found} Which value is the present one now is not known.",
                    failed.way_out,
                )
                failed.in_doubt = True
            raise failed
        present = _present(found.get("VersionIdsToStages"))
        if present == version:
            return
        if present == described.version:
            # What was refused does not happen later any more; what was not answered may.
            raise failed if isinstance(failed, UnreachableError) else _without_doubt(failed)
        # The value that is not wanted any more loses its label, and so is one that AWS deletes.
        self._ask(
            "UpdateSecretVersionStage",
            described.name,
            SecretId=described.id,
            VersionStage=_STAGED,
            RemoveFromVersionId=version,
        )
        raise _changed(self._asked("PutSecretValue", described.name), present)

    def _write_plainly(self, described: Described, value: Value) -> Written:
        """Set a value by PutSecretValue alone, for who may not move labels."""
        found = _answered(self._ask("DescribeSecret", described.name, SecretId=described.id))
        present = _present(found.get("VersionIdsToStages"))
        if present != described.version:
            raise _changed(self._asked("PutSecretValue", described.name), present)
        put, when = self._put(described, value, [_CURRENT, _STAGED])
        return Written(
            version=put["VersionId"],
            when=when,
            note=(
                "This login may not do secretsmanager:UpdateSecretVersionStage, so AWS did not check that nobody else "
                "set the value in the same moment. Give it that permission; where its role is in writers= of the "
                "Secret, pulumi up does."
            ),
        )

    # Asking

    def _ask(
        self, call: str, name: SecretName | None, **parameters: Any
    ) -> Mapping[str, Any] | AccessError:
        """Call AWS. A failure is returned, so that no traceback leads to what was sent."""
        tries: list[object] = []
        token = _open.set(tries)
        try:
            answer: Mapping[str, Any] = getattr(self._connected(), snake(call))(**parameters)
        except Exception as error:  # noqa: BLE001 (whatever it is, its text may hold a value)
            failed = failure(error, self._asked(call, name))
            if isinstance(failed, UnreachableError) and self._is_made_up():
                return no_such_region(self._region)
            failed.in_doubt = call in _WRITES and bool(tries)
            return failed
        finally:
            _open.reset(token)
        if not _ANSWERS & answer.keys():
            # botocore takes any page for an answer without anything in it (parsers.py, _parse_body_as_json).
            failed = no_answer(self._asked(call, name), "what came is no answer of AWS")
            failed.in_doubt = call in _WRITES
            return failed
        return answer

    def _asked(self, call: str, name: SecretName | None) -> Asked:
        profile = self._core.get_config_variable("profile")
        return Asked(
            call=call, name=name, region=self._region, profile=profile, method=self._method
        )

    def _connected(self) -> Any:
        """Make the client when it is first used: looking for a login may take calls of its own."""
        with self._connecting:
            if self._client is None:
                config: Any = clouds.client_library(
                    "botocore.config", "The AWS client library", CLIENT_EXTRA
                )
                # Any other mode brings its own.
                legacy = self._core.get_config_variable("defaults_mode") == "legacy"
                chosen = config.Config(
                    connect_timeout=_TO_CONNECT if legacy else None,
                    read_timeout=_TO_ANSWER,
                    max_pool_connections=_AT_ONCE,
                )
                self._method = getattr(self._session.get_credentials(), "method", None)
                self._client = self._session.client("secretsmanager", config=chosen)
                # botocore/endpoint.py, _do_get_response and _get_response: for each try.
                self._client.meta.events.register("before-send.secrets-manager", _goes_out)
                self._client.meta.events.register("response-received.secrets-manager", _comes_back)
            return self._client

    def _is_made_up(self) -> bool:
        """Whether nobody answers because there is no such region."""
        if self._client is None or f".{self._region}." not in self._client.meta.endpoint_url:
            return False  # another endpoint was named
        known: set[str] = set()
        for partition in self._core.get_available_partitions():
            known.update(self._core.get_available_regions("secretsmanager", partition))
        return self._region not in known


def _answered(answer: Mapping[str, Any] | AccessError) -> Mapping[str, Any]:
    """Raise what failed: here, where no variable holds what was sent."""
    if isinstance(answer, AccessError):
        raise answer
    return answer


def _at_once(do: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    if len(items) < 2:  # noqa: PLR2004 (one needs no thread)
        return [do(item) for item in items]
    with ThreadPoolExecutor(min(len(items), _AT_ONCE)) as threads:
        return [*threads.map(do, items)]


def _value(answer: Mapping[str, Any]) -> Value:
    version = answer.get("VersionId")
    if "SecretString" in answer:
        return Value(data=answer["SecretString"].encode("utf-8", "surrogatepass"), version=version)
    return Value(data=bytes(answer["SecretBinary"]), binary=True, version=version)


def _goes_out(request: object, **_: object) -> None:
    """Note a try. What this returned would be taken for the answer."""
    tries = _open.get()
    if tries is not None:
        tries.append(type(request))


def _comes_back(
    parsed_response: Mapping[str, Any] | None = None,
    exception: Exception | None = None,
    **_: object,
) -> None:
    """Forget a try that was refused, or reached nobody."""
    tries = _open.get()
    if tries and did_nothing(parsed_response or {}, exception):
        tries.pop()


def _without_doubt(failed: AccessError) -> AccessError:
    """Say of a failure that no value became the present one."""
    if not failed.in_doubt:
        return failed
    return type(failed)(
        f"{failed.found} The value that was there is the present one.", failed.way_out
    )


def _sent(value: Value) -> Mapping[str, str | bytes]:
    if value.binary:
        return {"SecretBinary": value.data}
    return {"SecretString": value.data.decode()}


def _present(stages: Mapping[str, Sequence[str]] | None) -> str | None:
    """Find the version that a reader gets."""
    return next((id_ for id_, labels in (stages or {}).items() if _CURRENT in labels), None)


def _described(
    name: SecretName, found: Mapping[str, Any], stages: Mapping[str, Sequence[str]] | None
) -> Described:
    version = _present(stages)
    created, touched = found.get("CreatedDate"), found.get("LastChangedDate")
    changed = version and _set_at(version, created, touched)
    tags = {each["Key"]: each.get("Value", "") for each in found.get("Tags", ())}
    in_order = sorted(tags, key=lambda key: (len(key), key))
    fields = [tags.pop(key) for key in in_order if key.startswith(FIELDS_TAG)]
    deleted = found.get("DeletedDate")
    return Described(
        name=name,
        spelled=found["Name"],
        id=found["ARN"],
        state="scheduled" if deleted else "set" if version else "unset",
        version=version,
        # LastChangedDate moves with a tag too.
        changed=(changed or touched) if version else None,
        changed_exactly=bool(changed) or not version,
        created=created,
        # AWS's pages disagree whether it is the day of the request or the last one of the window.
        deleted=deleted if deleted and touched and deleted - touched > _SHORTEST_WINDOW else None,
        facts=clouds.facts_of(tags),
        fields=tuple(" ".join(fields).split()),
    )


def _new_version() -> str:
    """Make a version's id that says when it was made, so that a listing does: a UUID of version 7 (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    return str(
        UUID(
            int=milliseconds << 80
            | 7 << 76
            | secrets.randbits(12) << 64
            | 2 << 62
            | secrets.randbits(62)
        )
    )


def _set_at(version: str, created: datetime | None, touched: datetime | None) -> datetime | None:
    """Read when a version was made from its id; None where it does not say, or what cannot be."""
    try:
        made = UUID(version)
    except ValueError:
        return None
    if made.version != 7 or created is None or touched is None:  # noqa: PLR2004 (see _new_version)
        return None
    at = datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
    return at if created - _CLOCKS_APART <= at <= touched + _CLOCKS_APART else None


def _by_the_cloud_s_clock(answer: Mapping[str, Any]) -> datetime:
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return aws_s_clock(date) or datetime.now(UTC)


def _changed(asked: Asked, present: str | None) -> ChangedMeanwhileError:
    return ChangedMeanwhileError(
        f"Somebody else set {asked.what} in the meantime: the present version is {present or 'none'}.",
        f"Theirs was not replaced. If yours still holds, set it again: {asked.to_set}",
        present,
    )
