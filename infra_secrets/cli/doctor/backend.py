"""Pulumi: the command, its login and its backend.

`pulumi whoami` answers from what is stored for an hour, so what proves a login is a question that the service must
answer itself. The commands that are run change nothing; as each command of Pulumi does, they store the login of
PULUMI_ACCESS_TOKEN in `~/.pulumi`.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra_secrets.cli.addresses import without_logins
from infra_secrets.cli.doctor.findings import Finding, State
from infra_secrets.component.settings import ACCESS_TOKEN, BACKEND_URL
from infra_secrets.project import OLDEST_PULUMI, readable, settings_file
from infra_secrets.rules.wording import looks_like_a_value

SUBJECT = "pulumi"
INSTALL = "Install it: https://www.pulumi.com/docs/install/"
STATUS_PAGE = "https://status.pulumi.com"
_NO_LOGIN = 3  # pulumi pkg/cmd/pulumi/cmd/exit_codes.go, ExitAuthenticationError
# What the command line says when the service is out of reach or out of order: Go's net errors, and `[503] ...`
# (pulumi sdk/go/common/apitype, ErrorResponse).
_OUTAGE = re.compile(
    r"performing HTTP request|dial tcp|no such host|connection refused|connection reset|i/o timeout|deadline exceeded"
    r"|TLS handshake|x509|\bEOF\b|\[5\d\d\]|\[429\]",
)
_REFUSED = re.compile(
    r"Unauthorized|requires logging in|invalid access token|\[401\]", re.IGNORECASE
)
_STATUS = re.compile(r"\[[345]\d\d\]")
_THIS_MACHINE = re.compile(r"localhost|127\.[\d.]+|::1|0\.0\.0\.0")
_PROBLEM = re.compile(r"(?i)x509|certificate")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command of Pulumi answered."""

    code: int
    out: str
    said: str
    """Its last error or, without one, its last line on standard error; nothing in it looks like a value."""

    @property
    def outage(self) -> bool:
        """Whether the service did not answer or is out of order."""
        return self.code != 0 and bool(_OUTAGE.search(self.said))

    @property
    def answered(self) -> bool:
        """Whether a service answered at all, be it with an error."""
        return self.code == 0 or bool(_STATUS.search(self.said))

    @property
    def no_login(self) -> bool:
        """Whether nobody is logged in, or no longer."""
        return self.code != 0 and (self.code == _NO_LOGIN or bool(_REFUSED.search(self.said)))

    def json(self) -> Any:
        """Read what it printed; None if that is no JSON."""
        try:
            return json.loads(self.out)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Pulumi:
    """The `pulumi` command, in a directory.

    Args:
        directory: Where to run it.
        seconds: How long a command may take.
    """

    directory: Path
    seconds: float

    def ask(self, *arguments: str) -> Answer:
        """Run a command that only asks."""
        try:
            done = subprocess.run(  # noqa: S603 (names of stacks and environments, and no shell)
                ["pulumi", *arguments, "--non-interactive", "--color", "never"],  # noqa: S607 (the person's own)
                cwd=self.directory,
                check=False,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=self.seconds,
            )
        except subprocess.TimeoutExpired:
            return Answer(1, "", f"i/o timeout: no answer within {self.seconds:g} seconds")
        except FileNotFoundError:
            return Answer(1, "", "there is no `pulumi` command on the PATH")
        return Answer(done.returncode, done.stdout, _last(done.stderr))


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    others = [
        line for line in lines if not line.startswith(("warning:", "Logging in using access token"))
    ]
    last = without_logins((errors or others or [""])[-1])
    return " ".join("(not shown)" if looks_like_a_value(word) else word for word in last.split())


@dataclass(slots=True)
class Backend:
    """What is known of the login after `look`."""

    pulumi: Pulumi
    needed: bool
    """Whether there is a project here; without one, a missing Pulumi is no fault."""
    user: str | None = None
    url: str = ""
    up: bool = False
    """Whether it answers."""
    cloud: bool = False
    """Whether it is Pulumi Cloud or a service of the same kind, which has ESC."""

    def look(self) -> Iterator[Finding]:
        """Look for the command, and who is logged in where."""
        if shutil.which("pulumi") is None:
            yield _finding(
                "pulumi-command",
                "fix" if self.needed else "note",
                "There is no `pulumi` command on the PATH."
                + ("" if self.needed else " There is no Pulumi project here either."),
                INSTALL,
            )
            return
        version = self.pulumi.ask("version")
        if version.code:
            yield _finding(
                "pulumi-command",
                "fix",
                f"`pulumi version` fails: {version.said or 'it says nothing'}.",
                f"{INSTALL.removesuffix('/')}/ again.",
            )
            return
        yield _age(version.out.strip())
        yield self._login()

    def _login(self) -> Finding:
        who = self.pulumi.ask("whoami", "--json")
        if who.code:
            return self._no_login(who)
        told = who.json()
        told = told if isinstance(told, dict) else {}
        self.user = str(told.get("user") or "") or None
        self.url = without_logins(str(told.get("url") or "")) or self.said_backend() or ""
        self.cloud = "organizations" in told or not self.url or self.url.startswith("http")
        if self.cloud:
            # Answered by the service itself, unlike `whoami`.
            proof = self.pulumi.ask("org", "get-default")
            if proof.outage or proof.no_login:
                return self._no_login(proof)
        self.up = True
        organizations = ", ".join(map(str, told.get("organizations") or ()))
        return Finding(
            check="pulumi-login",
            subject=SUBJECT,
            state="fine",
            found=f"Logged in to {self.url or 'Pulumi Cloud'} as {self.user}"
            + (f" ({organizations})." if organizations else "."),
            answered=self.cloud or None,  # a folder is no network
        )

    def said_backend(self) -> str | None:
        """Return the backend that a variable or the project names, without a login in it."""
        backend = readable(settings_file(self.pulumi.directory, "Pulumi")).get("backend")
        named = BACKEND_URL.read() or (backend.get("url") if isinstance(backend, dict) else None)
        return without_logins(str(named)) if named else None

    def _no_login(self, answer: Answer) -> Finding:
        named = self.said_backend()
        where = named or "Pulumi Cloud"
        if answer.outage:
            return _unreachable(where, answer)
        command = f"pulumi login {named}" if named else "pulumi login"
        if not answer.no_login:
            return _finding(
                "pulumi-login",
                "fix",
                f"`pulumi whoami` fails: {answer.said or 'it says nothing'}.",
                f"Which backend is used is said by {BACKEND_URL}, else by `backend` in Pulumi.yaml, else by the last "
                "pulumi login: correct that one.",
            )
        if ACCESS_TOKEN.read():
            return _finding(
                "pulumi-login",
                "fix",
                f"{where} refuses the token in {ACCESS_TOKEN}: it has expired, or is of another backend.",
                f"Put a new one into it, or run: unset {ACCESS_TOKEN}; {command}",
            )
        expired = bool(_REFUSED.search(answer.said))
        return _finding(
            "pulumi-login",
            "fix",
            f"The login to {where} has expired." if expired else f"Nobody is logged in to {where}.",
            f"Run: {command}",
        )


def _age(version: str) -> Finding:
    """Judge the version of the command."""
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    if numbers and tuple(map(int, numbers.groups())) < OLDEST_PULUMI:
        oldest = ".".join(map(str, OLDEST_PULUMI))
        return _finding(
            "pulumi-command",
            "note",
            f"`pulumi` is {version}, and this package is tested with v{oldest} and later; infra-secrets rehearse "
            "refuses an older one.",
            f"{INSTALL.removesuffix('/')}/ again.",
        )
    return _finding("pulumi-command", "fine", f"`pulumi` is {version}.")


def _unreachable(where: str, answer: Answer) -> Finding:
    """Say that a backend does not answer: an outage, unless it is for somebody here to put right."""
    certificate = _PROBLEM.search(answer.said)
    on_this_machine = _THIS_MACHINE.fullmatch(urlsplit(where).hostname or "")
    state: State = "unknown"
    fix = f"This is no denial. Look at {STATUS_PAGE}, at DNS and at the proxy, and wait."
    if certificate:
        fix = "The certificate is not trusted here: point SSL_CERT_FILE at your company's CA."
    elif on_this_machine and not answer.answered:
        state = "fix"
        fix = f"That is this machine: start the backend there, or correct {BACKEND_URL} or `backend` in Pulumi.yaml."
    said = "is out of order" if answer.answered else "does not answer"
    return Finding(
        check="pulumi-login",
        subject=SUBJECT,
        state=state,
        found=f"{where} {said}: {answer.said}.",
        fix=fix,
        outage=state == "unknown" and not certificate,
        answered=answer.answered or bool(certificate),
    )


def _finding(check: str, state: State, found: str, fix: str = "") -> Finding:
    return Finding(check=check, subject=SUBJECT, state=state, found=found, fix=fix)
