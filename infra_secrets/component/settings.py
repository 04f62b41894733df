"""What the package reads besides its arguments: keys of the stack's config, and environment variables.

Each is declared once, with its meaning and its default: here, or in the file of the cloud that alone needs it.
`docs/reference.md` is made from them, and a test refuses code that reads anything else. Which keys hold a program's own
values is that program's to say (see `stack/`).
"""

import os
from dataclasses import dataclass

NAMESPACE = "infra-secrets"
"""Namespace of the package's own config keys, e.g. `infra-secrets:cloud`."""


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """A key of the stack's config."""

    namespace: str
    name: str
    meaning: str
    """What it says, in a sentence; Markdown."""
    default: str
    """Its default, in words; Markdown."""
    takes: str = ""
    """What it takes, where an argument of the same meaning is refused without repeating what was given."""
    may_be_secret: bool = False
    """Whether it may be stored as a secret, although everybody sees where it goes."""

    def __str__(self) -> str:
        """Spell it in full, as `pulumi config set` takes it."""
        return f"{self.namespace}:{self.name}"

    def read(self) -> str | None:
        """Read it from the stack's config; None if the stack has none."""
        import pulumi

        return pulumi.Config(self.namespace).get(self.name)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable."""

    name: str
    meaning: str
    """What it says, in a sentence; Markdown."""
    default: str = "not set"
    """Its default, in words; Markdown."""

    def __str__(self) -> str:
        """Spell it."""
        return self.name

    def read(self) -> str | None:
        """Read it from this process's environment; None if it is not set."""
        return os.environ.get(self.name)


CLOUD = ConfigKey(
    NAMESPACE,
    "cloud",
    "Where containers are, and where a store that `ExternalEnv` makes reads them.",
    "none: a `Secret` needs it here or as `cloud=`",
)
SERVICE = ConfigKey(
    NAMESPACE, "service", "The first part of every container's name.", "the project's name"
)
ENVIRONMENT = ConfigKey(
    NAMESPACE, "environment", "The second part of every container's name.", "the stack's name"
)
RETENTION = ConfigKey(
    NAMESPACE,
    "retention",
    "What removing a `Secret` from code may do: `keep`, `recover` or `discard`.",
    "`keep`",
)
REQUIRE_ESC = ConfigKey(
    NAMESPACE,
    "requireEsc",
    "Whether `require_esc` stops the program (`refuse`) or only says what it found (`warn`).",
    "`refuse`",
)
AUTONAMING = ConfigKey(
    "pulumi",
    "autonaming",
    "Pulumi's own. Looked at, because in a mode without randomness the engine deletes before it replaces: then "
    "`EscEnv`, `ExternalEnv`, `EscDeployment` and every retention but `keep` are refused.",
    "random names",
)
KUBERNETES_NAMESPACE = ConfigKey(
    "kubernetes",
    "namespace",
    "Pulumi's own. Looked at by `transform`, to warn where a workload would be in another namespace than its values.",
    "`default`",
)
KUBERNETES_RENDERS = ConfigKey(
    "kubernetes",
    "renderYamlToDirectory",
    "Pulumi's own. Looked at, because the provider would write the values of a Secret to a file: then it is refused.",
    "nothing is written",
)
KUBERNETES_APPLIES = ConfigKey(
    "kubernetes",
    "enableServerSideApply",
    "Pulumi's own. Looked at, because with `false` the provider copies the values of a Secret into an annotation: then "
    "it is refused.",
    "`true`",
)

KUBERNETES_APPLIES_VARIABLE = Variable(
    "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "The Kubernetes provider's own, looked at where config `kubernetes:enableServerSideApply` is not set: anything "
    "but `true` is refused, as there.",
)
CONFIG_FILE = Variable(
    "PULUMI_OPTION_CONFIG_FILE",
    "Pulumi's own: another stack file. Then `require_esc` warns that it could not check the file in use.",
)
SKIP_CHECKPOINTS = Variable(
    "PULUMI_SKIP_CHECKPOINTS",
    "Pulumi's own: the state is written only at the end. Then a stack that has no outputs yet is not asked whether "
    "it owns a container.",
)
ACCESS_TOKEN = Variable(
    "PULUMI_ACCESS_TOKEN",
    "Pulumi's own. `infra-secrets doctor` looks whether it is set, so that it can say what to do when it is refused.",
)
BACKEND_URL = Variable(
    "PULUMI_BACKEND_URL",
    "Pulumi's own: where stacks are. `infra-secrets doctor` names it in the command that logs in.",
)
PASSPHRASE = Variable(
    "PULUMI_CONFIG_PASSPHRASE",
    "Pulumi's own. `infra-secrets doctor` looks whether it is set where the stack's file needs one.",
)
PASSPHRASE_FILE = Variable(
    "PULUMI_CONFIG_PASSPHRASE_FILE", "Pulumi's own: the file with that passphrase."
)
SSL_FILE = Variable(
    "SSL_CERT_FILE",
    "OpenSSL's own: whom to trust. `infra-secrets doctor` looks whether the file is there.",
)
REQUESTS_FILE = Variable("REQUESTS_CA_BUNDLE", "The same, of most of Python's HTTP clients.")
CLOUD_VARIABLE = Variable(
    "INFRA_SECRETS_CLOUD",
    "Where containers are, for the command line outside of a Pulumi project and for an application that loads its "
    "secrets.",
)
ENVIRONMENT_VARIABLE = Variable(
    "INFRA_SECRETS_ENVIRONMENT",
    "The second part of containers' names, for the command line outside of a Pulumi project and for an application "
    "that loads its secrets.",
)
STATE_HOME = Variable(
    "XDG_STATE_HOME",
    "The folder below which `infra-secrets set` keeps the key of its fingerprints: `infra-secrets/fingerprint.key`, "
    "readable by its owner alone.",
    "`~/.local/state`",
)
CI = Variable("CI", "Not empty: no command shows a progress bar.")
COLUMNS = Variable(
    "COLUMNS",
    "Width of the report of `infra-secrets rehearse`, in characters, when it is not a terminal.",
    "160",
)

DIRECTORY_VARIABLE = Variable(
    "INFRA_SECRETS_DIRECTORY",
    "The folder in which an application's settings are mounted as files, where its class does not say `directory=`.",
)

CONFIG_KEYS = (
    CLOUD,
    SERVICE,
    ENVIRONMENT,
    RETENTION,
    REQUIRE_ESC,
    AUTONAMING,
    KUBERNETES_NAMESPACE,
    KUBERNETES_RENDERS,
    KUBERNETES_APPLIES,
)
"""Every key but those that only one cloud needs: `SETTINGS` of its own folder and of its store."""
VARIABLES = (
    KUBERNETES_APPLIES_VARIABLE,
    CONFIG_FILE,
    SKIP_CHECKPOINTS,
    ACCESS_TOKEN,
    BACKEND_URL,
    PASSPHRASE,
    PASSPHRASE_FILE,
    SSL_FILE,
    REQUESTS_FILE,
    CLOUD_VARIABLE,
    ENVIRONMENT_VARIABLE,
    STATE_HOME,
    CI,
    COLUMNS,
    DIRECTORY_VARIABLE,
)
"""Every environment variable."""


def setting(name: str) -> str | None:
    """Read the environment variable in which an application declares one of its own values; None if it is not set."""
    return os.environ.get(name)
