"""What `EscEnv` and `EscDeployment` want of the stack's config, read and judged before anything is registered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi

from infra_secrets.component.given import kind
from infra_secrets.errors import ArgsError, StackConfigError
from infra_secrets.project import Key
from infra_secrets.rules import formats, kubernetes
from infra_secrets.rules.wording import nearest, shown
from infra_secrets.stack.keys import named
from infra_secrets.stack.values import Entry, wrong_values
from infra_secrets.workloads.injection import BY_REFERENCE
from infra_secrets.workloads.pods import (
    PodReader,
)
from infra_secrets.workloads.provider import default_provider_problem

if TYPE_CHECKING:
    from infra_secrets.runtime import SecretSettings
    from infra_secrets.runtime.declaration import Setting

SOURCES = ("secrets", "config", "files")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEnvironment:
    """An environment as it is wanted, with every value there and of the right kind."""

    entries: tuple[Entry, ...]
    namespace: Any
    labels: Mapping[str, Any]
    reloader: bool
    kept_by: Mapping[str, str]
    """Labels by which old objects are found; none where they are deleted."""
    file_mode: int

    def values(self, argument: str) -> dict[str, str]:
        """The values that one argument asks for, by variable or path, without what is optional and missing."""
        found = (
            (entry.target, entry.value) for entry in self.entries if entry.argument == argument
        )
        return {target: value for target, value in found if value is not None}


class EnvReader(PodReader):
    """Reads what an environment of pods is made of, with every value of the stack's config that it names."""

    takes: ClassVar[Mapping[str, str]] = {
        **PodReader.takes,
        "secrets": "e.g. {'DATABASE_URL': 'postgres_url'}",
        "config": "e.g. {'LOG_LEVEL': 'log_level'}",
        "files": "e.g. {'/etc/nlp/key.pem': 'signing_key'}",
        "formats": f"e.g. {{'DATABASE_URL': 'postgresql'}}; there are {', '.join(formats.FORMATS)} and schemes of URLs",
        "optional": "e.g. ['SENTRY_DSN']",
    }
    component = "EscEnv"
    way_out = BY_REFERENCE
    note = ""  # below everything that is wrong

    def __init__(self, *read: Any) -> None:
        super().__init__(*read)
        self._settings: dict[str, tuple[str, Setting]] = {}
        """What a class of settings says of a variable, with the field as messages name it."""

    def declare(self, settings: "type[SecretSettings] | None") -> None:
        """Add the variables of a class of settings. What is given beside it wins, one variable at a time."""
        if settings is None:
            return
        declared = self.declared(settings).settings
        given = {argument: self.mapping(argument) for argument in ("secrets", "config", "formats")}
        optional: tuple[str, ...] = self.list("optional", plain=True)
        named = {
            each.variable: each.name for each in declared if each.variable not in given["config"]
        }
        self.given["secrets"] = {**named, **given["secrets"]}
        self.given["optional"] = [
            *optional,
            *(
                each.variable
                for each in declared
                if each.optional and each.variable not in optional
            ),
        ]
        self._settings = {
            each.variable: (f"{settings.__name__}.{each.name}", each)
            for each in declared
            if each.variable not in given["formats"]
        }

    def environment(self) -> WantedEnvironment:
        """Read everything that an `EscEnv` takes, and look at every value and where it would go."""
        self.targets(*SOURCES)
        optional = self._known_targets("optional", self.list("optional", plain=True))
        expected = self._formats()
        entries = tuple(self._entries(expected, optional))
        if not any(self.given.get(argument) for argument in SOURCES):
            self.refuse(
                "secrets, config and files are empty; name at least one variable, e.g. "
                'secrets={"DATABASE_URL": "postgres_url"}.'
            )
        found, self.note = wrong_values(entries)
        wanted = WantedEnvironment(
            entries=entries,
            namespace=self.namespace(),
            labels=self.labels(),
            reloader=self.flag("reloader"),
            kept_by=_kept_by(self) if self.flag("keep_old") else {},
            file_mode=self.file_mode(),
        )
        if not found:
            secret, plain = (
                {**wanted.values("secrets"), **wanted.values("files")},
                wanted.values("config"),
            )
            for what, values in (("secrets and files", secret), ("config", plain)):
                too_large = kubernetes.size_problem(values)
                if too_large:
                    found.append(StackConfigError(f"{what}: {too_large}"))
        shows = default_provider_problem(self.opts)
        if shows and (self.given.get("secrets") or self.given.get("files")):
            self.refuse(shows)
        self.errors.extend(found)
        return wanted

    def _entries(self, expected: Mapping[str, str], optional: Sequence[str]) -> list[Entry]:
        entries = []
        for argument in SOURCES:
            for target, key in self.mapping(argument).items():
                if not isinstance(key, str) or not key:
                    self.refuse(
                        f"{argument}[{shown(target)}] must be the name of a config key, a plain string, and never the "
                        f"value itself; found {kind(key)}."
                    )
                    continue
                try:
                    parsed = named(key, pulumi.get_project())
                except StackConfigError as error:
                    self.refuse(f"{argument}[{shown(target)}]: {error}")
                    continue
                entries.append(self._entry(argument, target, parsed, expected, optional))
        return entries

    def _entry(
        self,
        argument: str,
        target: str,
        key: Key,
        expected: Mapping[str, str],
        optional: Sequence[str],
    ) -> Entry:
        entry = Entry(argument, target, key, expected.get(target), target in optional)
        if argument == "files" or target not in self._settings:
            return entry
        field, setting = self._settings[target]
        accepted = [each for each in (setting.format, *setting.schemes) if each is not None]
        if not accepted:
            return entry
        return replace(entry, format=accepted[0], or_formats=tuple(accepted), asked_by=field)

    def _formats(self) -> dict[str, str]:
        kept = {}
        for target, expected in self.mapping("formats").items():
            if not isinstance(expected, str):
                self.refuse(f"formats[{shown(target)}] must be a string; found {kind(expected)}.")
                continue
            problem = formats.unknown_format(expected)
            if problem:
                self.refuse(f"formats[{shown(target)}]: {problem}")
            else:
                kept[target] = expected
        self._known_targets("formats", list(kept))
        return kept

    def _known_targets(self, argument: str, named: Sequence[str]) -> Sequence[str]:
        known = {target for source in SOURCES for target in self.mapping(source)}
        for target in named:
            if target not in known:
                close = nearest(target, known)
                self.refuse(
                    f"{argument} names {shown(target)}, which is not in secrets, config or files."
                    + (f" Did you mean {close!r}?" if close else "")
                )
        return named

    def refused(self) -> ArgsError:
        """Make one error of everything that is wrong."""
        error = super().refused()
        return type(error)(f"{error}\n{self.note}") if self.note else error


def _kept_by(reader: PodReader) -> dict[str, str]:
    """Choose the labels by which people find what is left in the cluster."""
    labels = ("infra-secrets/name", "infra-secrets/stack", "infra-secrets/project")
    return found_by(reader, "old objects", labels)


def found_by(reader: PodReader, what: str, keys: Sequence[str]) -> dict[str, str]:
    """Label with the names of component, stack and project, or with what `labels` says instead."""
    stack = pulumi.get_stack()
    labels = dict(zip(keys, (reader.name, stack, pulumi.get_project()), strict=True))
    given = reader.mapping("labels")
    for key, usual in list(labels.items()):
        text = given.get(key, usual)
        if not isinstance(text, str):
            reader.refuse(
                f"labels[{key!r}] must be a plain string, because the package finds {what} by it."
            )
            continue
        labels[key] = text
        if kubernetes.label_value_problem(text) and key not in given:
            whose = "stack" if text == stack else "project"
            reader.refuse(
                f"the {whose}'s name cannot be a label's value, and the package finds {what} by it; give a short one: "
                f'labels={{"{key}": "production"}}.'
            )
    return labels
