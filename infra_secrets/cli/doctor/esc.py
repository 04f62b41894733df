"""The ESC environments of a stack: whether they can be attached, and whether they open.

Opening one shows its values, so that a property is asked for that none has: then `pulumi env open` opens the
environment and prints `null`, and writes no `files` of it to disk (pulumi pkg/cmd/esc/cli/env_open.go). Values stay in
the memory of that command.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from infra_secrets.cli.doctor.backend import STATUS_PAGE, Answer
from infra_secrets.cli.doctor.findings import Finding, State
from infra_secrets.cli.doctor.stack import Stack

NO_PROPERTY = "infraSecretsDoctor"
_AT_ONCE = 8
_NOT_SEEN = re.compile(r"\[404\]|\[403\]")


def look(stack: Stack) -> Iterator[Finding]:
    """Look at each ESC environment of a stack."""
    if stack.project is None or stack.short is None or stack.broken is not None:
        return
    names = stack.environments
    if not names:
        yield _finding("fine", f"Stack {stack.short} imports no ESC environment.")
        return
    backend = stack.backend
    if not backend.up:
        yield _finding(
            "unknown",
            f"Stack {stack.short} imports {', '.join(names)}; not looked at, as the login to Pulumi comes first.",
        )
        return
    if not backend.cloud:
        yield _finding(
            "fix",
            f"Stack {stack.short} imports {', '.join(names)}, and the backend {backend.url} has no ESC.",
            "Only Pulumi Cloud has. Run: pulumi login",
        )
        return
    full = [_full(name, stack.organization) for name in names]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda name: backend.pulumi.ask("env", "open", name, NO_PROPERTY), full)
        for name, answer in zip(full, answers, strict=True):
            yield _opened(name, answer)


def _full(name: str, organization: str | None) -> str:
    """Write a name with its organization, which the command takes for a project's where two parts are given."""
    if organization is None:
        return name
    project, slash, environment = name.rpartition("/")
    return f"{organization}/{project if slash else 'default'}/{environment}"


def _opened(name: str, answer: Answer) -> Finding:
    if answer.code == 0 and answer.out.strip() == "null":
        return _finding("fine", f"The ESC environment {name} opens.")
    if answer.outage:
        return Finding(
            check="esc-environment",
            subject="pulumi",
            state="unknown",
            found=f"Pulumi ESC {'is out of order' if answer.answered else 'does not answer'}: {answer.said}.",
            fix=f"This is no denial. Look at {STATUS_PAGE}, and wait.",
            outage=True,
            answered=answer.answered,
        )
    if answer.no_login:
        return _finding("fix", f"The ESC environment {name} was not opened.", "Run: pulumi login")
    if _NOT_SEEN.search(answer.said):
        project = name.rpartition("/")[0]
        return _finding(
            "fix",
            f"There is no ESC environment {name}, or this login may not open it: {answer.said}.",
            f"Look which there are: pulumi env ls. Who may open one of {project} is set in Pulumi Cloud.",
        )
    return _finding(
        "fix",
        f"The ESC environment {name} does not open: {answer.said or 'it says nothing'}.",
        "The message names the place. A container without a value is filled by infra-secrets set; what ESC may not "
        "read needs its role among the container's readers.",
    )


def _finding(state: State, found: str, fix: str = "") -> Finding:
    return Finding(check="esc-environment", subject="pulumi", state=state, found=found, fix=fix)
