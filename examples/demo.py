"""The examples on simulated clouds, with an operator in them: `make demo`, or `python -m examples.demo gcp`.

On each cloud the quickstart meets what usually loses a value; on Kubernetes the NLP service gets its values
from containers on AWS, through ESC, into its pods. `gcp-journey` is a value's whole way on GCP: see `journey.py`.
Each chapter checks what became of the values, and says so.
The programs know nothing of this: a change of the code is an edited copy of its text.
"""

import base64
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from examples.journey import JourneyStory
from examples.story import BrokenPromiseError, Story, below, escape, nowhere, say
from infra_secrets import clouds
from infra_secrets.errors import UnknownCloudError
from infra_secrets.testing import Canary, EngineMissingError, Rehearsal, Run, ordinary_config

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "examples" / "quickstart" / "__main__.py"
SECRETS = ("StripeApiKey", "WebhookSigningKey", "database")
LAST_LINE = 'pulumi.export("set_database", database.set_command)\n'
DEPLOYMENT = """
import pulumi_kubernetes as kubernetes

from infra_secrets import ExternalEnv

env = ExternalEnv(
    "payments",
    secrets={"STRIPE_API_KEY": stripe.secret_name, "WEBHOOK_SIGNING_KEY": signing.secret_name},
    service_account="payments",
)
labels = {"app": "payments"}
pod = {"containers": [{"name": "payments", "image": "ghcr.io/acme/payments:1.0"}]}
template = {"metadata": {"labels": labels}, "spec": pod}
spec = env.inject({"selector": {"matchLabels": labels}, "template": template})
kubernetes.apps.v1.Deployment("payments", spec=spec)
"""
NLP = ROOT / "examples" / "nlp"
KUBERNETES = "kubernetes"
JOURNEY = "-journey"


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


class CloudStory(Story):
    """The quickstart on one cloud.

    Args:
        cloud: The cloud's name, e.g. `aws`.
    """

    def __init__(self, cloud: str) -> None:
        self.title = clouds.load(cloud).SPELLING.title
        self._cloud = cloud
        self._values: dict[str, Canary] = {}
        self._ids: dict[str, str] = {}

    def tell(self) -> str:
        """Play every chapter and return the last line.

        Raises:
            BrokenPromiseError: Something was not as promised.
        """
        package = clouds.load(self._cloud).RESOURCE_TYPE.partition(":")[0]
        with Rehearsal(directory=ROOT, config=ordinary_config(self._cloud)) as self._rehearsal:
            self._simulated = self._rehearsal.clouds[package]
            self._original = self._rehearsal.program
            self._chapter("pulumi up", self._created)
            self._chapter("operator sets values", self._set_by_hand)
            self._chapter("pulumi up again", self._unchanged)
            self._chapter("a description changes", self._described)
            self._chapter("a secret is renamed", self._renamed)
            self._chapter("pulumi destroy", self._destroyed)
            self._chapter("the state file is lost", self._forgotten)
            self._chapter("adopt= is added", self._adopted)
            self._chapter("adopt= is removed", self._settled)
            self._chapter("a Deployment is added", self._deployed)
            self._chapter("has a value been seen?", self._never_seen)
        return f"{len(self._values)} containers, every value still there, none ever seen"

    def _look_around(self) -> None:
        for name, canary in self._values.items():
            self._promise(self._simulated.value(name) == canary.value, f"{name} lost its value")
            self._promise(self._simulated.names() == [*self._values], "another container is there")

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
        reader = f"who reads one now gets {self._simulated.reader_sees(names[0])}"
        return f"3 containers, all empty{below(*names, reader)}"

    def _set_by_hand(self) -> str:
        for name in self._simulated.names():
            shown = any(name in str(command) for command in self._rehearsal.outputs.values())
            self._promise(shown, f"no output of the stack shows the command that sets {name}")
            self._values[name] = Canary.plant(name=name)
            self._simulated.set_value(name, self._values[name].value)
        return "by hand, in the cloud"

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
        kept = not run.succeeded and "never replaced by another one" in run.error
        self._promise(kept, f"the rename was not refused: {run.error}")
        self._rehearsal.program = self._original
        return "refused, the value stays"

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
        return f"refused, with the fix{below(ways_out[SECRETS[0]])}"

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

    def _deployed(self) -> str:
        self._rehearsal.program = edited({LAST_LINE: LAST_LINE + DEPLOYMENT})
        run = self._up()
        self._promise(run.succeeded, f"up failed: {run.error}")
        cluster = self._rehearsal.kubernetes
        cluster.sync(self._rehearsal.clouds)  # what External Secrets Operator does by itself
        waiting = cluster.pods_would_wait("payments")
        self._promise(not waiting, f"pods wait: {waiting[:1]}")
        seen = cluster.environment("payments")
        wanted = {each.value for name, each in self._values.items() if name.endswith("-key")}
        self._promise({*seen.values()} == wanted, "its pods see other values")
        return f"its pods see the values{below(', '.join(sorted(seen)))}"

    def _never_seen(self) -> str:
        texts = sum(1 for _ in self._rehearsal.evidence())
        leaks = [each for each in self._rehearsal.sightings(self._values.values()) if each.leaked]
        self._promise(not leaks, f"seen {len(leaks)} times, first: {leaks[:1]}")
        return nowhere(texts)


class KubernetesStory(Story):
    """The NLP service: containers on AWS, an ESC environment that reads them, a Deployment and a CronJob."""

    title = "the NLP service, from ESC into its pods"

    def __init__(self) -> None:
        self._environment = (NLP / "environment.yaml").read_text(encoding="utf-8")

    def tell(self) -> str:
        """Play every chapter and return the last line.

        Raises:
            BrokenPromiseError: Something was not as promised.
        """
        config, stack = ordinary_config("aws"), "production"
        with Rehearsal(
            directory=NLP / "containers", stack=stack, config=config
        ) as self._containers:
            self._chapter("containers: pulumi up", self._created)
            self._chapter("operator sets values", self._set_by_hand)
            with Rehearsal(
                directory=NLP / "service",
                stack=stack,
                esc={"nlp/production": self._environment},
                clouds=self._containers.clouds.values(),
            ) as self._service:
                self._cluster = self._service.kubernetes
                self._chapter("service: pulumi up", self._deployed)
                self._chapter("pulumi up again", self._unchanged)
                self._chapter("a value changes", self._rolled)
                self._chapter("a key is mistyped", self._mistyped)
                self._chapter("a secret in plain text", self._unmarked)
                self._chapter("pulumi destroy", self._destroyed)
                self._chapter("has a value been seen?", self._never_seen)
        return "values only where pods read them; a new one rolls every pod that uses it"

    def _look_around(self) -> None:
        if hasattr(self, "_cluster"):
            gone = self._cluster.dangling
            self._promise(not gone, f"a workload pointed at what was gone: {gone[:1]}")

    def _up(self, change: tuple[str, str] = ("", "")) -> Run:
        self._service.configure(esc={"nlp/production": self._environment.replace(*change)})
        return self._service.up(check=False)

    def _created(self) -> str:
        run = self._containers.up(check=False)
        self._promise(run.succeeded, f"up failed: {run.error}")
        return f"{len(self._containers.aws.names())} containers, all empty"

    def _set_by_hand(self) -> str:
        part = Canary.plant(name="the middle of every value").value
        body = base64.b64encode(part.encode()).decode()
        armour = "-----{} OPENSSH PRIVATE KEY-----"
        self._values = {
            "database-url": f"postgresql://nlp:{quote(part, safe='')}@db.example.com/nlp",
            "api-token": part,
            "sentry-dsn": f"https://{''.join(filter(str.isalnum, part))}@o1.ingest.sentry.io/77",
            "ssh-key": "\n".join([armour.format("BEGIN"), body, armour.format("END")]),
        }
        for name, value in self._values.items():
            self._containers.aws.set_value(f"nlp/production/{name}", value)
        return "by hand; ESC reads them"

    def _deployed(self) -> str:
        run = self._up()
        self._promise(run.succeeded, f"up failed: {run.error}")
        for workload in ("web", "reindex"):
            seen = self._cluster.environment(workload)
            self._promise(seen["DATABASE_URL"] == self._values["database-url"], "a wrong value")
            [(path, content)] = self._cluster.files(workload).items()
            self._promise(content.decode() == f"{self._values['ssh-key']}\n", f"a wrong {path}")
        return f"its pods see the values{below(', '.join([*sorted(seen), path]))}"

    def _unchanged(self) -> str:
        run = self._up()
        self._promise(run.succeeded and not run.changes, "up wants changes")
        return "no pod is touched"

    def _rolled(self) -> str:
        before = len(self._cluster.history)
        self._values["api-token"] = Canary.plant(name="the new token").value
        self._containers.aws.set_value("nlp/production/api-token", self._values["api-token"])
        run = self._up()
        self._promise(run.succeeded, f"up failed: {run.error}")
        for workload in ("web", "reindex"):
            seen = self._cluster.environment(workload)["API_TOKEN"]
            self._promise(seen == self._values["api-token"], f"{workload} has the old value")
            rolled = len(self._cluster.rollouts(workload)) - 1
            self._promise(rolled == 1, f"{workload} was rolled {rolled} times")
        events = [event.rpartition("/")[0] for event in self._cluster.history[before:]]
        in_order = events[0] == "create Secret nlp" and events[-1] == "delete Secret nlp"
        self._promise(in_order, f"not in order: {', '.join(events)}")
        return "every pod rolls, once"

    def _mistyped(self) -> str:
        run = self._refused(("nlp:sentry_dsn:", "nlp:sentry_dns:"), "(there is 'nlp:sentry_dns')")
        command = re.search(r"esc env set .*", run.error)
        self._promise(command, "it is not said how to fix it")
        return f"refused, with the fix{below(command[0] if command else '')}"

    def _unmarked(self) -> str:
        self._refused(('${aws.secrets["api-token"]}', "made-up-token"), "is stored in plain text")
        return "refused: not encrypted"

    def _refused(self, change: tuple[str, str], why: str) -> Run:
        before = len(self._cluster.history)
        run = self._up(change)
        self._promise(why in run.error, f"it was not refused: {run.error}")
        self._promise(len(self._cluster.history) == before, "something was changed before that")
        return run

    def _destroyed(self) -> str:
        before = len(self._cluster.history)
        self._service.configure(esc={"nlp/production": self._environment})
        run = self._service.destroy(check=False)
        self._promise(run.succeeded, f"destroy failed: {run.error}")
        kinds = [event.split()[1] for event in self._cluster.history[before:]]
        last_user = max(kinds.index("Deployment"), kinds.index("CronJob"))
        self._promise(last_user < kinds.index("Secret"), "the Secret went before its users")
        for name, value in self._values.items():
            kept = self._containers.aws.value(f"nlp/production/{name}") == value
            self._promise(kept, f"{name} lost its value")
        return "pods first, values stay"

    def _never_seen(self) -> str:
        both = (self._containers, self._service)
        texts = sum(1 for each in both for _ in each.evidence())
        leaks = [found for each in both for found in each.sightings() if found.leaked]
        self._promise(not leaks, f"seen {len(leaks)} times, first: {leaks[:1]}")
        return nowhere(texts)


def _refused(run: Run) -> bool:
    return not run.succeeded and "protect" in run.error


def _story(name: str) -> "CloudStory | KubernetesStory | JourneyStory":
    if name == KUBERNETES:
        return KubernetesStory()
    return JourneyStory(name.removesuffix(JOURNEY)) if name.endswith(JOURNEY) else CloudStory(name)


def main(names: Sequence[str] = ()) -> int:
    """Tell the stories.

    Args:
        names: Clouds, `kubernetes`, and `aws-journey` and its like; all by default.

    Returns:
        The exit code: 0 only when every promise held.
    """
    endings: dict[str, tuple[bool, str]] = {}
    journeys = (f"{cloud}{JOURNEY}" for cloud in clouds.available())
    for name in names or (*clouds.available(), KUBERNETES, *journeys):
        story = _story(name)
        say(f"\n[bold]{name}: {story.title}[/bold]")
        try:
            endings[name] = True, story.tell()
        except BrokenPromiseError as broken:
            endings[name] = False, str(broken).partition("\n")[0]
    say()
    longest = max(10, *map(len, endings))
    for name, (kept, ending) in endings.items():
        word = "[green]ok[/green]    " if kept else "[red]broken[/red]"
        say(f"{word}  [bold]{name:<{longest}}[/bold] {escape(ending)}")
    return 0 if all(kept for kept, _ in endings.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (EngineMissingError, UnknownCloudError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
