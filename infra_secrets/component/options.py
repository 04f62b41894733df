"""What is wrong with a component's resource options.

The SDK would break on each of it, or take a string for a list of characters, and print the program.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi

from infra_secrets.component.given import HALF, faults, is_input, kind


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
    a_provider = "a provider object, e.g. aws.Provider(...)"
    if not isinstance(found.provider, pulumi.ProviderResource | None):
        yield f"opts has provider=, which must be {a_provider}; found {kind(found.provider)}."
    providers: object = found.providers
    if isinstance(providers, Mapping):
        providers = [*providers.values()]
    if not isinstance(providers, list | tuple | None):
        yield f"opts has providers=, which must be a list or mapping of providers; found {kind(providers)}."
    for each in providers if isinstance(providers, list | tuple) else ():
        if not isinstance(each, pulumi.ProviderResource):
            yield f"opts has providers=, and each must be {a_provider}; found {kind(each)}."
    if not isinstance(found.parent, pulumi.Resource | None):
        yield f"opts has parent=, which must be a resource object; found {kind(found.parent)}."
    yield from _other_problems(found)
    for flag in ("protect", "retain_on_delete", "delete_before_replace"):
        if not isinstance(getattr(found, flag), bool | None):
            yield f"opts has {flag}=, which must be true or false; found {kind(getattr(found, flag))}."
    yield from _alias_problems(found.aliases)
    needed: object = found.depends_on
    for each in needed if isinstance(needed, list | tuple) else (needed,):
        if not (each is None or isinstance(each, pulumi.Resource) or is_input(each)):
            yield f"opts has depends_on=, which must be resource objects; found {kind(each)}."


_LISTS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    **dict.fromkeys(("transforms", "transformations"), ("functions", callable)),
    "replace_with": ("resources", lambda each: isinstance(each, pulumi.Resource)),
    **dict.fromkeys(
        ("ignore_changes", "replace_on_changes", "additional_secret_outputs", "hide_diffs"),
        ("strings", lambda each: isinstance(each, str) and not HALF.search(each)),
    ),
}


def _other_problems(found: Any) -> Iterator[str]:
    for option in ("urn", "id"):
        if getattr(found, option) is not None:
            yield f"opts has {option}=, which does not apply to a local component; leave it out."
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
        yield from faults(f"opts.{option}", getattr(found, option))
    if not isinstance(found.deleted_with, pulumi.Resource | None):
        yield f"opts has deleted_with=, which must be a resource object; found {kind(found.deleted_with)}."
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
                yield from faults(f"opts.aliases: {part}", found)
        elif isinstance(alias, str) and alias:
            yield from faults("opts.aliases", alias)
        elif not is_input(alias):
            yield f"{rule}; one of them is {kind(alias)}."
