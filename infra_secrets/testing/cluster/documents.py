"""Kubernetes manifests in YAML, as pulumi-kubernetes reads them from texts and files.

Charts and kustomizations are not rendered: that takes Helm's and kustomize's own code.
"""

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from infra_secrets.testing.cluster.objects import is_cluster_scoped
from infra_secrets.testing.computed.echoed import Documents
from infra_secrets.testing.simulation import Call, CloudError, Function


def documents_in(text: str) -> list[dict[str, Any]]:
    """Return the manifests in a YAML text, lists of them resolved.

    Raises:
        CloudError: It is not YAML.
    """
    try:
        found = [each for each in yaml.safe_load_all(text) if isinstance(each, Mapping)]
    except yaml.YAMLError as error:
        raise CloudError("", f"a Kubernetes manifest is not YAML: {error}") from error
    flat: list[dict[str, Any]] = []
    for document in found:
        items = document.get("items")
        is_list = str(document.get("kind", "")).endswith("List") and isinstance(items, list)
        flat += [dict(each) for each in (items if is_list and items else [document])]
    return [document for document in flat if document.get("kind")]


def _decode(arguments: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del call
    documents = documents_in(str(arguments.get("text") or ""))
    namespace = arguments.get("defaultNamespace")
    for document in documents:
        if namespace and not is_cluster_scoped(str(document["kind"])):
            document["metadata"] = {"namespace": namespace, **(document.get("metadata") or {})}
    return {"result": documents}


def _nothing(arguments: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del arguments, call
    return {"result": []}


FUNCTIONS: Final[Mapping[str, Function]] = {
    "kubernetes:yaml:decode": _decode,
    "kubernetes:helm:template": _nothing,
    "kubernetes:kustomize:directory": _nothing,
}
"""What the provider answers to its SDK's components of the first generation."""


def _of_a_group(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    files = inputs.get("files") or []
    named = [files] if isinstance(files, str) else files
    paths = [path for name in named for path in _matching(name)]
    texts = [_read(path) for path in paths]
    texts.append(str(inputs.get("yaml") or ""))
    objects = inputs.get("objs") or []
    made = [document for text in texts for document in documents_in(text)]
    return [*made, *(objects if isinstance(objects, list) else [objects])]


def _matching(pattern: str) -> list[str]:
    found = sorted(glob.glob(pattern))  # noqa: PTH207 (Path.glob takes no absolute pattern)
    return found or [pattern]


def _of_a_file(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    return documents_in(_read(str(inputs.get("file") or "")))


def _read(path: str) -> str:
    if "://" in path:
        return ""  # a rehearsal has no network
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise CloudError("", f"cannot read the manifest {path}: {error.strerror}") from error


DOCUMENTS: Final[Mapping[str, Documents]] = {
    "kubernetes:yaml/v2:ConfigGroup": _of_a_group,
    "kubernetes:yaml/v2:ConfigFile": _of_a_file,
    "kubernetes:helm.sh/v4:Chart": lambda _: [],
    "kubernetes:kustomize/v2:Directory": lambda _: [],
}
"""The manifests that the inputs of a component of the second generation describe, by its token."""
