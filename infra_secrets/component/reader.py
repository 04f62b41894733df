"""How a component reads its arguments: all of them before anything is registered, and every problem in one error."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Self, cast

import pulumi

from infra_secrets.component.given import (
    HALF,
    HALVES,
    argument_name,
    faults,
    is_input,
    kind,
    quote_it,
    subject_of,
    text_problem,
)
from infra_secrets.component.internals import is_without_engine
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.options import option_problems
from infra_secrets.component.outputs import known_only
from infra_secrets.component.plain_text import refuse_secrets, secrets_in
from infra_secrets.component.settings import ConfigKey
from infra_secrets.errors import ArgsError, OutputError, combined
from infra_secrets.rules.wording import nearest, shown


class Reader:
    """Reads the arguments of one component and keeps what is wrong with them.

    Attributes:
        subject: The component, as messages name it: see `subject_of`.
        name: Its logical name.
        given: Its arguments, without those that are None or do not exist.
        opts: Its resource options.
        errors: What is wrong.
    """

    component: ClassVar[str]
    """The component's class."""
    named: ClassVar[str] = "nlp"
    """A logical name that would work."""
    error: ClassVar[type[ArgsError]] = ArgsError
    takes: ClassVar[Mapping[str, str]] = {}
    """What an argument takes, for a refusal of the wrong kind: `e.g. 'api'`, or `one of aws, azure, gcp`."""
    way_out: ClassVar[str] = ""
    """What to do instead of giving the value of a secret; `{key}` in it stands for the config key."""

    @classmethod
    @contextmanager
    def reading(
        cls,
        arguments: type[Any],
        name: object,
        args: object,
        kwargs: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
    ) -> Iterator[Self]:
        """Read what a component was given; at the end, one error says everything that is wrong with it.

        Args:
            arguments: The `TypedDict` of the arguments that exist.
            name: The logical name, as given.
            args: The mapping of arguments, as given.
            kwargs: The same as keyword arguments; they win.
            opts: The resource options, as given.

        Raises:
            ArgsError: Something cannot be met. Nothing was registered.
        """
        with one_clear_message():
            # Before anything else looks at that, because other refusals repeat what they refuse.
            refuse_secrets(
                cls.component, name, args, kwargs, opts, error=cls.error, way_out=cls.way_out
            )
            subject = cls.readable(name, args, opts)
            given = {**cast(Mapping[str, Any], args), **kwargs}
            reader = cls(subject, cast(str, name), given, opts, arguments.__annotations__)
            yield reader
            if reader.errors:
                raise reader.refused()

    @classmethod
    def readable(cls, name: object, args: object, opts: object) -> str:
        """Refuse what makes reading anything else pointless, and return how messages name the component.

        Raises:
            ArgsError: Name, args or opts is of the wrong kind.
        """
        if not isinstance(name, str) or not name:
            needs = subject_of(cls.component, cls.named)
            raise cls.error(
                f"{cls.component} needs a name, a string, as in {needs}; found {kind(name)}."
            )
        subject = subject_of(cls.component, name)
        if HALF.search(name):
            raise cls.error(f"{subject}: the name has {HALVES}.")
        if not isinstance(args, Mapping):
            raise cls.error(
                f"{subject}: args must be a mapping of argument names; found {kind(args)}."
            )
        wrong = [cls.error(problem) for problem in option_problems(opts)]
        if wrong:
            raise combined(subject, wrong, cls.error)
        return subject

    @classmethod
    def two_names(cls, name: str) -> ArgsError:
        """Make the error of a component that was given `name=` beside its logical name."""
        return combined(subject_of(cls.component, name), [cls.unknown("name", ())], cls.error)

    def __init__(
        self,
        subject: str,
        name: str,
        given: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
        known: Collection[str],
    ) -> None:
        self.subject = subject
        self.name = name
        self.opts = opts
        self.errors: list[ArgsError] = []
        self.checks: list[pulumi.Output[Any]] = []
        """What is looked at as soon as it is known; each fails with the refusal."""
        self.given = dict(given)
        # Also what was given as None: whoever writes `value=None` looks for a place for the value.
        for key in [key for key in self.given if key not in known]:
            del self.given[key]
            self.errors.append(self.unknown(key, known))
        self.given = {key: item for key, item in self.given.items() if item is not None}
        broken = [next(faults(key, item), None) for key, item in self.given.items()]
        if any(broken):
            for problem in filter(None, broken):
                self.refuse(problem)
            raise self.refused()

    def refused(self) -> ArgsError:
        """Make one error of everything that is wrong."""
        return combined(self.subject, self.errors, self.error)

    @classmethod
    def unknown(cls, key: object, known: Collection[str]) -> ArgsError:
        """Make the error of an argument that does not exist."""
        if not isinstance(key, str):
            return cls.error(f"an argument's name must be a string; found {kind(key)}.")
        close = nearest(key, known)
        hint = f"Did you mean {close}?" if close else f"It takes {', '.join(known)}."
        return cls.error(f"{argument_name(key)} is not an argument. {hint}")

    def refuse(self, problem: str) -> None:
        """Note a problem, once."""
        if problem not in map(str, self.errors):
            self.errors.append(self.error(problem))

    def refuse_kind(self, argument: str, found: object, rule: str = "a string") -> None:
        """Note that an argument is of the wrong kind, and say what would work."""
        takes = self.takes.get(argument, "")
        no_number = takes.startswith(("one of", "the "))  # a choice, or what has a name already
        quoted = "" if no_number or rule != "a string" else quote_it(found, f"{argument}: ")
        self.refuse(
            f"{argument} must be {rule}{', ' if takes else ''}{takes}; found {kind(found)}{quoted}."
        )

    def configured(self, key: ConfigKey) -> str | None:
        """Read what the stack's config says where no argument does; everybody sees it, so it must not be secret."""
        return None if self.is_secret(key) else key.read()

    def is_secret(self, key: ConfigKey) -> bool:
        """Refuse a config key that is secret. What it holds is not repeated, and so not judged either."""
        secret = not key.may_be_secret and pulumi.runtime.is_config_secret(str(key))
        if secret:
            self.refuse(
                f"config {key} is a secret, and would be shown in plain text. Store it as plain text: in "
                f"ESC without fn::secret, or with pulumi config set --plaintext {key} <...>"
            )
        return secret

    def text(self, argument: str) -> str | None:
        """Read an argument that must be a plain string, known before anything is created."""
        found = self.given.get(argument)
        if found is None or (isinstance(found, str) and found):
            return found
        if is_input(found):
            why = "a plain string, because it must be known before anything is created"
            self.refuse_kind(argument, found, why)
        else:
            self.refuse_kind(argument, found)
        return None

    def sentence(self, argument: str, *, needed: bool = False) -> Any:
        """Read an argument that may also be an output of another resource.

        Args:
            argument: Its name.
            needed: Whether it must have a value.
        """
        found = self.given.get(argument)
        if found is None or (isinstance(found, str) and found):
            return found
        if is_input(found):
            return self.output(argument, found, needed=needed)
        self.refuse_kind(argument, found)
        return None

    def list(self, argument: str, *, plain: bool, repeatable: bool = False) -> tuple[Any, ...]:
        """Read a list of strings.

        Args:
            argument: Its name.
            plain: Whether each must be known before anything is created. Otherwise it is a cloud that knows them.
            repeatable: Whether one may be there twice.
        """
        found = self.given.get(argument)
        if found is None:
            return ()
        if not isinstance(found, Sequence) or isinstance(found, str | bytes):
            rule = "a list of strings"
            if isinstance(found, str) and plain and shown(found) == repr(found) != "''":
                self.refuse(f"{argument} must be {rule}, e.g. [{shown(found)}]; found a string.")
            else:
                self.refuse_kind(argument, found, rule)
            return ()
        kept: list[Any] = []
        for position, each in enumerate(found):
            if isinstance(each, str) and each:
                kept.append(each)
            elif not plain and is_input(each):
                kept.append(self.output(f"{argument}[{position}]", each, needed=True))
            else:
                self.refuse(f"{argument}[{position}] must be a string; found {kind(each)}.")
        repeated = sorted({each for each in kept if isinstance(each, str) and kept.count(each) > 1})
        if repeated and not repeatable:
            self.refuse(
                f"{argument} has {', '.join(map(shown, repeated))} more than once; list each once."
            )
        return tuple(kept)

    def output(
        self,
        what: str,
        given: Any,
        *,
        text: bool = True,
        needed: bool = False,
        empty: bool = False,
        secret: bool = False,
    ) -> "pulumi.Output[Any]":
        """Pass on what is known only later; it fails with a refusal where the wrong thing turns out.

        Args:
            what: The argument, for messages.
            given: An output or awaitable.
            text: Whether it must be a string, or nothing.
            needed: Whether it must have a value. Under Pulumi's mocks, nothing is what they left out, and not known.
            empty: Whether the string may be empty.
            secret: Whether it may be secret, because it is not shown in plain text where it goes.
        """
        output = pulumi.Output.from_input(given)
        lacking = is_without_engine() or not needed

        async def check() -> bool:
            if not secret and await output.is_secret():
                problem: str | None = (
                    f"{what} was given a secret, and would show it in plain text in the cloud and its logs. Only names "
                    f"and descriptions belong there; give {what} something that is public."
                )
            elif await output.is_known():
                found = await output.future()
                wrong = text and not (found is None and lacking)
                problem = text_problem(what, found, empty=empty) if wrong else None
                if not (problem or secret):
                    # A program can make an output that is not secret of a value that it read as a text.
                    problem = next(iter(secrets_in({what: found}, self.way_out)), None)
            else:
                problem = None
            if problem:
                with one_clear_message():
                    raise OutputError(f"{self.subject}: {problem}")
            return True

        checked = pulumi.Output.from_input(cast(Any, check()))
        self.checks.append(checked)
        # Where nothing passes although it would not do, mocks have left it out.
        passed = known_only(output, lambda found: found) if needed else output
        return checked.apply(lambda _: passed)

    def flag(self, argument: str) -> bool:
        """Read a boolean; false when it is not given."""
        found = self.given.get(argument, False)
        if not isinstance(found, bool):
            self.refuse(f"{argument} must be true or false; found {kind(found)}.")
        return found is True

    def whole_number(self, argument: str, lowest: int, highest: int) -> int | None:
        """Read a whole number in a range."""
        found = self.given.get(argument)
        if found is None:
            return None
        # From other languages every number arrives as a float.
        if isinstance(found, bool) or not isinstance(found, int | float):
            self.refuse(
                f"{argument} must be a whole number, {lowest} to {highest}; found {kind(found)}."
            )
        elif not lowest <= found <= highest or found != int(found):
            self.refuse(
                f"{argument} is out of range; it must be a whole number, {lowest} to {highest}."
            )
        else:
            return int(found)
        return None
