"""Which Kubernetes providers would show the values of a Secret, and a check that stops before they get one.

Two of a provider's settings do that. A default provider has them from the stack's config and the environment, which
are known at once. An explicit one has outputs, so that it is asked for what the engine knows of it. Which
cluster a provider belongs to is of no interest here.

Source: pulumi-kubernetes provider/pkg/provider/provider.go, Configure and Create (v4.32).
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import pulumi

from infra_secrets.component.internals import Asking, is_without_engine
from infra_secrets.component.run import Run
from infra_secrets.component.settings import (
    KUBERNETES_APPLIES,
    KUBERNETES_APPLIES_VARIABLE,
    KUBERNETES_RENDERS,
)
from infra_secrets.component.urns import name_in

SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 (a type token)
_RENDERS, _APPLIES = KUBERNETES_RENDERS.name, KUBERNETES_APPLIES.name
_APPLIES_VARIABLE = KUBERNETES_APPLIES_VARIABLE.name

_WHY = {
    _RENDERS: "it writes every object to a folder, and a Secret's values with it, in base64 that everybody can read",
    _APPLIES: (
        "it copies a Secret's values into the annotation kubectl.kubernetes.io/last-applied-configuration, which is "
        "shown where the data of a Secret is hidden"
    ),
}
_OTHERWISE = "ExternalEnv has no value that could be shown."


def default_provider_problem(opts: pulumi.ResourceOptions | None) -> str | None:
    """Say why the default provider must not get a Secret; None if it may, or another one is used."""
    if _explicit(opts):
        return None
    setting, said_by = _shows(
        {key.name: key.read() for key in (KUBERNETES_RENDERS, KUBERNETES_APPLIES)}
    )
    if setting is None:
        return None
    if said_by == _APPLIES_VARIABLE:
        where, fix = f"the environment variable {said_by} says so", f"Unset {said_by}"
    else:
        where, fix = (
            f"config kubernetes:{said_by} says so",
            f"Remove it (pulumi config rm kubernetes:{said_by})",
        )
    return (
        f"the Kubernetes provider would show the values: {_WHY[setting]} ({where}). {fix}, or give another provider: "
        f"opts=ResourceOptions(provider=...). {_OTHERWISE}"
    )


def once_hidden(
    values: Any, what: str, component: pulumi.Resource, secret: Callable[[], pulumi.Resource]
) -> Any:
    """Return values as an output that fails, before it is known, where an explicit provider would show them.

    A transform that runs in the engine chooses a provider after that. The Secret is then refused when all have run.

    Args:
        values: What a Secret is to hold.
        what: Whose they are, for the message, e.g. `EscEnv("nlp")`.
        component: What makes the Secret, under its own name.
        secret: Returns the Secret as soon as there is one.
    """
    run = Run.this()

    async def refuse(provider: pulumi.ProviderResource) -> None:
        # The object in the program does not have what the provider was given, nor what transforms made of it.
        urn = str(await provider.urn.future())
        found = await Asking().ask("pulumi:pulumi:getResource", {"urn": urn}) or {}
        setting, said_by = _shows(found["state"])
        if setting is not None:
            fix = {
                _APPLIES_VARIABLE: f"Unset {said_by}.",
                _RENDERS: "Give the component a provider without render_yaml_to_directory.",
                _APPLIES: "Remove enable_server_side_apply=False from it.",
            }[said_by]
            raise pulumi.RunError(
                f"{what}: its Kubernetes provider {urn.rpartition('::')[2]!r} would show the values: "
                f"{_WHY[setting]} ({said_by}). {fix} {_OTHERWISE}"
            )

    async def look() -> bool:
        provider = secret().get_provider(SECRET)
        if provider is not None:
            await refuse(provider)
        parent = await component.urn.future() or ""
        if is_without_engine():  # runs no transforms
            return True
        await run.holder.hold(SECRET, name_in(parent), parent, None, refuse)
        return True

    return pulumi.Output.secret(pulumi.Output.from_input(cast(Any, look())).apply(lambda _: values))


def _shows(settings: Mapping[str, Any]) -> tuple[str | None, str]:
    """Find the setting that shows values, and what says so: the setting itself or a variable."""
    if isinstance(settings.get(_RENDERS), str) and settings[_RENDERS]:
        return _RENDERS, _RENDERS
    applies = settings.get(_APPLIES)
    by_variable = KUBERNETES_APPLIES_VARIABLE.read()
    if applies is None and by_variable is not None:
        # Anything but `true` is false to the provider.
        return (_APPLIES if by_variable != "true" else None), _APPLIES_VARIABLE
    return (_APPLIES if str(applies).lower() == "false" else None), _APPLIES


def _explicit(opts: pulumi.ResourceOptions | None) -> bool:
    """Whether a component with these options hands a provider for Kubernetes to its children."""
    if opts is None:
        return False
    providers = opts.providers or []
    given = list(providers.values()) if isinstance(providers, Mapping) else list(providers)
    own = any(getattr(each, "package", "") == "kubernetes" for each in [*given, opts.provider])
    return own or (opts.parent is not None and opts.parent.get_provider(SECRET) is not None)
