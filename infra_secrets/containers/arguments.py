"""From what a program gave to what is wanted: defaults filled in, everything impossible refused at once.

Nothing is registered here and nothing of a cloud is decided here: each cloud says for itself what it cannot
honour.
"""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, cast

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Wanted
from infra_secrets.clouds.misspelt import warn_of_misspelt_config
from infra_secrets.component.autonaming import names_are_fixed
from infra_secrets.component.given import argument_name, is_input, kind, quote_it
from infra_secrets.component.reader import Reader
from infra_secrets.component.settings import AUTONAMING, CLOUD, ENVIRONMENT, RETENTION, SERVICE
from infra_secrets.component.state import this_stack
from infra_secrets.containers.collisions import take_name
from infra_secrets.containers.contradictions import contradictions, taking_over_problems
from infra_secrets.containers.explanations import unknown_argument
from infra_secrets.containers.judgement import judged_later, problems
from infra_secrets.errors import (
    ArgsError,
    CollisionError,
    SecretArgsError,
    SecretNameError,
    UnknownCloudError,
    UnsupportedError,
)
from infra_secrets.rules.naming import SecretName, kebab, suggest
from infra_secrets.rules.wording import nearest, shown

_SET_BY_HAND = "Leave it out: a value is set by hand, by infra-secrets set or the command in output set_command."

MAX_AGE_DAYS = 36_500  # a hundred years; the package's own limit
MAX_FIELD = 128  # characters of a JSON key; the package's own limit, so that a key fits into every cloud's tags

_NAMES = ("cloud", "service", "environment", "key", "retention", "adopt", "adopt_from", "formerly")
_RETENTIONS = ", ".join(f"{each!r} ({meaning})" for each, meaning in clouds.RETENTIONS.items())


class SecretReader(Reader):
    """Reads the arguments of one secret and keeps what is wrong with them."""

    component = "Secret"
    named = "StripeApiKey"
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
        "readers": "each a principal, as the cloud writes it",
        "writers": "each a principal, as the cloud writes it",
        "adopt": "the full cloud id of an existing container",
        "adopt_from": "the stack that has it now, as 'organization/project/stack'",
        "formerly": "the logical name or URN of a resource of this stack, e.g. 'stripe'",
        **{
            setting: key.takes
            for cloud in map(clouds.load, clouds.available())
            for setting, key in cloud.SETTINGS.items()
            if key.takes
        },
    }

    way_out = _SET_BY_HAND

    @classmethod
    def readable(cls, name: object, args: object, opts: object) -> str:
        """Warn of misspelt config, too."""
        subject = super().readable(name, args, opts)
        warn_of_misspelt_config()
        return subject

    @classmethod
    def unknown(cls, key: object, known: Collection[str]) -> ArgsError:
        """Recognize an attempt to pass in the value."""
        return unknown_argument(key, known)

    def wanted(self) -> tuple[Cloud, Wanted]:
        """Fill in every default, refuse everything that cannot be met, and take the container's name.

        What is wanted has outputs that fail with a refusal as soon as it is known that they hold what cannot be; so do
        `checks`.

        Raises:
            SecretArgsError: One error with every problem.
        """
        cloud, wanted = self.read()
        try:
            take_name(cloud, wanted, self.given, self.opts)
        except CollisionError as error:
            self.errors.append(error)
            raise self.refused() from None
        return cloud, judged_later(self.subject, cloud, wanted, self.checks, self.takes)

    def read(self) -> tuple[Cloud, Wanted]:
        """Fill in every default, and refuse everything that cannot be met.

        Raises:
            SecretArgsError: One error with every problem.
        """
        if self.opts is not None and self.opts.import_ is not None:
            self.refuse(
                "opts has import_; a Secret adopts an existing container with adopt=<its id>."
            )
        found = self._read(self.name)
        if found is not None:
            for problem in contradictions(found[1], self.opts):
                self.refuse(problem)
        if self.errors or found is None:
            raise self.refused()
        return found

    def _read(self, name: str) -> tuple[Cloud, Wanted] | None:
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
                f"a random part in every name, Pulumi deletes a resource before it creates its replacement, and "
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
        self.errors.extend(
            problems(cloud, wanted, self._from_secret_config(wanted, cloud), self.takes)
        )
        for problem in taking_over_problems(wanted, cloud.RESOURCE_TYPE):
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
                    f"no cloud is chosen. Choose one for the stack: pulumi config set {CLOUD} {known[0]} "
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
                f" {key.name} is {origin}; pulumi config set {key} {suggest(text, key.name)} sets another one."
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
                    f"the tag {shown(key)} is reserved for the package; choose one that does not start with "
                    "'infra-secrets'."
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
                            f"({clouds.load(other).SETTINGS[setting]}), which the other clouds ignore."
                        )
                    )
        return settings


# Words for keeping; and a typo, so close that it is not another word: one or two letters of `recover` or `discard`.
_KEEPING = re.compile(r"(retain|protect|forever|never|always|preserve|permanent)", re.IGNORECASE)
_A_TYPO = 0.85


def _meant(retention: str) -> str | None:
    """Say which retention was meant; one that keeps less only where it was mistyped and nothing else."""
    if _KEEPING.match(retention):
        return clouds.KEEP
    close = nearest(retention, clouds.RETENTIONS, _A_TYPO) or clouds.KEEP
    if close == clouds.KEEP:
        return nearest(retention, (clouds.KEEP,))
    # The whole word with something around it is not a typo but its opposite, as likely as not: `undiscard`.
    bare = re.sub(r"[^a-z]", "", retention.lower())
    return None if re.search(f".{close}|{close}n", bare) else close
