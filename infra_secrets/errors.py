"""Every refusal of the package, as one small tree of exceptions.

A message says what was found, the rule and the way out. It never contains a value that somebody passed
over where a secret could be: the name of an unknown argument is shown, what was given for it is not.
"""

from collections.abc import Sequence

_LISTED = 50  # problems that one error lists; nobody fixes more at once


class InfraSecretsError(Exception):
    """Base of every error that the package raises on purpose."""


class MissingExtraError(InfraSecretsError, ImportError):
    """A part of the package needs a library that is not installed.

    The message has the `pip install` command that installs it.

    Args:
        what: The library, as a subject, e.g. `The Pulumi SDK for aws (pulumi_aws)`.
        extras: Extras, each of which installs it.
    """

    def __init__(self, what: str, *extras: str) -> None:
        self.what = what
        self.extras = extras
        super().__init__(self.with_command("pip install", "infra-secrets"))

    def with_command(self, install: str, package: str) -> str:
        """Say the same with another way to install, e.g. into a certain environment."""
        commands = " or ".join(f"{install} '{package}[{extra}]'" for extra in self.extras)
        return f"{self.what} is not installed. Run: {commands}"


class ArgsError(InfraSecretsError, ValueError):
    """A component's arguments are not valid; nothing was registered.

    Attributes:
        problems: One sentence or more for each thing that is wrong.
    """

    def __init__(self, *problems: str) -> None:
        self.problems: tuple[str, ...] = problems
        super().__init__("\n".join(problems))


class SecretArgsError(ArgsError):
    """The arguments of a `Secret` are not valid."""


class SecretNameError(SecretArgsError):
    """A part of a name, or the whole name, is not valid on every cloud."""


class UnknownCloudError(SecretArgsError, LookupError):
    """No cloud was chosen, or the package does not know the chosen one."""


class UnknownArgumentError(SecretArgsError, TypeError):
    """An argument that a `Secret` does not have."""


class ValueGivenError(UnknownArgumentError):
    """The program tried to pass in the secret's value."""


class UnsupportedError(SecretArgsError):
    """An argument that the chosen cloud does not support."""


class CollisionError(SecretArgsError):
    """Two secrets of one program would be the same container."""


class EnvArgsError(ArgsError):
    """The arguments of an `EscEnv`, `EscDeployment` or `ExternalEnv` are not valid."""


class StackConfigError(EnvArgsError):
    """The stack's config lacks a value, or has one in a form that cannot be used."""


class WorkloadError(EnvArgsError):
    """An environment cannot be put into a workload."""


class NoSuchOutputError(InfraSecretsError, AttributeError):
    """A `Secret` was asked for what it does not have: its value, say."""


class OutputError(InfraSecretsError):
    """An output among the arguments turned out to have an invalid value.

    Not a `ValueError`, unlike the refusals before anything is registered: Pulumi's SDK turns one into another error,
    which repeats the resource's inputs.
    """


class AccessError(InfraSecretsError):
    """A container or its value could not be reached.

    Attributes:
        found: What was found, in a sentence.
        way_out: What to do about it: a sentence, mostly with a command.
        in_doubt: Of a failed write: whether the value may have become the present one all the same. False where it
            certainly has not, because nothing was sent, or the cloud refused it.
    """

    in_doubt: bool = False

    def __init__(self, found: str, way_out: str) -> None:
        self.found = found
        self.way_out = way_out
        super().__init__(f"{found} {way_out}")

    def __reduce__(self) -> tuple[object, ...]:
        """Be pickled by both sentences, and by what was found out later."""
        return type(self), (self.found, self.way_out), vars(self)


class NotFoundError(AccessError, LookupError):
    """There is no such container."""


class NeverSetError(AccessError, LookupError):
    """The container is there, and nobody has set its value yet."""


class DisabledError(AccessError):
    """The present version of the value was disabled or destroyed."""


class ScheduledError(AccessError):
    """The container is scheduled for deletion."""


class DeniedError(AccessError):
    """The login is valid and may not do this."""


class NotLoggedInError(AccessError):
    """There is no login, or it has expired."""


class WrongPlaceError(AccessError):
    """The region, project or vault is not known, or there is none of that name."""


class UnreachableError(AccessError):
    """The cloud does not answer, or answers that it is out of order. This is no denial."""


class ThrottledError(AccessError):
    """The cloud's quota is used up for the moment."""


class ChangedMeanwhileError(AccessError):
    """Somebody else set the value in between.

    Attributes:
        present: The version that is the present one now.
        overtaken: Versions of others that came between the one that was expected and the writer's own, oldest first.
            They are kept, and `present` is the writer's own, without their changes. Empty where nothing was written.
    """

    def __init__(
        self,
        found: str,
        way_out: str,
        present: str | None = None,
        overtaken: Sequence[str] = (),
    ) -> None:
        self.present = present
        self.overtaken: tuple[str, ...] = tuple(overtaken)
        super().__init__(found, way_out)

    def __reduce__(self) -> tuple[object, ...]:
        """Be pickled by everything it was made of."""
        made_of = (self.found, self.way_out, self.present, self.overtaken)
        return type(self), made_of, vars(self)


class ValueRefusedError(AccessError, ValueError):
    """The value is not one that can be stored there unchanged, or not of the declared shape."""


class SettingsError(InfraSecretsError):
    """The settings of an application could not be loaded; it says everything that is missing or wrong.

    Not a `ValueError`: pydantic would make one of its own of it, which shows inputs.

    Attributes:
        problems: One text for each thing that is wrong.
        settings: Names of the settings that are not there.
        unreachable: Whether nothing is wrong but that a cloud does not answer for the moment.
    """

    def __init__(
        self,
        message: str,
        problems: Sequence[str] = (),
        settings: Sequence[str] = (),
        unreachable: bool = False,
    ) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        self.settings: tuple[str, ...] = tuple(settings)
        self.unreachable = unreachable
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        """Be pickled by what it says."""
        return type(self), (str(self), self.problems, self.settings, self.unreachable)


class SettingsUseError(InfraSecretsError, TypeError):
    """A class of settings is declared, or its settings are used, as they must not be."""


def combined(
    subject: str, errors: Sequence[ArgsError], otherwise: type[ArgsError] = SecretArgsError
) -> ArgsError:
    """Make one error of several, about one thing.

    Args:
        subject: What they are about, e.g. `Secret("StripeApiKey")`.
        errors: At least one.
        otherwise: The class of the result where they are of several classes.

    Returns:
        An error of the class that all of them share, or else of `otherwise`, with every problem on a
        line of its own.
    """
    # Each once, in order.
    problems = [*dict.fromkeys(problem for error in errors for problem in error.problems)]
    kinds = {type(error) for error in errors}
    kind = kinds.pop() if len(kinds) == 1 else otherwise
    if len(problems) == 1:
        merged = kind(f"{subject}: {problems[0]}")
    else:
        lines = "".join(f"\n  - {problem}" for problem in problems[:_LISTED])
        if len(problems) > _LISTED:
            lines += f"\n  - and {len(problems) - _LISTED} more."
        merged = kind(
            f"{subject}: {len(problems)} problems to fix before anything is created:{lines}"
        )
    merged.problems = tuple(problems)
    return merged
