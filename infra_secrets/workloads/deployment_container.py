"""The one container of an `EscDeployment`: its arguments, read, and its security settings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from infra_secrets.component.given import is_input, is_number, kind, untransferable
from infra_secrets.component.messages import one_clear_message
from infra_secrets.errors import OutputError
from infra_secrets.rules import kubernetes
from infra_secrets.rules.wording import nearest, quotable, shown
from infra_secrets.workloads.esc_reader import EnvReader

SECURITY: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "runAsNonRoot": ("pod", {"runAsNonRoot": True}),
    "seccompProfile": ("pod", {"seccompProfile": {"type": "RuntimeDefault"}}),
    "readOnlyRootFilesystem": ("container", {"readOnlyRootFilesystem": True}),
    "allowPrivilegeEscalation": ("container", {"allowPrivilegeEscalation": False}),
    "capabilities": ("container", {"capabilities": {"drop": ["ALL"]}}),
}
"""What an `EscDeployment` sets in which security context, by the name with which `relax` leaves it out.

Together with these a pod meets the Pod Security Standard `restricted`
(https://kubernetes.io/docs/concepts/security/pod-security-standards/).
"""

NO_TOKEN = "automountServiceAccountToken"  # noqa: S105 (the name of a field)
"""Also in `relax`: a pod without a `service_account` of its own gets no token for the cluster's API."""

_A_PROBE = "e.g. {'httpGet': {'path': '/healthz', 'port': 'http'}}"
_PROBE_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")


class ContainerReader(EnvReader):
    """Reads the container too, and how its pods run."""

    component = "EscDeployment"
    takes: ClassVar[Mapping[str, str]] = {
        **EnvReader.takes,
        "image": "e.g. 'ghcr.io/acme/nlp:1.4.2'",
        "ports": "e.g. {'http': 8080}",
        "command": "e.g. ['gunicorn']",
        "arguments": "e.g. ['--port', '8080']",
        "resources": "e.g. {'requests': {'cpu': '250m'}}",
        "service_account": "the name of a Kubernetes service account",
        "annotations": "e.g. {'pulumi.com/timeoutSeconds': '300'}",
        "readiness_probe": _A_PROBE,
        "liveness_probe": _A_PROBE,
        "startup_probe": _A_PROBE,
        "writable_paths": "e.g. ['/tmp']",
        "relax": f"of {', '.join((*SECURITY, NO_TOKEN))}",
    }

    deep: ClassVar[frozenset[str]] = frozenset(
        ("ports", "resources", "readiness_probe", "liveness_probe", "startup_probe")
    )

    @classmethod
    def readable(cls, name: object, args: object, opts: object) -> str:
        """Explain, too, what is taken for the arguments of the container."""
        if isinstance(args, list | tuple):
            raise cls.error(
                "EscDeployment: args is the mapping of all its arguments; give the container's own as "
                "arguments=[...]."
            )
        return super().readable(name, args, opts)

    def container(self) -> dict[str, Any]:
        """Read everything of the container but its environment."""
        image = self.sentence("image")
        if image is None and "image" not in self.given:
            self.refuse(
                "image is missing; name the container's image, e.g. image='ghcr.io/acme/nlp:1.4.2'."
            )
        self._judge(image, kubernetes.image_problem, "image")
        found = {
            "name": self.name,
            "image": image,
            "command": list(self.list("command", plain=False, repeatable=True)),
            "args": list(self.list("arguments", plain=False, repeatable=True)),
            "ports": self._ports(),
            "resources": self._resources(),
            "readinessProbe": self._probe("readiness_probe"),
            "livenessProbe": self._probe("liveness_probe"),
            "startupProbe": self._probe("startup_probe"),
        }
        return {key: item for key, item in found.items() if item}

    def _ports(self) -> list[dict[str, Any]]:
        ports: dict[str, Any] = dict(self.mapping("ports"))
        if "port" in self.given:
            if "http" in ports:
                self.refuse("port and ports['http'] are the same thing; give one of them.")
            ports["http"] = self.given["port"]
        kept = []
        for port_name, number in ports.items():
            what = (
                "port"
                if "port" in self.given and port_name == "http"
                else f"ports[{shown(port_name)}]"
            )
            self._judge(port_name, kubernetes.port_name_problem, "ports")
            whole = is_number(number) and not isinstance(number, bool) and number % 1 == 0
            problem = (
                kubernetes.port_problem(int(number))
                if whole
                else f"must be a whole number; found {kind(number)}."
            )
            if problem:
                self.refuse(f"{what}: {problem}")
            else:
                kept.append({"name": port_name, "containerPort": int(number), "protocol": "TCP"})
        return kept

    def _resources(self) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for part, amounts in self.mapping("resources").items():
            if part not in ("requests", "limits"):
                self.refuse(f"resources has {shown(part)}; it takes requests and limits.")
            elif not isinstance(amounts, Mapping):
                self.refuse(
                    f"resources[{part!r}] must be a mapping such as {{'cpu': '250m'}}; found {kind(amounts)}."
                )
            else:
                kept[part] = {
                    resource: self._quantity(part, resource, amount)
                    for resource, amount in amounts.items()
                }
        return kept

    def _quantity(self, part: str, resource: object, amount: Any) -> Any:
        if not isinstance(resource, str):
            self.refuse(
                f"resources[{part!r}] has a key that is {kind(resource)}; a key is the name of a resource, e.g. "
                f"{{'cpu': '250m', 'memory': '512Mi'}}."
            )
            return None
        what = f"resources[{part!r}][{shown(resource)}]"
        if is_input(amount):
            return self._transferable(what, amount)
        if is_number(amount) and not isinstance(amount, bool):
            amount = quotable(amount) or amount
        if not isinstance(amount, str):
            self.refuse(
                f"{what} must be a quantity such as '250m' or '512Mi'; found {kind(amount)}."
            )
        self._judge(amount, lambda text: kubernetes.quantity_problem(text, resource), what)
        return amount

    def _probe(self, argument: str) -> Any:
        found = self.mapping(argument)
        for problem in untransferable(argument, found):
            self.refuse(problem)
        handlers = [key for key in found if key in _PROBE_HANDLERS]
        if argument in self.given and len(handlers) != 1 and not self._complains_of(argument):
            self.refuse(
                f"{argument} must have one of {', '.join(_PROBE_HANDLERS)}, spelled as in Kubernetes, e.g. "
                f"{{'httpGet': {{'path': '/healthz', 'port': 'http'}}}}; found "
                f"{', '.join(map(shown, found)) or 'nothing'}."
            )
        for fault in _unwritable(argument, found):
            self.refuse(fault)
        if _holds_input(found):
            return self._transferable(argument, dict(found))
        return dict(found)

    def _transferable(self, what: str, given: Any) -> "pulumi.Output[Any]":
        """Pass on what is known only later, and then refuse what Pulumi would break on."""

        def guarded(path: str, node: Any) -> Any:
            if isinstance(node, pulumi.Output):
                return node.apply(lambda known: checked(path, known))
            if isinstance(node, Mapping):
                return {key: guarded(f"{path}[{shown(key)}]", each) for key, each in node.items()}
            if isinstance(node, list | tuple):
                return [guarded(f"{path}[{place}]", each) for place, each in enumerate(node)]
            return node

        def checked(path: str, known: Any) -> Any:
            for problem in untransferable(path, known):
                with one_clear_message():
                    raise OutputError(f"{self.subject}: {problem}")
            return known

        return self.output(what, guarded(what, given), text=False)

    def _complains_of(self, argument: str) -> bool:
        return any(str(error).startswith(argument) for error in self.errors)

    def writable_paths(self) -> tuple[str, ...]:
        """Read the folders in which the container may write."""
        paths: tuple[str, ...] = self.list("writable_paths", plain=True)
        for path in paths:
            self._judge(path, kubernetes.path_problem, "writable_paths")
            if path in self.mapping("files"):
                self.refuse(
                    f"{path} is in files and in writable_paths; a path is either a file or a folder."
                )
        return paths

    def relaxed(self) -> tuple[str, ...]:
        """Read which security settings to leave out."""
        known = (*SECURITY, NO_TOKEN)
        names: tuple[str, ...] = self.list("relax", plain=True)
        for each in names:
            if each not in known:
                close = nearest(each, known)
                self.refuse(
                    f"relax has {shown(each)}; it takes {', '.join(known)}."
                    + (f" Did you mean {close!r}?" if close else "")
                )
        return names


def security(place: str, relaxed: Sequence[str]) -> dict[str, Any]:
    """Make the security context of a `pod` or `container`, without what is relaxed."""
    settings: dict[str, Any] = {}
    for setting, (where, says) in SECURITY.items():
        if where == place and setting not in relaxed:
            settings.update(says)
    return settings


def _unwritable(where: str, found: Any) -> Iterator[str]:
    """Yield what no manifest can hold."""
    if isinstance(found, Mapping):
        for key, each in found.items():
            if not isinstance(key, str):
                yield f"{where} has a key that is not a string: {kind(key)}."
            else:
                yield from _unwritable(f"{where}[{shown(key)}]", each)
    elif isinstance(found, list | tuple):
        for position, each in enumerate(found):
            yield from _unwritable(f"{where}[{position}]", each)
    elif is_number(found):
        if quotable(found) is None:
            yield f"{where} is a number out of range."
    elif not (found is None or isinstance(found, str) or is_input(found) or _is_args(found)):
        yield f"{where} must be data, as in a manifest; found {kind(found)}."


def _is_args(found: object) -> bool:
    """Whether it is an object of Pulumi's, such as `HTTPGetActionArgs`."""
    return type(found).__module__.startswith("pulumi")


def _holds_input(found: Any) -> bool:
    if isinstance(found, Mapping):
        return any(map(_holds_input, found.values()))
    if isinstance(found, list | tuple):
        return any(map(_holds_input, found))
    return is_input(found)
