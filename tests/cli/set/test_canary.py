"""No value is in any process's arguments or environment, in what is printed, on a disk, or in a core dump."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_secrets.testing.canary import Canary
from tests import servers
from tests.cli.set.conftest import DOCUMENT, FIELDS, REFERENCE
from tests.cli.set.held import Held
from tests.cli.set.session import COMMAND, Terminal, environment
from tests.conftest import PATIENCE, ROOT
from tests.servers import Server

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="/proc is how Linux shows processes"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with servers.serving("aws") as server:
        yield server


@pytest.fixture
def held(server: Server, monkeypatch: pytest.MonkeyPatch) -> Held:
    server.reset()
    server.make(REFERENCE)
    server.make(DOCUMENT, fields=FIELDS)
    return Held.back(server, monkeypatch)


@pytest.fixture
def cores() -> Iterator[None]:
    """Let what is started here dump its core, as far as that is allowed here."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def processes() -> dict[str, str]:
    """What every process shows of itself, but this one, which plants the value."""
    found = {}
    for each in Path("/proc").iterdir():
        if not each.name.isdigit() or int(each.name) == os.getpid():
            continue
        for what in ("cmdline", "environ", "comm"):
            try:
                found[f"{each}/{what}"] = (each / what).read_bytes().decode("utf-8", "replace")
            except OSError:  # it has ended, or keeps it to itself
                continue
    return found


def files(*folders: Path) -> dict[str, str]:
    return {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


def core_limit(process: int) -> str:
    limits = Path(f"/proc/{process}/limits").read_text(encoding="utf-8")
    return next(line for line in limits.splitlines() if line.startswith("Max core")).split()[4]


@pytest.mark.usefixtures("cores")
@pytest.mark.parametrize("kind", ["piped", "a file", "a field", "typed"])
def test_while_a_value_is_in_memory_it_is_nowhere_else(
    held: Held, tmp_path: Path, kind: str
) -> None:
    canary = Canary.plant()
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    env = environment(held.server.environment(), home)
    arguments = [REFERENCE]
    if kind == "a field":
        held.server.put(DOCUMENT, b'{"STRIPE_API_KEY": "a", "DATABASE_URL": "b"}')
        arguments = [DOCUMENT, "--field", "STRIPE_API_KEY"]
    if kind == "a file":
        file = elsewhere / "value"
        file.write_text(canary.value, encoding="utf-8")
        arguments += ["--file", str(file)]
    arguments += ["--cloud", "aws"]

    if kind == "typed":
        terminal = Terminal.open(*arguments, env=env, cwd=home)
        for asked in ("(not shown): ", "once more: "):
            terminal.until(asked)
            terminal.type(f"{canary.value}\n")
        process = terminal.process.pid
    else:
        running = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=home,
        )
        assert running.stdin is not None
        running.stdin.write(canary.value.encode())
        running.stdin.close()
        running.stdin = None
        process = running.pid

    held.wait()
    seen = {**processes(), **files(home)}
    limit = core_limit(process)
    held.go_on.set()
    if kind == "typed":
        code = terminal.ended()
        seen["terminal"] = terminal.text
    else:
        out, err = running.communicate(timeout=PATIENCE)
        code = running.returncode
        seen |= {"out": out.decode(), "err": err.decode()}
    seen |= files(home)

    assert code == 0, seen
    assert arguments[0] in seen[f"/proc/{process}/cmdline"], "the process was looked at"
    present = held.server.present(arguments[0]).decode()
    assert canary.sightings({"the cloud": present}), "the search finds it where it belongs"
    assert canary.sightings(seen) == []
    assert limit == "0"
    assert [*files(home)] == [str(home / ".local/state/infra-secrets/fingerprint.key")]


GUARDED = """
import ctypes, os, resource
from infra_secrets.cli.set.memory import guard
_, most = resource.getrlimit(resource.RLIMIT_CORE)
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # changing the user has closed it already
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
def look():
    if (child := os.fork()) == 0:
        try:
            open(f"/proc/{os.getppid()}/environ").close()
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
look()
guard()
look()
print(resource.getrlimit(resource.RLIMIT_CORE)[0])
reads, writes = os.pipe()  # as a shell's <(...)
os.write(writes, b"piped")
print(os.read(os.open(f"/dev/fd/{reads}", os.O_RDONLY), 10).decode())
"""


def test_no_other_process_of_the_same_user_reads_it_and_no_core_is_dumped() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd="/",
    )

    assert done.stdout.splitlines() == ["0", str(errno.EACCES), "0", "piped"], done.stderr


def test_a_crash_that_nobody_foresaw_shows_no_value(server: Server, tmp_path: Path) -> None:
    canary = Canary.plant()
    server.reset()
    server.make(REFERENCE)
    broken = (
        "from infra_secrets.clouds.aws import values\n"
        "def write(self, described, value): raise RuntimeError(repr(value.data))\n"
        "values.SecretsManager.write = write\n"
        "from infra_secrets.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", broken, "set", REFERENCE, "--cloud", "aws"],
        input=canary.value.encode(),
        capture_output=True,
        check=False,
        env=environment(server.environment(), tmp_path),
        cwd=tmp_path,
    )

    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 1
    assert "RuntimeError was not expected" in said
    assert canary.sightings(said) == []


def test_a_shell_keeps_the_command_in_its_history_and_not_what_was_typed_for_it(
    server: Server, tmp_path: Path
) -> None:
    canary = Canary.plant()
    server.reset()
    server.make(REFERENCE)
    env = {**environment(server.environment(), tmp_path), "PS1": "$ ", "COMMAND": COMMAND[2]}
    shell = Terminal.running(["bash", "--norc", "--noprofile", "-i"], env=env, cwd=tmp_path)
    shell.until("$ ")
    shell.type(f'{sys.executable} -c "$COMMAND" set {REFERENCE} --cloud aws\n')
    shell.until("(not shown): ")
    shell.type(f"{canary.value}\n")
    shell.until("once more: ")
    shell.type(f"{canary.value}\n")
    shell.until("fingerprint")
    shell.until("$ ")
    shell.type("exit\n")
    assert shell.ended() == 0

    found = files(tmp_path)
    assert f"set {REFERENCE}" in found[str(tmp_path / ".bash_history")]
    assert canary.sightings({**found, "screen": shell.text}) == []
    assert server.present(REFERENCE).decode() == canary.value
