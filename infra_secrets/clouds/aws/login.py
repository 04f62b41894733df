"""Who is logged in to AWS, by STS, and what that identity may do.

Reading is tried on a label that no version has (`GetSecretValue` with `VersionStage`): AWS answers "denied" or "not
found", and never a value. Creating cannot be tried without doing it, so IAM simulates it (`SimulatePrincipalPolicy`),
which sees identity policies and organisation policies, and not those of a secret.
"""

import re
import shlex
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from infra_secrets import clouds
from infra_secrets.clouds import Place
from infra_secrets.clouds.aws import SPELLING
from infra_secrets.clouds.aws.trouble import LOGIN, Asked, failure
from infra_secrets.clouds.aws.values import CLIENT_EXTRA, PLACE
from infra_secrets.clouds.login import Identity, Rights
from infra_secrets.component.settings import Variable
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    NeverSetError,
    NotFoundError,
    NotLoggedInError,
    ScheduledError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import snake

CLIENT_LIBRARY = "boto3"
FOLDER = "~/.aws"
ENDPOINT = Variable(
    "AWS_ENDPOINT_URL",
    "AWS's own: another address of every service, such as that of a test server.",
    "each service's own address",
)
STS_ENDPOINT = Variable(
    "AWS_ENDPOINT_URL_STS",
    "AWS's own: another address of STS, which says who is logged in.",
    "`AWS_ENDPOINT_URL`",
)
HOST = "amazonaws.com"
ADDRESSES: Sequence[Variable] = (STS_ENDPOINT, ENDPOINT)
NOBODY = "infra-secrets-doctor"
"""A staging label that no version has, and the name of a container that nobody makes."""
CREATE, READ = "secretsmanager:CreateSecret", "secretsmanager:GetSecretValue"
TO_SIMULATE = (
    "Allow it iam:SimulatePrincipalPolicy and iam:GetRole on itself, which read policies and no value: "
    "https://github.com/infra-secrets/infra-secrets/blob/main/docs/aws.md#who-needs-which-permission"
)

_WHAT = "The AWS client library"
_AT_ONCE = 10
_SSO = {"sso_session", "sso_start_url"}
# arn:aws:sts::123456789012:assumed-role/ROLE/SESSION; a role's path is not in it.
_ASSUMED = re.compile(
    r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/.*"
)
_ENTITY = re.compile(r"arn:[\w-]+:iam::\d+:(user|role)/.+")
_ALLOWED = "allowed"
# What botocore (utils.SSOTokenLoader, tokens, credentials) finds of a login by a browser.
_NONE, _ENDED = "Nobody is logged in with this AWS profile.", "The AWS login has expired."
_LOGINS = {
    "SSOTokenLoadError": _NONE,
    "LoginTokenLoadError": _NONE,
    "UnauthorizedSSOTokenError": _ENDED,
    "TokenRetrievalError": _ENDED,
    "LoginRefreshRequired": _ENDED,
}


def place(config: Mapping[str, str]) -> Place:
    """Read the region of the stack's default provider."""
    region = config.get("aws:region")
    return {} if region is None else {"region": region}


def identity(place: Place) -> Identity:
    """Ask STS GetCallerIdentity, which everybody may."""
    session = _Session(place)
    answer = session.ask("sts", "GetCallerIdentity")
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    said = _region_of_this_shell()
    return Identity(
        who=str(answer.get("Arn")),
        place={"account": str(answer.get("Account")), **({"region": said} if said else {})},
        clock=parsedate_to_datetime(date) if date else None,
        local=datetime.now(UTC),
    )


def rights(
    place: Place, service: str, environment: str | None, wanted: Mapping[SecretName, str | None]
) -> Rights:
    """Simulate creating a container of the service, and try to read versions that are not there.

    What is simulated has a name that could exist. Where no environment is known, it is of one that nobody has: who may
    create there may create in all, and of who may not nothing is known.
    """
    new = SPELLING.spell(SecretName(service=service, environment=environment or NOBODY, key=NOBODY))
    session = _Session(place)
    who = session.ask("sts", "GetCallerIdentity")
    arn, account = str(who.get("Arn")), str(who.get("Account"))
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        tried = {name: threads.submit(session.may_read, name, id_) for name, id_ in wanted.items()}
        resource = f"arn:{arn.split(':')[1]}:secretsmanager:{session.region}:{account}:secret:{new}"
        simulated, notes = session.simulated(arn, resource)
        read = {name: found.result() for name, found in tried.items()}
    create, to_find_out = simulated.get(CREATE), ""
    if create is None:
        to_find_out = TO_SIMULATE
    elif not create and environment is None:
        create = None
        to_find_out = "Name the environment, on which it may depend: --environment NAME"
    return Rights(
        create=create,
        read=read,
        read_any=simulated.get(READ),
        notes=notes,
        to_find_out=to_find_out,
    )


def _region_of_this_shell() -> str | None:
    return next((text for each in PLACE["region"] if (text := each.read())), None)


class _Asked(Asked):
    """What was asked of AWS, not of Secrets Manager alone."""

    @property
    def what(self) -> str:
        """The subject, in words."""
        return "this login"

    @property
    def where(self) -> str:
        """The place, in words."""
        return f"AWS in {self.region}"


class _Session:
    """Calls of AWS by the login that `values` uses, each bounded in time.

    Raises:
        MissingExtraError: boto3 is not installed.
        NotLoggedInError: The profile that is named does not exist.
        WrongPlaceError: No region is known.
    """

    def __init__(self, place: Place) -> None:
        boto3: Any = clouds.client_library("boto3", _WHAT, CLIENT_EXTRA)
        core: Any = clouds.client_library("botocore.session", _WHAT, CLIENT_EXTRA)
        config: Any = clouds.client_library("botocore.config", _WHAT, CLIENT_EXTRA)
        self._core = core.get_session()
        self._settings: Mapping[str, Any] = {}
        self._method: str | None = None
        self._making = threading.Lock()
        self._clients: dict[str, Any] = {}
        region = place.get("region") or _region_of_this_shell()
        self.region = region or ""
        try:
            self.region = region or self._core.get_config_variable("region") or ""
            self._settings = self._core.get_scoped_config()
        except Exception as error:  # noqa: BLE001 (any class of botocore's; it becomes ours)
            trouble = failure(error, self._asked(""))
        else:
            if self.region:
                self._session = boto3.Session(botocore_session=self._core)
                self._config = config.Config(
                    connect_timeout=4, read_timeout=8, retries={"total_max_attempts": 2}
                )
                return
            trouble = WrongPlaceError(
                "The AWS region is not known.",
                f"Name it: export {PLACE['region'][0]}=eu-central-1, or region in the profile.",
            )
        raise trouble

    def ask(self, service: str, call: str, **parameters: Any) -> Mapping[str, Any]:
        """Call AWS.

        Raises:
            AccessError: What went wrong; for a login that is missing or expired with the command for this profile.
        """
        try:
            answer: Mapping[str, Any] = getattr(self._client(service), snake(call))(**parameters)
        except Exception as error:  # noqa: BLE001 (any class of botocore's; it becomes ours)
            trouble = failure(error, self._asked(call))
            told = _LOGINS.get(type(error).__name__)
        else:
            return answer
        if isinstance(trouble, NotLoggedInError) and "clock" not in trouble.found:
            trouble = NotLoggedInError(told or trouble.found, self._way_in(trouble.way_out))
        raise trouble

    def _client(self, service: str) -> Any:
        """Make a client when it is first used: a session of boto3's belongs to one thread, and a client to all."""
        with self._making:
            if service not in self._clients:
                self._method = getattr(self._session.get_credentials(), "method", None)
                self._clients[service] = self._session.client(
                    service, region_name=self.region, config=self._config
                )
            return self._clients[service]

    def may_read(self, name: SecretName, id_: str | None) -> bool | None:
        """Try to read a version that is not there."""
        try:
            self.ask(
                "secretsmanager",
                "GetSecretValue",
                SecretId=id_ or SPELLING.spell(name),
                VersionStage=NOBODY,
            )
        except DeniedError:
            return False
        except (NotFoundError, NeverSetError, ScheduledError):
            return True
        except AccessError:
            return None
        return None  # a version with that label: nobody made it

    def simulated(self, arn: str, resource: str) -> tuple[dict[str, bool], tuple[str, ...]]:
        """Ask IAM what an identity's policies allow on a container; with what that does not tell."""
        try:
            entity = self._entity(arn)
            if entity is None:
                return {}, (
                    f"IAM simulates users and roles, and {arn.rpartition(':')[2]} is neither.",
                )
            answer = self.ask(
                "iam",
                "SimulatePrincipalPolicy",
                PolicySourceArn=entity,
                ActionNames=[CREATE, READ],
                ResourceArns=[resource],
            )
        except DeniedError:
            return {}, ("It may not have IAM simulate what its policies allow.",)
        except AccessError as trouble:
            return {}, (f"What its policies allow could not be simulated: {trouble.found}",)
        results = {
            str(each.get("EvalActionName")): each.get("EvalDecision") == _ALLOWED
            for each in answer.get("EvaluationResults", ())
        }
        return results, ()

    def _entity(self, arn: str) -> str | None:
        """Find the user or role of an identity; what STS calls an assumed role lacks the role's path."""
        if _ENTITY.fullmatch(arn):
            return arn
        assumed = _ASSUMED.fullmatch(arn)
        if assumed is None:
            return None
        return str(self.ask("iam", "GetRole", RoleName=assumed["role"])["Role"]["Arn"])

    def _way_in(self, otherwise: str) -> str:
        """Say which command logs in with the profile in use."""
        profile = self._core.get_config_variable("profile")
        option = f" --profile {shlex.quote(profile)}" if profile else ""
        settings = {*self._settings}
        if self._method == "env":
            return (
                "Renew the keys in AWS_ACCESS_KEY_ID, which go before every other login; or run: unset "
                f"AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; {LOGIN}{option}"
            )
        if "login_session" in settings:
            return f"Run: aws login{option}"
        if "source_profile" in settings:
            return f"Run: {LOGIN} --profile {shlex.quote(str(self._settings['source_profile']))}"
        if settings & _SSO:
            return f"Run: {LOGIN}{option}"
        if not self._method:
            return (
                f"Run: aws configure sso{option}, once; and from then on: {LOGIN}{option} (a workload logs in by its "
                "role: see that it has one)."
            )
        return otherwise

    def _asked(self, call: str) -> Asked:
        profile = self._core.get_config_variable("profile")
        return _Asked(
            call=call, name=None, region=self.region, profile=profile, method=self._method
        )
