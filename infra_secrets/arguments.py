"""From what a program gave to what is wanted: defaults filled in, everything impossible refused at once.

Nothing is registered here and nothing of a cloud is decided here: each cloud says for itself what it cannot
honour. What was given for an argument that does not exist is never repeated: it could be a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Wanted
from infra_secrets.errors import (
    ArgsError,
    CollisionError,
    SecretArgsError,
    SecretNameError,
    UnknownArgumentError,
    UnknownCloudError,
    UnsupportedError,
    ValueGivenError,
    combined,
)
from infra_secrets.given import CONFIG, Reader, is_input, is_number, kind, not_secret, quotable
from infra_secrets.naming import SecretName, kebab, nearest, shown, suggest
from infra_secrets.registering import names_are_fixed
from infra_secrets.run import Run, this_stack

MAX_AGE_DAYS = 36_500  # a hundred years; the package's own limit
MAX_FIELD = 128  # characters of a JSON key; the package's own limit, so that a key fits into every cloud's tags

_LIKE_A_VALUE = re.compile(
    r"(?<!max_age_)(value|secret_?(string|data|binary|text|version)|pass(word|phrase)|plain_?text|payload|"
    r"credential|token|content|(?<!meta)data$|generate)",
    re.IGNORECASE,
)
_NAMES = ("cloud", "service", "environment", "key", "retention", "adopt", "adopt_from", "formerly")
_SENTENCES = ("description", "owner")


def resolve(
    name: object,
    args: object,
    kwargs: Mapping[str, Any],
    opts: pulumi.ResourceOptions | None,
    known: list[str],
) -> tuple[Cloud, Wanted]:
    """Fill in every default and refuse everything that cannot be met.

    Args:
        name: Logical name of the secret.
        args: The flat mapping of arguments, as given.
        kwargs: The same as keyword arguments; they win.
        opts: The component's resource options.
        known: Names of the arguments that exist.

    Raises:
        SecretArgsError: One error with every problem.
    """
    if not isinstance(name, str) or not name:
        raise SecretArgsError(
            f"A Secret needs a name, a string such as 'StripeApiKey'; found {kind(name)}."
        )
    if not isinstance(args, Mapping):
        raise SecretArgsError(
            f'Secret("{name}"): args must be a mapping of argument names; found {kind(args)}.'
        )
    reader = _Reader({**args, **kwargs}, known)
    if opts is not None and not isinstance(opts, pulumi.ResourceOptions):
        raise SecretArgsError(
            f'Secret("{name}"): opts must be pulumi.ResourceOptions(...); found {kind(opts)}.'
        )
    if opts is not None and opts.import_ is not None:
        reader.refuse(
            "opts has import_; a Secret takes over an existing container with adopt=<its id>."
        )
    found = reader.read(name)
    if not reader.errors and found is not None:
        try:
            _claim(*found, opts)
        except CollisionError as error:
            reader.errors.append(error)
    if reader.errors or found is None:
        raise combined(f'Secret("{name}")', reader.errors)
    return found


class _Reader(Reader):
    """Reads the arguments of one secret and keeps what is wrong with them."""

    error = SecretArgsError

    def unknown(self, key: object, known: Sequence[str]) -> ArgsError:
        """Recognize an attempt to hand over the value."""
        return _unknown_argument(key, known)

    def read(self, name: str) -> tuple[Cloud, Wanted] | None:
        texts = {argument: self.text(argument) for argument in _NAMES}
        fields = self._fields()
        cloud = self._cloud(texts["cloud"])
        secret_name = self._name(name, texts, has_fields=bool(fields))
        retention = texts["retention"] or self.config.get("retention") or clouds.KEEP
        if retention not in clouds.RETENTIONS:
            close = nearest(retention, clouds.RETENTIONS)
            meanings = ", ".join(
                f"{each!r} ({meaning})" for each, meaning in clouds.RETENTIONS.items()
            )
            self.refuse(
                f"retention={retention!r} is not known; it must be one of {meanings}."
                + (f" Did you mean {close!r}?" if close else "")
            )
        elif retention != clouds.KEEP and names_are_fixed(
            None, pulumi.Config("pulumi").get("autonaming")
        ):
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
            "encryption_key": self.sentence("encryption_key"),
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
        self.errors.extend(cloud.problems(wanted))
        for problem in _taking_over_problems(wanted, cloud.RESOURCE_TYPE):
            self.refuse(problem)
        return cloud, wanted

    def _cloud(self, text: str | None) -> Cloud | None:
        if text is None and "cloud" in self.given:
            return None  # refused already
        text = text or self.config.get("cloud") or None
        known = clouds.available()
        if text is None:
            self.errors.append(
                UnknownCloudError(
                    f"no cloud is chosen. Choose it for the stack: pulumi config set {CONFIG}:cloud {known[0]} "
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
        service = texts["service"] or self.config.get("service")
        if not service:
            service = pulumi.get_project()
            origins.append(("service", service, "the project's name"))
        environment = texts["environment"] or self.config.get("environment")
        if not environment:
            environment = pulumi.get_stack()
            origins.append(("environment", environment, "the stack's name"))
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
                f" {part} is {origin}; pulumi config set {CONFIG}:{part} {suggest(text, part)} gives another."
                for part, text, origin in origins
                if f"{part}=" in str(error)
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
            self.refuse(f"tags must be a mapping of strings to strings; found {kind(found)}.")
            return {}
        kept: dict[str, Any] = {}
        for key, text in found.items():
            if not isinstance(key, str):
                self.refuse(f"tags has a key that is not a string: {kind(key)}.")
            elif re.match(r"infra-secrets[:.]", key):
                self.refuse(
                    f"the tag {key!r} is the package's own; choose one that does not start with 'infra-secrets'."
                )
            elif isinstance(text, str):
                kept[key] = text
            elif is_input(text):
                kept[key] = not_secret(f"tags[{key!r}]", text)
            else:
                quoted = f"; quote it: {key}: {quotable(text)!r}" if is_number(text) else ""
                self.refuse(f"tags[{key!r}] must be a string; found {kind(text)}{quoted}.")
        return kept

    def _max_age_days(self) -> int | None:
        found = self.given.get("max_age_days")
        if found is None:
            return None
        # From other languages every number arrives as a float.
        if isinstance(found, bool) or not isinstance(found, int | float):
            self.refuse(f"max_age_days must be a whole number of days; found {kind(found)}.")
        elif not 1 <= found <= MAX_AGE_DAYS or found != int(found):
            huge = isinstance(found, int) and abs(found) > MAX_AGE_DAYS
            given = "a number out of range" if huge else found
            self.refuse(
                f"max_age_days={given} is not possible; it must be a whole number of days, 1 to {MAX_AGE_DAYS}."
            )
        else:
            return int(found)
        return None

    def _settings(self, cloud: Cloud) -> Mapping[str, Any]:
        settings: dict[str, Any] = {}
        for setting, key in cloud.SETTINGS.items():
            found = self.given.get(setting)
            # An output stays the object that it is: two secrets that have it are in one place.
            if not is_input(found):
                found = self.sentence(setting) or self.config.get(key)
            if found:
                settings[setting] = found
        for other in clouds.available():
            for setting in clouds.load(other).SETTINGS:
                if setting in self.given and setting not in cloud.SETTINGS:
                    self.errors.append(
                        UnsupportedError(
                            f"{setting} is for {clouds.load(other).SPELLING.title} only, and this secret is in "
                            f"{cloud.SPELLING.title}. Leave it out, or give it by config "
                            f"({CONFIG}:{clouds.load(other).SETTINGS[setting]}), which the other clouds pass over."
                        )
                    )
        return settings


def _taking_over_problems(wanted: Wanted, resource_type: str) -> Iterator[str]:
    if wanted.adopt_from is not None and wanted.adopt is None:
        yield "adopt_from says from which stack adopt= takes over; give adopt= too, or leave it out."
    if wanted.adopt_from is not None and not re.fullmatch(
        r"[^/\s]+/[^/\s]+/[^/\s]+", wanted.adopt_from
    ):
        yield (
            f"adopt_from={shown(wanted.adopt_from)} is no stack; it is organization/project/stack, as the error that "
            f"asked for it says."
        )
    if wanted.formerly is None:
        return
    if wanted.adopt is not None:
        yield (
            "formerly and adopt exclude each other: formerly takes over in place what this stack has, adopt takes over "
            "what it does not have."
        )
    if wanted.formerly.startswith("urn:"):
        here = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::"
        type_ = wanted.formerly.rpartition("::")[0].rpartition("::")[2].rpartition("$")[2]
        if not wanted.formerly.startswith(here):
            yield f"formerly={shown(wanted.formerly)} is not of this stack; its URNs begin with {here!r}."
        elif type_ != resource_type:
            yield (
                f"formerly names a {shown(type_)}, but the container is a {resource_type!r}; it can only take over one "
                f"of its own type."
            )


def _unknown_argument(key: object, known: Sequence[str]) -> UnknownArgumentError:
    if not isinstance(key, str):
        return UnknownArgumentError(f"an argument's name must be a string; found {kind(key)}.")
    close = nearest(key, known)
    exact = close is not None and re.sub(r"[-_ ]", "", key).lower() == close.replace("_", "")
    if _LIKE_A_VALUE.search(key) and not exact:
        return ValueGivenError(
            f"{key} is not an argument: a Secret never takes its value, because it would then be in the code, the "
            f"state and the logs. Leave it out, run pulumi up, and set the value by hand with the command in output "
            f"set_command. (If a real value was written down here, it is no longer secret: replace it.)"
        )
    hint = f" Did you mean {close}?" if close else f" It takes {', '.join(known)}."
    return UnknownArgumentError(f"{key} is not an argument of a Secret.{hint}")


def _claim(cloud: Cloud, wanted: Wanted, opts: pulumi.ResourceOptions | None) -> None:
    where = tuple(
        item.lower() if isinstance(item, str) else id(item) for item in wanted.settings.values()
    )
    container = (
        cloud.RESOURCE_TYPE,
        wanted.spelled,
        where,
        _explicit_provider(cloud.RESOURCE_TYPE, opts),
    )
    Run.this().names.claim(
        container, owner=wanted.logical_name, spelled=wanted.spelled, holding=(wanted, opts)
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
