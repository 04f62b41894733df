"""From what a program gave to what is wanted: defaults filled in, everything impossible refused at once.

Nothing is registered here and nothing of a cloud is decided here: each cloud says for itself what it cannot
honour. What was given for an argument that does not exist is never repeated: it could be a secret.
"""

import inspect
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Wanted
from infra_secrets.clouds.misspelt import warn_of_misspelt_config
from infra_secrets.component.given import (
    Reader,
    argument_name,
    is_input,
    kind,
    not_shown,
    quote_it,
    read_name,
    subject_of,
    unless_made_up,
)
from infra_secrets.component.plain_text import secrets_in
from infra_secrets.component.registering import names_are_fixed, one_clear_message
from infra_secrets.component.run import Run, this_stack
from infra_secrets.component.settings import AUTONAMING, CLOUD, ENVIRONMENT, RETENTION, SERVICE
from infra_secrets.errors import (
    ArgsError,
    CollisionError,
    NoSuchOutputError,
    OutputError,
    SecretArgsError,
    SecretNameError,
    UnknownArgumentError,
    UnknownCloudError,
    UnsupportedError,
    ValueGivenError,
    combined,
)
from infra_secrets.rules.naming import SecretName, kebab, suggest
from infra_secrets.rules.wording import nearest, shown, snake

SET_BY_HAND = "Leave it out: a value is set by hand, with the command in output set_command."

MAX_AGE_DAYS = 36_500  # a hundred years; the package's own limit
MAX_FIELD = 128  # characters of a JSON key; the package's own limit, so that a key fits into every cloud's tags
MAX_FORMERLY = 2_000  # characters of a logical name or URN; the package's own limit

# What people call a value, as a part of an argument's name, or as all of it.
_LIKE_A_VALUE = re.compile(
    r"(?<!max_age_)(value|secret_?(string|data|binary|text|version)|pass(word|phrase)|plain_?text|payload|"
    r"credential|token|content|(?<!meta)data$|generate|"
    r"(api|access|private|secret|signing|ssh|master)[-_ ]?keys?$)",
    re.IGNORECASE,
)
_CALLED_SO = frozenset(
    (
        "",
        "secret",
        "secrets",
        "default",
        "placeholder",
        "version",
        "properties",
        "json",
        "string",
        "text",
        "binary",
        "raw",
        "body",
    )
)
# The same misspelt, from this likeness on.
_VALUES = ("value", "password", "token")
_MISSPELT = 0.8
# What the clouds' own resources call their name.
_LIKE_A_NAME = frozenset(("name", "nameprefix", "secretname", "secretid"))
# What `opts` takes and a Secret may have.
_OPTIONS = frozenset(inspect.signature(pulumi.ResourceOptions).parameters) - {
    *("id", "urn", "version", "import_")
}
# What Pulumi takes for organization, project and stack: pulumi sdk/go/common/tokens/names.go.
_STACK = re.compile(r"([A-Za-z0-9_.-]{1,100}/){2}[A-Za-z0-9_.-]{1,100}")
_CLOUDS = tuple(map(clouds.load, clouds.available()))
# Ids of the clouds, as adopt= takes them, and addresses.
_CLOUD_IDS = (*(cloud.ID_PREFIX for cloud in _CLOUDS), "http://", "https://")
_NAMES = ("cloud", "service", "environment", "key", "retention", "adopt", "adopt_from", "formerly")
_RETENTIONS = ", ".join(f"{each!r} ({meaning})" for each, meaning in clouds.RETENTIONS.items())


def resolve(
    name: object,
    args: object,
    kwargs: Mapping[str, Any],
    opts: pulumi.ResourceOptions | None,
    known: list[str],
) -> "tuple[Cloud, Wanted, Sequence[pulumi.Output[Any]]]":
    """Fill in every default and refuse everything that cannot be met.

    Args:
        name: Logical name of the secret.
        args: The flat mapping of arguments, as given.
        kwargs: The same as keyword arguments; they win.
        opts: The component's resource options.
        known: Names of the arguments that exist.

    Returns:
        The cloud, what is wanted, and outputs of which each fails as soon as it is known that an output among the
        arguments holds what cannot be.

    Raises:
        SecretArgsError: One error with every problem.
    """
    subject = read_name('Secret("StripeApiKey")', name, args, opts, SecretArgsError)
    warn_of_misspelt_config()
    reader = _Reader(subject, {**cast(Mapping[str, Any], args), **kwargs}, known)
    if opts is not None and opts.import_ is not None:
        reader.refuse(
            "opts has import_; a Secret takes over an existing container with adopt=<its id>."
        )
    found = reader.read(cast(str, name))
    if found is not None:
        for problem in contradictions(found[1], opts):
            reader.refuse(problem)
    if not reader.errors and found is not None:
        try:
            _claim(*found, reader.given, opts)
        except CollisionError as error:
            reader.errors.append(error)
    if reader.errors or found is None:
        raise combined(subject, reader.errors)
    cloud, wanted = found
    return cloud, _judged_later(subject, cloud, wanted, reader.checks), reader.checks


class _Reader(Reader):
    """Reads the arguments of one secret and keeps what is wrong with them."""

    error = SecretArgsError
    takes: ClassVar[Mapping[str, str]] = {
        "cloud": f"one of {', '.join(clouds.available())}",
        "service": "e.g. 'api'",
        "environment": "e.g. 'production'",
        "key": "e.g. 'stripe-api-key'",
        "fields": "e.g. ['STRIPE_API_KEY']",
        "description": "e.g. 'Charges credit cards'",
        "owner": "e.g. 'payments@example.com'",
        "tags": "e.g. {'team': 'payments'}",
        "retention": f"one of {_RETENTIONS}",
        "encryption_key": "the name of a key of the cloud",
        "replicas": "the cloud's names of regions",
        "readers": "each a principal as the cloud names it",
        "writers": "each a principal as the cloud names it",
        "adopt": "the cloud's full id of a container that exists",
        "adopt_from": "the stack that has it until now, as 'organization/project/stack'",
        "formerly": "the logical name or URN of a resource of this stack, e.g. 'stripe'",
        **{
            setting: key.takes
            for cloud in _CLOUDS
            for setting, key in cloud.SETTINGS.items()
            if key.takes
        },
    }

    way_out = SET_BY_HAND

    def unknown(self, key: object, known: Sequence[str]) -> ArgsError:
        """Recognize an attempt to hand over the value."""
        return _unknown_argument(key, known)

    def read(self, name: str) -> tuple[Cloud, Wanted] | None:
        texts = {argument: self.text(argument) for argument in _NAMES}
        fields = self._fields()
        cloud = self._cloud(texts["cloud"])
        secret_name = self._name(name, texts, has_fields=bool(fields))
        retention = texts["retention"] or self.configured(RETENTION) or clouds.KEEP
        if retention not in clouds.RETENTIONS:
            close = _meant(retention)
            self.refuse(
                f"retention={shown(retention)} is not known; it must be one of {_RETENTIONS}."
                + (f" Did you mean {close!r}?" if close else "")
            )
        elif retention != clouds.KEEP and names_are_fixed(None, AUTONAMING.read()):
            self.refuse(
                f"retention={retention!r} cannot be combined with config pulumi:autonaming as it is: without "
                f"something random in every name Pulumi deletes a resource before it makes its replacement, and "
                f"the value with it. Keep retention='keep', or give autonaming a pattern with randomness, e.g. "
                f"${{name}}-${{hex(6)}} (the names of secrets stay as they are)."
            )
        rest = {
            "description": self.sentence("description"),
            "owner": self.sentence("owner"),
            "max_age_days": self._max_age_days(),
            "tags": self._tags(),
            "encryption_key": self.sentence("encryption_key", needed=True),
            "replicas": self.list("replicas", plain=True),
            "readers": self.list("readers", plain=False),
            "writers": self.list("writers", plain=False),
        }
        settings = self._settings(cloud) if cloud is not None else {}
        if cloud is None or secret_name is None:
            return None
        try:
            spelled = cloud.SPELLING.spell(secret_name)
        except SecretNameError as error:
            self.errors.append(error)
            return None
        wanted = Wanted(
            logical_name=name,
            stack=this_stack(),
            name=secret_name,
            spelled=spelled,
            fields=fields,
            retention=retention,
            adopt=texts["adopt"],
            adopt_from=texts["adopt_from"],
            formerly=texts["formerly"],
            settings=settings,
            **cast(Any, rest),
        )
        self.errors.extend(_problems(cloud, wanted, self._from_secret_config(wanted, cloud)))
        for problem in _taking_over_problems(wanted, cloud.RESOURCE_TYPE):
            self.refuse(problem)
        return cloud, wanted

    def _cloud(self, text: str | None) -> Cloud | None:
        if text is None and ("cloud" in self.given or self.is_secret(CLOUD)):
            return None  # refused already
        text = text or self.configured(CLOUD) or None
        known = clouds.available()
        if text is None:
            self.errors.append(
                UnknownCloudError(
                    f"no cloud is chosen. Choose it for the stack: pulumi config set {CLOUD} {known[0]} "
                    f"(one of {', '.join(known)}), or for this secret with cloud=."
                )
            )
            return None
        try:
            return clouds.load(text)
        except UnknownCloudError as error:
            self.errors.append(error)
            return None

    def _name(
        self, name: str, texts: Mapping[str, str | None], *, has_fields: bool
    ) -> SecretName | None:
        if any(
            part in self.given and texts[part] is None for part in ("service", "environment", "key")
        ):
            return None  # refused already
        origins = []
        service = texts["service"] or self.configured(SERVICE)
        if not service:
            service = pulumi.get_project()
            origins.append((SERVICE, service, "the project's name"))
        environment = texts["environment"] or self.configured(ENVIRONMENT)
        if not environment:
            environment = pulumi.get_stack()
            origins.append((ENVIRONMENT, environment, "the stack's name"))
        key = texts["key"]
        try:
            if key is None and not has_fields:
                key = kebab(name)
        except SecretNameError as error:
            self.errors.append(error)
        try:
            return SecretName(service=service, environment=environment, key=key)
        except SecretNameError as error:
            changes = "".join(
                f" {key.name} is {origin}; pulumi config set {key} {suggest(text, key.name)} gives another."
                for key, text, origin in origins
                if f"{key.name}=" in str(error)
            )
            self.errors.append(SecretNameError(f"{error}{changes}"))
            return None

    def _fields(self) -> tuple[str, ...]:
        fields = self.list("fields", plain=True)
        if (
            "fields" in self.given
            and not fields
            and not any("fields" in str(error) for error in self.errors)
        ):
            self.refuse(
                "fields is empty; name the JSON keys that the value must have, or leave it out."
            )
        for each in fields:
            if re.search(r"[\s\x00-\x1f\x7f]", each) or len(each) > MAX_FIELD:
                self.refuse(
                    f"fields has {shown(each)}; a JSON key has 1 to {MAX_FIELD} characters, none of them a "
                    f"space or control character, e.g. 'STRIPE_API_KEY'."
                )
        return fields

    def _tags(self) -> Mapping[str, Any]:
        found = self.given.get("tags")
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            self.refuse_kind("tags", found, "a mapping of strings to strings")
            return {}
        kept: dict[str, Any] = {}
        for key, text in found.items():
            if not isinstance(key, str):
                self.refuse(f"tags has a key that is not a string: {kind(key)}.")
            elif re.match(r"infra-secrets[:.]", key):
                self.refuse(
                    f"the tag {shown(key)} is the package's own; choose one that does not start with 'infra-secrets'."
                )
            elif isinstance(text, str):
                kept[key] = text
            elif is_input(text):
                kept[key] = self.output(f"tags[{shown(key)}]", text, empty=True)
            else:
                quoted = quote_it(text, f"{argument_name(key)}: ")
                self.refuse(f"tags[{shown(key)}] must be a string; found {kind(text)}{quoted}.")
        return kept

    def _max_age_days(self) -> int | None:
        found = self.given.get("max_age_days")
        if found is None:
            return None
        # From other languages every number arrives as a float.
        if isinstance(found, bool) or not isinstance(found, int | float):
            self.refuse(
                f"max_age_days must be a whole number of days, 1 to {MAX_AGE_DAYS}; found {kind(found)}."
            )
        elif not 1 <= found <= MAX_AGE_DAYS or found != int(found):
            huge = abs(found) > MAX_AGE_DAYS and found not in (math.inf, -math.inf)
            given = "a number out of range" if huge else found
            self.refuse(
                f"max_age_days={given} is not possible; it must be a whole number of days, 1 to {MAX_AGE_DAYS}."
            )
        else:
            return int(found)
        return None

    def _from_secret_config(self, wanted: Wanted, cloud: Cloud) -> list[str]:
        """List the settings that are what the stack's config holds as a secret."""
        return [
            setting
            for setting in wanted.settings
            if setting not in self.given
            and pulumi.runtime.is_config_secret(str(cloud.SETTINGS[setting]))
        ]

    def _settings(self, cloud: Cloud) -> Mapping[str, Any]:
        settings: dict[str, Any] = {}
        for setting, key in cloud.SETTINGS.items():
            found = self.given.get(setting)
            if is_input(found):  # it may be secret: nobody is shown it
                found = self.output(setting, found, needed=True, secret=True)
            else:
                found = self.sentence(setting) or self.configured(key)
            if found:
                settings[setting] = found
        for other in clouds.available():
            for setting in clouds.load(other).SETTINGS:
                if setting in self.given and setting not in cloud.SETTINGS:
                    self.errors.append(
                        UnsupportedError(
                            f"{setting} is for {clouds.load(other).SPELLING.title} only, and this secret is in "
                            f"{cloud.SPELLING.title}. Leave it out, or give it by config "
                            f"({clouds.load(other).SETTINGS[setting]}), which the other clouds pass over."
                        )
                    )
        return settings


# Words for keeping; and a typo, so close that it is no other word: one or two letters of `recover` or `discard`.
_KEEPING = re.compile(r"(retain|protect|forever|never|always|preserve|permanent)", re.IGNORECASE)
_A_TYPO = 0.85


def _meant(retention: str) -> str | None:
    """Say which retention was meant; one that keeps less only where it was mistyped and nothing else."""
    if _KEEPING.match(retention):
        return clouds.KEEP
    close = nearest(retention, clouds.RETENTIONS, _A_TYPO) or clouds.KEEP
    if close == clouds.KEEP:
        return nearest(retention, (clouds.KEEP,))
    # The whole word with something around it is no typo but its opposite, as likely as not: `undiscard`.
    bare = re.sub(r"[^a-z]", "", retention.lower())
    return None if re.search(f".{close}|{close}n", bare) else close


def contradictions(wanted: Wanted, opts: pulumi.ResourceOptions | None) -> Iterator[str]:
    """Yield each resource option that says the opposite of what a container is registered with.

    What says nothing (None) or more (`protect=True` under another retention) holds.
    """
    if opts is None:
        return
    keep = wanted.retention == clouds.KEEP
    why = f"retention={wanted.retention!r}" if keep else "adopt="
    way_out = (
        "what removing the secret may do is said with retention= ('recover' or 'discard')"
        if keep
        else "take adopt= out once the container is taken over, and what is given here holds"
    )
    against = {
        "protect": keep and "the container is protected, so that removing it from code is refused",
        "retain_on_delete": (keep and "it stays in the cloud if somebody overrides the protection")
        or (wanted.adopt and "what was somebody else's a moment ago is not deleted"),
    }
    for option, meaning in against.items():
        if meaning and getattr(opts, option) is False:
            yield (
                f"opts has {option}=False, and {why} means the opposite: {meaning}. Leave it out; {way_out}."
            )
    if opts.delete_before_replace:
        yield (
            "opts has delete_before_replace=True, which would delete the value before there is another container. "
            "Leave it out: a container is never deleted before its replacement is there."
        )


def _taking_over_problems(wanted: Wanted, resource_type: str) -> Iterator[str]:
    if wanted.adopt_from is not None and wanted.adopt is None:
        yield "adopt_from says from which stack adopt= takes over; give adopt= too, or leave it out."
    if wanted.adopt_from is not None and not _STACK.fullmatch(wanted.adopt_from):
        yield (
            f"adopt_from={shown(wanted.adopt_from)} is no stack; it is organization/project/stack, as the error that "
            f"asked for it says."
        )
    if wanted.formerly is None:
        return
    if wanted.adopt is not None:
        yield (
            "formerly and adopt exclude each other: formerly takes over in place what this stack has, adopt takes over "
            "what it does not have. After a lost state, or where an error asked for adopt=: take formerly= out. Else "
            "take adopt= out."
        )
    yield from _formerly_problems(wanted.formerly, resource_type)


def _formerly_problems(formerly: str, resource_type: str) -> Iterator[str]:
    """Yield what keeps it from naming a resource of this stack: as an alias it would match nothing, silently."""
    what = f"formerly={shown(formerly)}"
    if formerly.lower().startswith(_CLOUD_IDS):
        yield (
            f"{what} is a cloud's id, and formerly is the logical name, or URN, of a resource of this stack. What "
            f"this stack does not have is taken over with adopt=<its id>."
        )
    elif len(formerly) > MAX_FORMERLY or not formerly.isprintable():
        yield (
            f"{what} is no logical name; it has 1 to {MAX_FORMERLY} characters, none of them a control character. "
            f"pulumi stack --show-urns lists what this stack has."
        )
    elif formerly.startswith("urn:"):
        here = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::"
        type_, _, name = formerly.removeprefix(here).partition("::")
        own_type = type_.rpartition("$")[2]
        if not formerly.startswith(here):
            yield f"{what} is not of this stack; its URNs begin with {here!r}."
        elif not name:
            yield f"{what} is not a whole URN: it ends in ::<logical name>. Copy it from pulumi stack --show-urns."
        elif own_type != resource_type:
            yield (
                f"formerly names a {shown(own_type)}, but the container is a {resource_type!r}; it can only take over "
                f"one of its own type."
            )
        elif type_.removesuffix(f"${resource_type}").endswith("infra-secrets:index:Secret"):
            yield (
                f"formerly names the container of Secret({shown(name)}). A Secret that was renamed or moved says so "
                "with an alias, which its grants follow: opts=ResourceOptions(aliases=[...])."
            )
    elif "::" in formerly or formerly.lower().startswith("urn:"):
        yield (
            f"{what} is neither a logical name nor a URN, which begins with 'urn:pulumi:'. Copy the whole URN from "
            f"pulumi stack --show-urns."
        )


def _unknown_argument(key: object, known: Sequence[str]) -> UnknownArgumentError:
    if not isinstance(key, str):
        return UnknownArgumentError(f"an argument's name must be a string; found {kind(key)}.")
    close = nearest(key, known)
    exact = close is not None and re.sub(r"[-_ ]", "", key).lower() == close.replace("_", "")
    bare = re.sub(r"[-_ ]", "", key).lower()
    misspelt = nearest(key, [*known, *_VALUES], _MISSPELT) in _VALUES
    if (bare in _CALLED_SO or misspelt or _LIKE_A_VALUE.search(key)) and not exact:
        return ValueGivenError(
            f"{argument_name(key)} is not an argument: a Secret never takes its value, because it would then be in "
            f"the code, the state and the logs. Leave it out, run pulumi up, and set the value by hand with the "
            f"command in output set_command. (If a real value was written down here, it is no longer secret: "
            f"replace it.)"
        )
    if bare in _LIKE_A_NAME:
        return UnknownArgumentError(
            f"{argument_name(key)} is not an argument: the name of a container is made, from service, environment and "
            f"key. Give key= (what it is; default: the logical name in kebab-case), service= or environment=."
        )
    option = snake(key)
    if option in _OPTIONS and not exact:
        kept = option in ("protect", "retain_on_delete")
        words = "'keep', 'recover' or 'discard'"
        retention = (
            f" What removing the secret may do is said with retention= ({words})." if kept else ""
        )
        return UnknownArgumentError(
            f"{argument_name(key)} is not an argument of a Secret but a resource option: "
            f"opts=pulumi.ResourceOptions({option}=...).{retention}"
        )
    hint = f" Did you mean {close}?" if close else f" It takes {', '.join(known)}."
    return UnknownArgumentError(f"{argument_name(key)} is not an argument of a Secret.{hint}")


def two_names(logical_name: object) -> ArgsError:
    """Make the error of a `Secret` that was given `name=` beside its logical name."""
    subject = subject_of("Secret", str(logical_name))
    return combined(subject, [_unknown_argument("name", ())])


_CALLED_HERE = {
    "name": "Its name in the cloud is secret_name; on every cloud it is reference.",
    "arn": "What the cloud calls it in full is secret_id.",
}


def no_such_output(
    logical_name: str | None, attribute: str, outputs: Collection[str]
) -> AttributeError:
    """Make the error of an attribute that a `Secret` does not have.

    Args:
        logical_name: None where it is not known, as while a `Secret` is copied.
        attribute: What was asked for.
        outputs: What there is.
    """
    subject = "a Secret" if logical_name is None else subject_of("Secret", logical_name)
    here = snake(attribute)
    if here != attribute and here in outputs:
        return NoSuchOutputError(f"{subject} has no {attribute}; in Python it is {here}.")
    if attribute in _CALLED_HERE:
        return NoSuchOutputError(f"{subject} has no {attribute}. {_CALLED_HERE[attribute]}")
    if not attribute.startswith("_") and _LIKE_A_VALUE.search(attribute):
        return NoSuchOutputError(
            f"{subject} has no {attribute}: a value never passes through Pulumi. An operator sets it with the command "
            f"in output set_command; the service reads it when it runs, by secret_id or secret_name."
        )
    return AttributeError(f"'Secret' object has no attribute {attribute!r}")


def _judged_later(
    subject: str, cloud: Cloud, wanted: Wanted, checks: "list[pulumi.Output[Any]]"
) -> Wanted:
    """Have the cloud judge what outputs hold as it judges plain arguments, before anything is made of them.

    Args:
        subject: The secret, as messages name it.
        cloud: Its cloud, which had nothing against the plain arguments.
        wanted: With outputs in it, maybe.
        checks: Gets one that fails with everything that is wrong.

    Returns:
        The same with outputs that fail when the check does.
    """
    wanted = _unless_made_up(cloud, wanted)
    outputs: list[pulumi.Output[Any]] = []

    def collect(item: Any) -> Any:
        if isinstance(item, pulumi.Output):
            outputs.append(item)
        return item

    _with_each(wanted, collect)
    if not outputs:
        return wanted

    async def judge() -> bool:
        public: dict[int, str] = {}
        secret: dict[int, str] = {}
        for output in outputs:
            text = await output.future() if await output.is_known() else None
            if isinstance(text, str):
                is_secret = await output.is_secret() or secrets_in({"": text}, "")
                (secret if is_secret else public)[id(output)] = text
        hidden = [name for name, item in wanted.settings.items() if id(item) in secret]
        settings = {id(item) for item in wanted.settings.values()}
        known = {**public, **{key: text for key, text in secret.items() if key in settings}}
        judged = _with_each(wanted, lambda item: known.get(id(item), item))
        problems = [*_problems(cloud, judged, hidden)]
        if problems:
            with one_clear_message():
                raise OutputError(str(combined(subject, problems)))
        return True

    judged = pulumi.Output.from_input(cast(Any, judge()))
    checks.append(judged)
    return _with_each(
        wanted,
        lambda item: judged.apply(lambda _: item) if isinstance(item, pulumi.Output) else item,
    )


def _problems(cloud: Cloud, wanted: Wanted, hidden: Sequence[str]) -> Iterator[ArgsError]:
    """Yield everything that a cloud cannot honour.

    Args:
        cloud: The cloud.
        wanted: What it is to honour.
        hidden: The settings that are secret. Of one that will not do nothing is shown, whatever it looks like.
    """
    unseen: dict[str, Any] = {**wanted.settings, **dict.fromkeys(hidden, object())}
    others = [*clouds.container(cloud).problems(replace(wanted, settings=unseen))]
    yield from others
    for setting in hidden:
        seen = {**unseen, setting: wanted.settings[setting]}
        if len([*clouds.container(cloud).problems(replace(wanted, settings=seen))]) > len(others):
            yield UnsupportedError(not_shown(setting, _Reader.takes.get(setting, setting)))


def _unless_made_up(cloud: Cloud, wanted: Wanted) -> Wanted:
    """Take what mocks made up for other resources, and the cloud would not take, for not known."""

    def checked(item: Any) -> Any:
        def is_wrong(text: str) -> bool:
            judged = _with_each(wanted, lambda other: text if other is item else other)
            return any(clouds.container(cloud).problems(judged))

        return unless_made_up(item, is_wrong)

    return _with_each(wanted, checked)


def _with_each(wanted: Wanted, change: Callable[[Any], Any]) -> Wanted:
    """Change everything that may be an output."""
    changed: dict[str, Any] = {
        name: change(getattr(wanted, name)) for name in ("description", "owner", "encryption_key")
    }
    for name in ("tags", "settings"):
        changed[name] = {key: change(item) for key, item in getattr(wanted, name).items()}
    for name in ("readers", "writers"):
        changed[name] = tuple(map(change, getattr(wanted, name)))
    return replace(wanted, **changed)


def _claim(
    cloud: Cloud,
    wanted: Wanted,
    given: Mapping[str, Any],
    opts: pulumi.ResourceOptions | None,
) -> None:
    # An output counts as the object that was given: two secrets that have the same are in one place.
    where = tuple(
        item.lower() if isinstance(item, str) else id(given[setting])
        for setting, item in wanted.settings.items()
    )
    container = (
        cloud.RESOURCE_TYPE,
        wanted.spelled,
        where,
        _explicit_provider(cloud.RESOURCE_TYPE, opts),
    )
    run = Run.this()
    run.names.claim(
        container,
        owner=wanted.logical_name,
        spelled=wanted.spelled,
        holding=(given, opts),
        two_tests=run.may_be_two,
    )


def _explicit_provider(resource_type: str, opts: pulumi.ResourceOptions | None) -> int | None:
    """Tell accounts and regions apart, which only a provider knows: the same name may stand in two of them."""
    if opts is None:
        return None
    package = resource_type.split(":", maxsplit=1)[0]
    providers = opts.providers or []
    given = list(providers.values()) if isinstance(providers, Mapping) else list(providers)
    if opts.provider is not None:
        given.append(opts.provider)
    for provider in given:
        if provider.package == package:
            return id(provider)
    inherited = opts.parent.get_provider(resource_type) if opts.parent is not None else None
    return None if inherited is None else id(inherited)
