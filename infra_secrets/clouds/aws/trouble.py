"""What a failure of AWS's client library means, as an `AccessError`.

The library's own texts are not repeated: some of them hold what was sent. Codes, regions, names and ARNs are.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from infra_secrets.clouds import to_set
from infra_secrets.clouds.aws import SPELLING
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    DisabledError,
    NeverSetError,
    NotFoundError,
    NotLoggedInError,
    ScheduledError,
    ThrottledError,
    UnreachableError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import shown

LOGIN = "aws sso login"
RESTORE = "aws secretsmanager restore-secret --secret-id {name} --region {region}"

# Classes of botocore (botocore/exceptions.py, parsers.py), with their subclasses.
_NO_LOGIN = {
    *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
    *("NoAuthTokenError", "TokenRetrievalError", "SSOError", "LoginError", "ProfileNotFound"),
    *("MetadataRetrievalError", "RefreshWithMFAUnsupportedError", "UnknownCredentialError"),
    *("InvalidConfigError", "ConfigParseError", "ConfigNotFound", "MissingDependencyException"),
}
_NO_PLACE = {"NoRegionError", "InvalidRegionError", "UnknownRegionError", "EndpointProviderError"}
_NO_ANSWER = {"ConnectionError", "HTTPClientError", "IncompleteReadError", "ResponseParserError"}
# botocore/httpsession.py, URLLib3Session.send: no connection was made.
_NEVER_SENT = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}
# Codes: https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html, and those that botocore
# takes for throttling (botocore/retries/standard.py).
_DENIED = {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized"}
_BAD_LOGIN = {
    *("ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException"),
    *("InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch"),
    *("IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken"),
    *("MissingAuthenticationTokenException", "InvalidAccessKeyId", "AuthFailure"),
}
_THROTTLED = {
    *("ThrottlingException", "Throttling", "ThrottledException", "RequestThrottledException"),
    *("TooManyRequestsException", "RequestLimitExceeded", "RequestThrottled", "SlowDown", "429"),
}
_SWITCHED_OFF = {"OptInRequired", "SubscriptionRequiredException"}
_CLOCK = re.compile(r"Signature (expired|not yet current)|RequestTimeTooSkewed|RequestExpired")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(?:key|alias)/[\w/-]+")
_CODE = re.compile(r"[A-Za-z0-9]{1,60}")
_OUT_OF_ORDER = 500  # HTTP status, and above


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked when it failed."""

    call: str
    """The API's name of the call, e.g. `GetSecretValue`."""
    name: SecretName | None
    """Of which container; None for several."""
    region: str
    profile: str | None = None
    """The profile in use, where one was named."""
    method: str | None = None
    """Where the credentials came from, as botocore says it, e.g. `env`."""

    @property
    def what(self) -> str:
        """The subject, in words."""
        if self.name is None:
            return "the list of containers" if self.call == "ListSecrets" else "several containers"
        return self.name.reference

    @property
    def where(self) -> str:
        """The place, in words."""
        return f"AWS Secrets Manager in {self.region}"

    def command(self, call: str, *options: str) -> str:
        """Write a command of AWS's own tool about this container."""
        words = ["aws", "secretsmanager", call, "--secret-id", self.spelled]
        return shlex.join([*words, "--region", self.region, *options])

    @property
    def to_set(self) -> str:
        """The command that sets its value."""
        return to_set(self.what, "aws", {"region": self.region})

    @property
    def spelled(self) -> str:
        """The container's name in AWS."""
        return SPELLING.spell(self.name) if self.name else "NAME"

    def login(self) -> str:
        """Say how to log in."""
        login = LOGIN if self.profile is None else f"{LOGIN} --profile {shlex.quote(self.profile)}"
        if self.method == "env":
            return (
                "The keys in AWS_ACCESS_KEY_ID go before every other login: renew them, or unset them and run: "
                f"{login}"
            )
        return f"Run: {login} (a workload logs in by its role: see that it has one)."


def failure(error: Exception, asked: Asked) -> AccessError:
    """Read what a call raised."""
    kinds = {each.__name__ for each in type(error).__mro__}
    if "ClientError" in kinds:
        response: Any = getattr(error, "response", {})
        told, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
        failed = refusal(
            str(told.get("Code", "")),
            str(told.get("Message", "")),
            asked,
            status=int(meta.get("HTTPStatusCode", 0)),
            date=meta.get("HTTPHeaders", {}).get("date"),
        )
        before = getattr(error, "operation_name", asked.call)
        if before == asked.call or isinstance(failed, UnreachableError | ThrottledError):
            return failed
        # The library asks for a login by calls of its own: AssumeRole, GetRoleCredentials, ...
        return NotLoggedInError(
            f"The AWS login fails at {before} ({_spelled(str(told.get('Code', '')))}).",
            asked.login(),
        )
    if kinds & _NO_LOGIN:
        return _no_login(error, kinds, asked)
    if kinds & _NO_PLACE:
        return no_such_region(asked.region)
    if kinds & _NO_ANSWER:
        url = getattr(error, "kwargs", {}).get("endpoint_url")
        return no_answer(asked, type(error).__name__, urlsplit(str(url)).hostname if url else None)
    return AccessError(
        f"AWS's client library could not do {asked.call} for {asked.what} in {asked.region}: {type(error).__name__}.",
        "Its text is not shown, because it could hold a value. Look at the AWS_ variables and at ~/.aws/config: "
        "aws configure list",
    )


def did_nothing(answer: Mapping[str, Any], error: Exception | None) -> bool:
    """Whether one try of a call changed nothing for certain: it was refused, or did not get to AWS.

    Args:
        answer: What came, as botocore reads it; empty where nothing came.
        error: What botocore raises where nothing came.
    """
    if error is not None:
        never = type(error).__name__ in _NEVER_SENT
        return never or "CERTIFICATE_VERIFY_FAILED" in str(error)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", _OUT_OF_ORDER)
    code = answer.get("Error", {}).get("Code")
    return bool(code) and code != "InternalServiceError" and int(status) < _OUT_OF_ORDER


def aws_s_clock(date: str | None) -> datetime | None:
    """Read the date of an answer, as HTTP writes it; None if it has none."""
    try:
        found = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC)  # HTTP knows GMT alone (RFC 9110, 5.6.7)


def no_such_region(region: str) -> WrongPlaceError:
    """Say that AWS has no such region, as far as its client library knows."""
    return WrongPlaceError(
        f"{shown(region)} is not a region that AWS's client library knows.",
        "Name one such as eu-central-1: AWS_REGION, or region in the profile.",
    )


def refusal(  # noqa: PLR0911 (a table of what AWS says, in order)
    code: str, text: str, asked: Asked, *, status: int = 0, date: str | None = None
) -> AccessError:
    """Read an error that AWS sent.

    Args:
        code: Its code, e.g. `AccessDeniedException`.
        text: Its message, which is read and not repeated.
        asked: What was asked.
        status: Of HTTP; 0 where there is none.
        date: The answer's date by AWS's clock, as HTTP writes it.
    """
    if _CLOCK.search(f"{code} {text}"):
        return _wrong_clock(asked, date)
    if code == "ResourceNotFoundException":
        return _not_found(text, asked)
    if code == "InvalidRequestException" and re.search("delet(ed|ion)", text):
        return scheduled(asked)
    if "replica secret" in text:
        return WrongPlaceError(
            f"{asked.what} in {asked.region} is a replica, and a value is set where the original is.",
            f"Its region: {asked.command('describe-secret', '--query', 'PrimaryRegion')}",
        )
    if code in _DENIED:
        return _denied(text, asked)
    if code in _BAD_LOGIN:
        return _bad_login(code, asked)
    if code in _SWITCHED_OFF:
        return WrongPlaceError(
            f"The region {asked.region} is not switched on for this account ({code}, {asked.call} for {asked.what}).",
            "Switch it on in the account's settings, or name another one: AWS_REGION.",
        )
    if code in {"DecryptionFailure", "EncryptionFailure"}:
        return DisabledError(
            f"The key that {asked.what} is encrypted with cannot be used ({code}, {asked.where}): it is disabled, or "
            "scheduled for deletion.",
            f"Enable it. Which one it is: {asked.command('describe-secret', '--query', 'KmsKeyId')}",
        )
    if code == "LimitExceededException":
        return ThrottledError(
            f"A quota of {asked.where} is used up for {asked.what}.",
            "AWS keeps every version for 24 hours: set a value no more often than every 10 minutes, and try again "
            "tomorrow.",
        )
    if code in _THROTTLED:
        return ThrottledError(
            f"{asked.where} takes no more calls for the moment ({asked.call} for {asked.what}); it was tried several "
            "times.",
            "Wait a minute and try again. More patience: AWS_MAX_ATTEMPTS=10",
        )
    if status >= _OUT_OF_ORDER or code == "InternalServiceError":
        return UnreachableError(
            f"{asked.where} answers that it is out of order ({_spelled(code)}, {asked.call} for {asked.what}). This is "
            "no denial.",
            "Try again later; https://health.aws.amazon.com/health/status says what AWS knows.",
        )
    return AccessError(
        f"{asked.where} refused {asked.call} for {asked.what}: {_spelled(code)}.",
        "Its text is not shown, because it could hold a value. CloudTrail has it.",
    )


def scheduled(asked: Asked) -> ScheduledError:
    """Say that a container is scheduled for deletion."""
    return ScheduledError(
        f"{asked.what} is scheduled for deletion in {asked.where}; its value can neither be read nor set.",
        f"To keep it: {RESTORE.format(name=asked.spelled, region=asked.region)}",
    )


def _spelled(code: str) -> str:
    return code if _CODE.fullmatch(code) else "an error without a code"


def _not_found(text: str, asked: Asked) -> AccessError:
    # The code is the same; DescribeSecret has no version to miss (boto/boto3#2794).
    if "VersionId" in text:
        return NotFoundError(
            f"{asked.what} has no such version any more ({asked.where}).",
            f"Those that are kept: {asked.command('list-secret-version-ids')}",
        )
    if "staging label" in text:
        return NeverSetError(
            f"The value of {asked.what} was never set ({asked.where}).",
            f"Run: {asked.to_set}",
        )
    return NotFoundError(
        f"There is no container {asked.what} in {asked.where}.",
        "Containers are made by code: pulumi up. If it is elsewhere, name the region (AWS_REGION) or log in to the "
        "account; this one: aws sts get-caller-identity",
    )


def _denied(text: str, asked: Asked) -> DeniedError:
    key = _KEY.search(text)
    if key or "KMS" in text or "kms:" in text:
        which = (
            key[0]
            if key
            else f"which one: {asked.command('describe-secret', '--query', 'KmsKeyId')}"
        )
        return DeniedError(
            f"This login may not use the key that {asked.what} is encrypted with ({asked.call}, {asked.where}).",
            f"Allow it kms:Decrypt, and kms:GenerateDataKey to set a value, on the key ({which}): as readers= or "
            "writers= of the Secret, or in the key's policy. Who this is: aws sts get-caller-identity",
        )
    explicit = " A policy denies it, which no other permission outweighs." * (
        "explicit deny" in text
    )
    granted = {
        "GetSecretValue": "put its role into readers= of the Secret",
        "PutSecretValue": "put its role into writers= of the Secret",
    }.get(asked.call, "give it that permission in an identity policy")
    return DeniedError(
        f"This login may not do secretsmanager:{asked.call} for {asked.what} in {asked.where}.{explicit}",
        f"If it should, {granted}. Who this is: aws sts get-caller-identity",
    )


def _bad_login(code: str, asked: Asked) -> NotLoggedInError:
    if code in {"ExpiredTokenException", "ExpiredToken"}:
        return NotLoggedInError("The AWS login has expired.", asked.login())
    return NotLoggedInError(
        f"AWS does not take this login in {asked.region} ({code}): the keys are wrong or were deleted, or the region "
        "is not switched on for the account.",
        asked.login(),
    )


def _no_login(error: Exception, kinds: set[str], asked: Asked) -> NotLoggedInError:
    if "ProfileNotFound" in kinds:
        profile = shown(str(getattr(error, "kwargs", {}).get("profile", asked.profile)))
        return NotLoggedInError(
            f"There is no AWS profile {profile}.",
            f"Name one that there is in AWS_PROFILE (aws configure list-profiles), or make it: aws configure sso. Then "
            f"run: {LOGIN}",
        )
    if "NoCredentialsError" in kinds:
        return NotLoggedInError("There is no AWS login.", asked.login())
    return NotLoggedInError(
        f"The AWS login is incomplete or has expired ({type(error).__name__}).", asked.login()
    )


def no_answer(asked: Asked, why: str, host: str | None = None) -> UnreachableError:
    """Say that AWS does not answer, or somebody else in its place.

    Args:
        asked: What was asked.
        why: In a few words.
        host: Who was asked, where that is known.
    """
    return UnreachableError(
        f"{host or asked.where} does not answer ({why}, {asked.call} for {asked.what}). This is no denial.",
        "Look at the network, the DNS, the proxy (HTTPS_PROXY), AWS_CA_BUNDLE and AWS_ENDPOINT_URL, and try again.",
    )


def _wrong_clock(asked: Asked, date: str | None) -> NotLoggedInError:
    apart, clock = "", aws_s_clock(date)
    if clock:
        seconds = (datetime.now(UTC) - clock).total_seconds()
        side = "ahead of" if seconds > 0 else "behind"
        apart = f", {abs(seconds) / 60:.0f} minutes {side} AWS's"
    return NotLoggedInError(
        f"AWS takes no login of this machine, because its clock is off{apart} ({asked.region}).",
        "Set the clock (timedatectl set-ntp true), and try again.",
    )
