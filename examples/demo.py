"""The quickstart on simulated clouds, with an operator in it: `make demo`, or `python -m examples.demo gcp`.

Each chapter does to the program what usually loses a value, checks what became of it, and says so. The
program knows nothing of this: a change of the code is an edited copy of its text.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra_secrets import clouds
from infra_secrets.errors import UnknownCloudError
from infra_secrets.testing import Canary, EngineMissingError, Rehearsal, Run, ordinary_config

try:
    from rich.console import Console
    from rich.markup import escape

    say = Console(highlight=False, emoji=False, soft_wrap=True).print
except ModuleNotFoundError:  # the story reads without colours too

    def say(text: str = "", *, end: str = "\n") -> None:  # type: ignore[misc] # stands in for Rich's
        """Print without the markup."""
        print(re.sub(r"\[/?(bold|dim|red|green)\]", "", text), end=end, flush=True)

    def escape(text: str) -> str:  # type: ignore[misc] # the same
        """Return a text that holds no markup."""
        return text


ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "examples" / "quickstart" / "__main__.py"
SECRETS = ("StripeApiKey", "WebhookSigningKey", "database")


class BrokenPromiseError(Exception):
    """What the package promises did not hold; the rest of that cloud's story has no ground to stand on."""


def edited(changes: Mapping[str, str]) -> Callable[[], None]:
    """Return the quickstart as it runs after somebody has edited its text.

    Args:
        changes: New text by old text; each old text must be there once.
    """
    text = PROGRAM.read_text(encoding="utf-8")
    for old, new in changes.items():
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is in {PROGRAM.name} {text.count(old)} times")
        text = text.replace(old, new)
    code = compile(text, str(PROGRAM), "exec")
    return lambda: exec(code, {"__name__": "__main__"})  # noqa: S102 (this repository's own program)


class Story:
    """One cloud's story.

    Args:
        cloud: The cloud's name, e.g. `aws`.
        rehearsal: The quickstart on that cloud.
    """

    def __init__(self, cloud: str, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        self._simulated = rehearsal.clouds[clouds.load(cloud).RESOURCE_TYPE.partition(":")[0]]
        self._original = rehearsal.program
        self._values: dict[str, Canary] = {}
        self._ids: dict[str, str] = {}

    def tell(self) -> str:
        """Play every chapter and return the last line.

        Raises:
            BrokenPromiseError: Something was not as promised.
        """
        self._chapter("pulumi up", self._created)
        self._chapter("An operator sets the values", self._set_by_hand)
        self._chapter("pulumi up again", self._unchanged)
        self._chapter("A description is edited, up", self._described)
        self._chapter("A secret is renamed, up", self._renamed)
        self._chapter("pulumi destroy", self._destroyed)
        self._chapter("The state file is lost, up", self._forgotten)
        self._chapter("adopt= is added, up", self._adopted)
        self._chapter("adopt= is removed, up", self._settled)
        self._chapter("Has a value been seen?", self._never_seen)
        return f"{len(self._values)} containers, every value still there, none ever seen"

    def _chapter(self, title: str, play: Callable[[], str]) -> None:
        say(f"  {title:<28} ", end="")
        try:
            outcome = play()
            for name, canary in self._values.items():
                self._promise(self._simulated.value(name) == canary.value, f"{name} lost its value")
                self._promise(
                    self._simulated.names() == [*self._values], "another container is there"
                )
        except BrokenPromiseError as broken:
            say(f"[red]broken[/red]  {escape(str(broken))}")
            raise
        say(f"[green]ok[/green]  {outcome}")

    @staticmethod
    def _promise(kept: object, otherwise: str) -> None:
        if not kept:
            raise BrokenPromiseError(otherwise)

    def _up(self) -> Run:
        return self._rehearsal.up(check=False)

    # The chapters -------------------------------------------------------------------------------------

    def _created(self) -> str:
        run = self._up()
        names = self._simulated.names()
        self._promise(run.succeeded, f"up failed: {run.error}")
        self._promise(len(names) == len(SECRETS), f"there are {len(names)} containers")
        for name in names:
            self._promise(self._simulated.value(name) is None, f"{name} is not empty")
        listed = "".join(f"\n{'':>36}[dim]{name}[/dim]" for name in names)
        return (
            f"3 containers; whoever reads one gets: {self._simulated.reader_sees(names[0])}{listed}"
        )

    def _set_by_hand(self) -> str:
        for name in self._simulated.names():
            shown = any(name in str(command) for command in self._rehearsal.outputs.values())
            self._promise(shown, f"no output of the stack shows the command that sets {name}")
            self._values[name] = Canary.plant(name=name)
            self._simulated.set_value(name, self._values[name].value)
        return "by hand; the stack's outputs show the command for each"

    def _unchanged(self) -> str:
        run = self._up()
        self._promise(run.succeeded and not run.changes, "up wants changes")
        return "nothing to change"

    def _described(self) -> str:
        old = "Charges cards through Stripe"
        self._rehearsal.program = edited({old: "Takes payments through Stripe"})
        run = self._up()
        self._promise(run.succeeded, f"up failed: {run.error}")
        replaced = [step.name for step in run.changes if step.op != "update"]
        self._promise(not replaced, f"more than an update: {', '.join(replaced)}")
        return "updated in place" if run.changes else "left alone"

    def _renamed(self) -> str:
        self._rehearsal.program = edited(
            {'"StripeApiKey",\n': '"StripeApiKey",\n    key="stripe-token",\n'}
        )
        run = self._up()
        self._promise(_refused(run), f"the rename was not refused: {run.error}")
        self._rehearsal.program = self._original
        return "refused by the engine: the secret is protected"

    def _destroyed(self) -> str:
        run = self._rehearsal.destroy(check=False)
        self._promise(_refused(run), f"the destruction was not refused: {run.error}")
        return "refused by the engine"

    def _forgotten(self) -> str:
        self._ids = {
            each["urn"].rpartition("::")[2]: each["outputs"]["secretId"]
            for each in self._rehearsal.resources
            if each["type"] == "infra-secrets:index:Secret"
        }
        self._rehearsal.lose_state()
        run = self._up()
        self._promise(not run.succeeded, "up went through without the state")
        ways_out = dict(re.findall(r'Secret\("(\w+)"\): .*?(add adopt="[^"]+")', run.error))
        self._promise(set(ways_out) == set(SECRETS), "it is not said how to take them over")
        return f"refused, and it says how to go on: {escape(ways_out[SECRETS[0]])}"

    def _adopted(self) -> str:
        self._rehearsal.program = edited(
            {
                f'"{secret}",\n': f'"{secret}",\n    adopt={id_!r},\n'
                for secret, id_ in self._ids.items()
            }
        )
        run = self._up()
        self._promise(run.succeeded, f"up failed: {run.error}")
        taken = [step for step in run.steps if step.op == "import"]
        self._promise(len(taken) == len(SECRETS), f"{len(taken)} were taken over")
        return "all taken over"

    def _settled(self) -> str:
        self._rehearsal.program = self._original
        run = self._up()
        self._promise(run.succeeded, f"up failed: {run.error}")
        return "as before"

    def _never_seen(self) -> str:
        texts = sum(1 for _ in self._rehearsal.evidence())
        leaks = [each for each in self._rehearsal.sightings(self._values.values()) if each.leaked]
        self._promise(not leaks, f"seen {len(leaks)} times, first: {leaks[:1]}")
        return f"in none of {texts} requests, files, logs and outputs"


def _refused(run: Run) -> bool:
    return not run.succeeded and "protect" in run.error


def main(names: Sequence[str] = ()) -> int:
    """Tell the story on each cloud.

    Args:
        names: The clouds; all by default.

    Returns:
        The exit code: 0 only when every promise held on every cloud.
    """
    endings: dict[str, tuple[bool, str]] = {}
    for cloud in names or clouds.available():
        say(f"\n[bold]{cloud}: {clouds.load(cloud).SPELLING.title}[/bold]")
        with Rehearsal(directory=ROOT, config=ordinary_config(cloud)) as rehearsal:
            try:
                endings[cloud] = True, Story(cloud, rehearsal).tell()
            except BrokenPromiseError as broken:
                endings[cloud] = False, str(broken).partition("\n")[0]
    say()
    for cloud, (kept, ending) in endings.items():
        word = "[green]ok[/green]    " if kept else "[red]broken[/red]"
        say(f"{word}  [bold]{cloud:<6}[/bold] {escape(ending)}")
    return 0 if all(kept for kept, _ in endings.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (EngineMissingError, UnknownCloudError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
