"""What a cloud says to the arguments of a `Secret`, also to those that are known only later.

Nothing of an argument that is secret is shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Wanted
from infra_secrets.component.given import not_shown, unless_made_up
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.plain_text import secrets_in
from infra_secrets.errors import ArgsError, OutputError, UnsupportedError, combined


def judged_later(
    subject: str,
    cloud: Cloud,
    wanted: Wanted,
    checks: "list[pulumi.Output[Any]]",
    takes: Mapping[str, str],
) -> Wanted:
    """Have the cloud judge what outputs hold as it judges plain arguments, before anything is made of them.

    Args:
        subject: The secret, as messages name it.
        cloud: Its cloud, which had nothing against the plain arguments.
        wanted: With outputs in it, maybe.
        checks: Gets one that fails with everything that is wrong.
        takes: What an argument takes, for messages.

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
        found = [*problems(cloud, judged, hidden, takes)]
        if found:
            with one_clear_message():
                raise OutputError(str(combined(subject, found)))
        return True

    judged = pulumi.Output.from_input(cast(Any, judge()))
    checks.append(judged)
    return _with_each(
        wanted,
        lambda item: judged.apply(lambda _: item) if isinstance(item, pulumi.Output) else item,
    )


def problems(
    cloud: Cloud, wanted: Wanted, hidden: Sequence[str], takes: Mapping[str, str]
) -> Iterator[ArgsError]:
    """Yield everything that a cloud does not support.

    Args:
        cloud: The cloud.
        wanted: What it is to honour.
        hidden: The settings that are secret. Of one that will not do nothing is shown, whatever it looks like.
        takes: What an argument takes, for messages.
    """
    unseen: dict[str, Any] = {**wanted.settings, **dict.fromkeys(hidden, object())}
    others = [*clouds.container(cloud).problems(replace(wanted, settings=unseen))]
    yield from others
    for setting in hidden:
        seen = {**unseen, setting: wanted.settings[setting]}
        if len([*clouds.container(cloud).problems(replace(wanted, settings=seen))]) > len(others):
            yield UnsupportedError(not_shown(setting, takes.get(setting, setting)))


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
