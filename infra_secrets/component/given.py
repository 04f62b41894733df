"""What somebody handed over as an argument, read and judged in words.

A component's reader collects everything that is wrong, so that one error says all of it. What was given is
named by its kind; it is repeated only where it cannot be a secret.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import pulumi

from infra_secrets.component.internals import is_input_type, is_without_engine
from infra_secrets.component.plain_text import secrets_in
from infra_secrets.component.registering import known_only, one_clear_message
from infra_secrets.component.settings import ConfigKey
from infra_secrets.errors import ArgsError, OutputError, combined
from infra_secrets.rules.wording import is_credential, looks_like_a_value, nearest, quotable, shown

_HALF = re.compile("[\ud800-\udfff]")
_HALVES = (
    "halves of characters (surrogates), which are no text and cannot be sent. Decode it as UTF-8"
)
_DEEPEST = 32  # levels of lists and mappings in an argument; the package's own limit
_LONGEST_NAME = 100  # characters of a logical name that a message repeats


class Reader:
    """Reads the arguments of one component and keeps what is wrong with them.

    Args:
        subject: The component, as messages name it: see `subject_of`.
        given: The arguments, as given.
        known: Names of the arguments that exist.

    Raises:
        ArgsError: Something in them is no data that could be sent anywhere.
    """

    error: ClassVar[type[ArgsError]] = ArgsError
    takes: ClassVar[Mapping[str, str]] = {}
    """What an argument takes, for a refusal of the wrong kind: `e.g. 'api'`, or `one of aws, azure, gcp`."""
    way_out: ClassVar[str] = ""
    """What to do instead of giving the value of a secret; `{key}` in it stands for the config key."""

    def __init__(self, subject: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
        self.subject = subject
        self.errors: list[ArgsError] = []
        self.checks: list[pulumi.Output[Any]] = []
        """What is looked at as soon as it is known; each fails with the refusal."""
        self.given = dict(given)
        # Also what was given as None: whoever writes `value=None` looks for a place for the value.
        for key in [key for key in self.given if key not in known]:
            del self.given[key]
            self.errors.append(self.unknown(key, known))
        self.given = {key: item for key, item in self.given.items() if item is not None}
        broken = [next(_faults(key, item), None) for key, item in self.given.items()]
        if any(broken):
            for problem in filter(None, broken):
                self.refuse(problem)
            raise combined(self.subject, self.errors, self.error)

    def unknown(self, key: object, known: Sequence[str]) -> ArgsError:
        """Make the error of an argument that does not exist."""
        if not isinstance(key, str):
            return self.error(f"an argument's name must be a string; found {kind(key)}.")
        close = nearest(key, known)
        hint = f"Did you mean {close}?" if close else f"It takes {', '.join(known)}."
        return self.error(f"{argument_name(key)} is not an argument. {hint}")

    def refuse(self, problem: str) -> None:
        """Note a problem, once."""
        if problem not in map(str, self.errors):
            self.errors.append(self.error(problem))

    def refuse_kind(self, argument: str, found: object, rule: str = "a string") -> None:
        """Note that an argument is of the wrong kind, and say what would do."""
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
            needed: Whether an output that holds nothing will not do.
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
                f"{argument} has {', '.join(map(shown, repeated))} more than once; name each once."
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
            needed: Whether nothing will not do. Under Pulumi's mocks it is what they left out, and not known.
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
                problem = _text_problem(what, found, empty=empty) if wrong else None
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


def not_shown(argument: str, takes: str) -> str:
    """Say that a secret is not what it must be, and nothing of what it holds."""
    return f"{argument} was given a secret that is not what it must be, {takes}; what it holds is not shown."


def subject_of(component: str, name: str) -> str:
    """Name a component in messages, e.g. `Secret("StripeApiKey")`; not all of a name that could be anything."""
    plain = name.isprintable() and len(name) <= _LONGEST_NAME and not is_credential(name)
    return f'{component}("{name}")' if plain else f"{component}({shown(name)})"


def argument_name(key: str) -> str:
    """Repeat the name of an argument, or of what somebody takes for one."""
    plain = key.isidentifier() and not looks_like_a_value(key) and shown(key) == repr(key)
    return key if plain else shown(key)


def read_name(needs: str, name: object, args: object, opts: object, error: type[ArgsError]) -> str:
    """Refuse what makes reading anything else pointless, and return how messages name the component.

    Args:
        needs: The component's class and a name that would do, e.g. `Secret("StripeApiKey")`.
        name: The logical name, as given.
        args: The mapping of arguments, as given.
        opts: The resource options, as given.
        error: The class of a refusal.

    Raises:
        ArgsError: Name, args or opts is of the wrong kind.
    """
    component = needs.partition("(")[0]
    if not isinstance(name, str) or not name:
        raise error(f"{component} needs a name, a string, as in {needs}; found {kind(name)}.")
    subject = subject_of(component, name)
    if _HALF.search(name):
        raise error(f"{subject}: the name has {_HALVES}.")
    if not isinstance(args, Mapping):
        raise error(f"{subject}: args must be a mapping of argument names; found {kind(args)}.")
    wrong = [error(problem) for problem in option_problems(opts)]
    if wrong:
        raise combined(subject, wrong, error)
    return subject


def option_problems(opts: object) -> Iterator[str]:
    """Yield what is wrong with a component's resource options.

    The SDK would break on each of them, or take a string for a list of characters, and print the program.
    """
    if opts is None:
        return
    if not isinstance(opts, pulumi.ResourceOptions):
        yield f"opts must be pulumi.ResourceOptions(...); found {kind(opts)}."
        return
    found: Any = opts  # whatever the SDK's types say
    a_provider = "a provider, the object itself, e.g. aws.Provider(...)"
    if not isinstance(found.provider, pulumi.ProviderResource | None):
        yield f"opts has provider=, which must be {a_provider}; found {kind(found.provider)}."
    providers: object = found.providers
    if isinstance(providers, Mapping):
        providers = [*providers.values()]
    if not isinstance(providers, list | tuple | None):
        yield f"opts has providers=, which must be a list or mapping of providers; found {kind(providers)}."
    for each in providers if isinstance(providers, list | tuple) else ():
        if not isinstance(each, pulumi.ProviderResource):
            yield f"opts has providers=, of which each must be {a_provider}; found {kind(each)}."
    if not isinstance(found.parent, pulumi.Resource | None):
        yield f"opts has parent=, which must be a resource, the object itself; found {kind(found.parent)}."
    yield from _other_problems(found)
    for flag in ("protect", "retain_on_delete", "delete_before_replace"):
        if not isinstance(getattr(found, flag), bool | None):
            yield f"opts has {flag}=, which must be true or false; found {kind(getattr(found, flag))}."
    yield from _alias_problems(found.aliases)
    needed: object = found.depends_on
    for each in needed if isinstance(needed, list | tuple) else (needed,):
        if not (each is None or isinstance(each, pulumi.Resource) or is_input(each)):
            yield f"opts has depends_on=, which must be resources, the objects themselves; found {kind(each)}."


_LISTS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    **dict.fromkeys(("transforms", "transformations"), ("functions", callable)),
    "replace_with": ("resources", lambda each: isinstance(each, pulumi.Resource)),
    **dict.fromkeys(
        ("ignore_changes", "replace_on_changes", "additional_secret_outputs", "hide_diffs"),
        ("strings", lambda each: isinstance(each, str) and not _HALF.search(each)),
    ),
}


def _other_problems(found: Any) -> Iterator[str]:
    for option in ("urn", "id"):
        if getattr(found, option) is not None:
            yield f"opts has {option}=, which is not for a component that is made here; leave it out."
    for option, class_ in (
        ("custom_timeouts", pulumi.CustomTimeouts),
        ("hooks", pulumi.ResourceHookBinding),
    ):
        given: object = getattr(found, option)
        if not (given is None or isinstance(given, class_)):
            rule = f"must be pulumi.{class_.__name__}(...)"
            yield f"opts has {option}=, which {rule}; found {kind(given)}."
    for option in ("version", "plugin_download_url"):
        if not isinstance(getattr(found, option), str | None):
            yield f"opts has {option}=, which must be a string; found {kind(getattr(found, option))}."
        yield from _faults(f"opts.{option}", getattr(found, option))
    if not isinstance(found.deleted_with, pulumi.Resource | None):
        yield f"opts has deleted_with=, which must be a resource, the object itself; found {kind(found.deleted_with)}."
    yield from _list_problems(found)


def _list_problems(opts: object) -> Iterator[str]:
    for option, (what, fits) in _LISTS.items():
        found: object = getattr(opts, option, None)  # some are newer than the oldest SDK
        rule = f"opts has {option}=, which must be a list of {what}"
        if not isinstance(found, list | tuple | None):
            yield f"{rule}; found {kind(found)}."
        elif found and not all(map(fits, found)):
            wrong = next(each for each in found if not fits(each))
            yield f"{rule}; one of them is {kind(wrong)}."


def _alias_problems(aliases: object) -> Iterator[str]:
    rule = "opts has aliases=, which must be a list of URNs and pulumi.Alias(...)"
    if not isinstance(aliases, list | tuple | None):
        yield f"{rule}; found {kind(aliases)}."
        return
    for alias in aliases or ():
        if isinstance(alias, pulumi.Alias):
            for part in ("name", "type_", "parent", "stack", "project"):
                found = getattr(alias, part)
                text = found is ... or is_input(found) or isinstance(found, str)
                none = found is None and part not in ("name", "type_")
                resource = part == "parent" and isinstance(found, pulumi.Resource)
                if not (text or none or resource):
                    yield f"opts has an alias whose {part} must be a string; found {kind(found)}."
                yield from _faults(f"opts.aliases: {part}", found)
        elif isinstance(alias, str) and alias:
            yield from _faults("opts.aliases", alias)
        elif not is_input(alias):
            yield f"{rule}; one of them is {kind(alias)}."


def _faults(where: str, given: object, depth: int = 0) -> Iterator[str]:
    """Yield what keeps data from being sent to anybody, wherever it stands in an argument."""
    if depth > _DEEPEST:
        yield f"{where.partition('[')[0]} is nested too deeply; at most {_DEEPEST} levels will do."
    elif isinstance(given, str):
        if _HALF.search(given):
            yield f"{where} has {_HALVES}."
    elif isinstance(given, Mapping):
        for key, each in given.items():
            if isinstance(key, str) and _HALF.search(key):
                yield f"{where} has a key that has {_HALVES}."
            inside = f"{where}[{shown(key)}]" if isinstance(key, str) else where
            yield from _faults(inside, each, depth + 1)
    elif isinstance(given, list | tuple):
        for position, each in enumerate(given):
            yield from _faults(f"{where}[{position}]", each, depth + 1)


def _text_problem(what: str, found: object, *, empty: bool) -> str | None:
    if not isinstance(found, str) or not (found or empty):
        return f"{what} must be a string; its output holds {kind(found)}."
    return f"{what} has {_HALVES}." if _HALF.search(found) else None


def is_input(given: object) -> bool:
    """Whether something is known only later."""
    return isinstance(given, pulumi.Output) or hasattr(given, "__await__")


def unless_made_up(given: Any, is_wrong: Callable[[str], bool]) -> Any:
    """Pass on what is given; unknown where Pulumi's mocks made up, with another resource, what no cloud would answer.

    They answer `vault_id` for the id of a vault, which says nothing about the program. What it wrote itself depends on
    no resource, and is judged as always.

    Args:
        given: What may be an output.
        is_wrong: Judges a text.
    """
    if not (isinstance(given, pulumi.Output) and is_without_engine()):
        return given

    async def judged(text: Any) -> Any:
        made_up = isinstance(text, str) and is_wrong(text) and await given.resources()
        return pulumi.UNKNOWN if made_up else text

    return given.apply(judged)


def untransferable(path: str, given: Any, depth: int = 0) -> Iterator[str]:
    """Yield what Pulumi could not send in something nested, in a sentence each that begins with its path.

    Pulumi breaks on it with a traceback, and prints everything around it: other values of a spec too.

    Args:
        path: What the whole is called, e.g. `resources`.
        given: The whole. What is an output, or becomes an object of Pulumi's, is passed over.
        depth: How far inside of the whole it is.
    """
    if depth > _DEEPEST:
        yield f"{path.partition('[')[0]} is nested too deeply; at most {_DEEPEST} levels will do."
    elif isinstance(given, Mapping):
        for key, each in given.items():
            if not isinstance(key, str):
                yield f"{path} has a key that is {kind(key)}. A key must be a string; write it in quotes."
            elif _HALF.search(key):
                yield f"{path} has a key that has {_HALVES}."
            else:
                yield from untransferable(f"{path}[{shown(key)}]", each, depth + 1)
    elif isinstance(given, list | tuple):
        for position, each in enumerate(given):
            yield from untransferable(f"{path}[{position}]", each, depth + 1)
    elif is_input_type(type(given)):
        for name, each in vars(given).items():
            yield from untransferable(f"{path}.{name}", each, depth + 1)
    else:
        yield from _untransferable_leaf(path, given)


def _untransferable_leaf(path: str, given: Any) -> Iterator[str]:
    if isinstance(given, str) and _HALF.search(given):
        yield f"{path} has {_HALVES}."
    elif isinstance(given, int) and abs(given) > sys.float_info.max:
        yield f"{path} is a number that is too large to be sent."
    elif not (given is None or isinstance(given, _TRANSFERABLE) or is_input(given)):
        yield (
            f"{path} is {kind(given)}. Text, numbers, booleans, lists and mappings would do; write a date in quotes."
        )


_TRANSFERABLE = (str, bool, int, float, pulumi.Resource, pulumi.Asset, pulumi.Archive)


def is_number(given: object) -> bool:
    """Whether something is what YAML makes of an unquoted number or boolean."""
    return isinstance(given, bool | int | float)


def quote_it(given: object, before: str = "") -> str:
    """Say how to write what YAML takes for a number or boolean; nothing for anything else."""
    text = quotable(given)
    return "" if text is None else f"; quote it: {before}{text!r}"


def kind(given: object) -> str:
    """Say what something is, and never what it holds."""
    if given is None or (isinstance(given, str) and not given):
        return "nothing"
    if isinstance(given, bool):
        return "a boolean"
    if isinstance(given, int | float):
        return "a number"
    if isinstance(given, str):
        return "a string"
    if is_input(given):
        return "an output that is not known yet"
    name = type(given).__name__
    article = "" if name == "bytes" else "an " if name[0].lower() in "aeiou" else "a "
    return article + name
