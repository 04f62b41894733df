"""`secrets_for`: the containers of a class of settings, so that the program and the service share one declaration.

It adds nothing to what a `Secret` does. Names come from the class and cannot be given.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Unpack, cast

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Place, Wanted
from infra_secrets.component.given import kind
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.run import Run
from infra_secrets.containers.arguments import SecretReader
from infra_secrets.containers.declared import declared_by
from infra_secrets.containers.places import elsewhere, looked_for, unknown_parts
from infra_secrets.containers.secret import Secret, SecretArgs
from infra_secrets.errors import ArgsError, SecretArgsError, combined
from infra_secrets.rules.wording import nearest, shown, words

if TYPE_CHECKING:
    from infra_secrets.runtime.declaration import Declaration
    from infra_secrets.runtime.settings import SecretSettings

_SAID_BY_THE_CLASS = {
    "service": "the class says it, and the service reads its containers under that name",
    "key": "each container has the name of its field, under which the service reads it",
    "fields": "a class with document=True has its fields as keys, and any other has none",
}
_OF_ONE_CONTAINER = ("adopt", "adopt_from", "formerly")


def secrets_for(
    settings: "type[SecretSettings]",
    *,
    overrides: Mapping[str, SecretArgs] | None = None,
    opts: pulumi.ResourceOptions | None = None,
    **arguments: Unpack[SecretArgs],
) -> Mapping[str, Secret]:
    """Make the containers of a class of settings: one for each field, also for one that has a default.

    The field `stripe_api_key` of service `payments` is `Secret("StripeApiKey")`, the container
    `payments/<environment>/stripe-api-key`. A class with `document=True` has one container, `Secret("Payments")`, with
    its variables as `fields`.

    Args:
        settings: The class, derived from `infra_secrets.runtime.SecretSettings`.
        overrides: Arguments of single fields, by the field's name, which win over the others, e.g.
            `{"stripe_api_key": {"owner": "cards@example.com", "max_age_days": 30}}`.
        opts: Resource options of each `Secret`. Two classes with a field of the same name in one program need two
            parents.
        arguments: Those of each `Secret`, but `service`, `key` and `fields`, which the class says. `cloud` and
            `environment` default to what the class says, then as in a `Secret`. What is about one container (`adopt`,
            `adopt_from`, `formerly`) belongs into `overrides`, unless the class is one document.

    Returns:
        The `Secret` of each field, by the field's name; of a document each time the same.

    Raises:
        SettingsUseError: It is no class of settings, or has none. Nothing was registered.
        SecretArgsError: Arguments are not valid, or the class says another place (e.g. `region`) than the program has.
            It lists every problem at once, and nothing was registered. Where the place is known only later, a container
            is refused then.
        MissingExtraError: Pydantic-settings, or the SDK of the chosen cloud, is not installed.
    """
    with one_clear_message():
        declared = declared_by(settings)
        wanted = _Wanted(settings, declared, cast(Mapping[str, Any], arguments), overrides)
        planned = wanted.planned()
        wanted.refuse_what_a_secret_refuses(planned, opts)
        Run.this().looked_for.update(wanted.looked_for)
    made = {name: Secret(name, given, opts) for name, given in planned.items()}
    return {each.name: made[wanted.logical_name(each.name)] for each in declared.settings}


class _Wanted:
    """The arguments of each `Secret`, with what is wrong with them."""

    def __init__(
        self,
        settings: "type[SecretSettings]",
        declared: "Declaration",
        arguments: Mapping[str, Any],
        overrides: Any,
    ) -> None:
        self.subject = f"secrets_for({settings.__name__})"
        self.settings = settings
        self.declared = declared
        self.arguments = arguments
        self.overrides: Mapping[Any, Any] = overrides if isinstance(overrides, Mapping) else {}
        self.looked_for: dict[tuple[str, str], tuple[str, Place]] = {}
        """Where the service looks, as `Run.looked_for` has it."""
        problems = [*self._problems(overrides)]
        if problems:
            raise combined(self.subject, [*map(SecretArgsError, problems)])

    def _problems(self, overrides: object) -> Iterator[str]:
        yield from self._misplaced(self.arguments, "")
        options = self.settings.__options__
        for argument, said in (("environment", options.environment), ("cloud", options.cloud)):
            found = self.arguments.get(argument)
            if said is not None and found is not None and found != said:
                yield (
                    f"{argument} is not that of the class, which says {said!r}: the service would look there. Leave it "
                    "out here, or there."
                )
        if overrides is not None and overrides is not self.overrides:
            yield (
                "overrides must be a mapping of fields to arguments, e.g. {'stripe_api_key': {'max_age_days': 30}}; "
                f"found {kind(overrides)}."
            )
        elif overrides and self.declared.document:
            yield "overrides is for single containers, and all fields are one document. Give the arguments directly."
        else:
            yield from self._wrong_overrides()
        yield from self._shared_names()

    def _misplaced(self, arguments: Mapping[str, Any], field: str) -> Iterator[str]:
        where = f"overrides[{field!r}]: " if field else ""
        for argument, why in _SAID_BY_THE_CLASS.items():
            if argument in arguments:
                yield f"{where}{argument} is not an argument here: {why}. Leave it out."
        if not field and not self.declared.document:
            for argument in _OF_ONE_CONTAINER:
                if argument in arguments:
                    yield (
                        f"{argument} is about one container, and this would be about all. Give it for its field: "
                        f"overrides={{{self.declared.settings[0].name!r}: {{{argument!r}: ...}}}}."
                    )

    def _wrong_overrides(self) -> Iterator[str]:
        fields = [each.name for each in self.declared.settings]
        for field, given in self.overrides.items():
            if field not in fields:
                close = nearest(str(field), fields)
                named = shown(field) if isinstance(field, str) else kind(field)
                yield (
                    f"overrides names {named}, which is not a field of {self.settings.__name__}."
                    + (f" Did you mean {close!r}?" if close else f" It has {', '.join(fields)}.")
                )
            elif not isinstance(given, Mapping):
                yield f"overrides[{field!r}] must be a mapping of arguments; found {kind(given)}."
            else:
                yield from self._misplaced(given, field)
                for argument in ("environment", "cloud"):
                    if argument in given:
                        yield (
                            f"overrides[{field!r}]: {argument} must be the same for all fields: the service looks for "
                            f"all of them in one. Give {argument}= beside overrides."
                        )

    def _shared_names(self) -> Iterator[str]:
        if self.declared.document:
            return
        seen: dict[str, str] = {}
        for each in self.declared.settings:
            other = seen.setdefault(self.logical_name(each.name), each.name)
            if other != each.name:
                yield (
                    f'the fields {other} and {each.name} would both be Secret("{self.logical_name(other)}"). Rename '
                    "one."
                )

    def logical_name(self, field: str) -> str:
        """The logical name of the `Secret` of a field."""
        return _pascal(self.declared.service if self.declared.document else field)

    def planned(self) -> dict[str, SecretArgs]:
        """The arguments of each `Secret`, by its logical name."""
        options = self.settings.__options__
        said = {
            "service": self.declared.service,
            "environment": options.environment,
            "cloud": options.cloud,
        }
        shared = {
            **{name: each for name, each in said.items() if each is not None},
            **self.arguments,
        }
        if self.declared.document:
            fields = [each.variable for each in self.declared.settings]
            named = self.logical_name("")
            return {named: cast(SecretArgs, {**shared, "fields": fields})}
        return {
            self.logical_name(each.name): cast(
                SecretArgs, {**shared, "key": each.key, **self.overrides.get(each.name, {})}
            )
            for each in self.declared.settings
        }

    def refuse_what_a_secret_refuses(
        self, planned: Mapping[str, SecretArgs], opts: pulumi.ResourceOptions | None
    ) -> None:
        """Refuse all that any `Secret` would, before the first of them is registered.

        Raises:
            SecretArgsError: What is wrong with all of them once, then what is wrong with some.
        """
        found: dict[str, list[str]] = {}
        for name, given in planned.items():
            found[name] = []
            try:
                with SecretReader.reading(SecretArgs, name, given, {}, opts) as reader:
                    cloud, wanted = reader.read()
            except ArgsError as error:
                found[name] = [*error.problems]
            else:
                found[name] = [*self._misplaced_by(cloud, wanted, opts)]
        of_all = set.intersection(*map(set, found.values()))
        first = next(iter(found.values()))
        problems = [each for each in first if each in of_all]
        problems += [
            f"{name}: {each}" for name in found for each in found[name] if each not in of_all
        ]
        if problems:
            raise combined(self.subject, [*map(SecretArgsError, problems)])

    def _misplaced_by(
        self, cloud: Cloud, wanted: Wanted, opts: pulumi.ResourceOptions | None
    ) -> Iterator[str]:
        """Yield why the service would look elsewhere, as far as config and arguments say where that is.

        What is known only later is left to the container itself.
        """
        unknown = unknown_parts(self.settings, cloud)
        if unknown is not None:
            yield unknown
            return
        expected = looked_for(self.settings, cloud)
        if not expected:
            return
        self.looked_for[cloud.__name__, wanted.name.reference] = self.settings.__name__, expected
        known, hidden = _place_in_config(cloud, wanted, opts)
        problem = elsewhere(self.settings.__name__, expected, known, hidden=hidden)
        if problem is not None:
            yield problem


def _place_in_config(
    cloud: Cloud, wanted: Wanted, opts: pulumi.ResourceOptions | None
) -> tuple[Place, bool]:
    """Read where a container will be from config and arguments, and whether that is secret."""
    store = clouds.store(cloud)
    arguments = {
        setting: text for setting, text in wanted.settings.items() if isinstance(text, str)
    }
    if arguments.keys() >= store.SETTINGS.keys():
        return store.place(arguments), any(
            pulumi.runtime.is_config_secret(str(key)) for key in store.SETTINGS.values()
        )
    if _has_own_provider(cloud, opts):
        return {}, False
    config = {setting: key.read() for setting, key in store.SETTINGS.items()}
    return store.place({setting: text for setting, text in config.items() if text}), False


def _has_own_provider(cloud: Cloud, opts: pulumi.ResourceOptions | None) -> bool:
    """Whether containers may be made by another provider than the default one, which config is for."""
    if opts is None:
        return False
    if opts.provider is not None or opts.providers:
        return True
    return opts.parent is not None and opts.parent.get_provider(cloud.RESOURCE_TYPE) is not None


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in words(name))
