"""What Kubernetes would refuse, or would take and then break on: names, paths, sizes, ports.

Every rule is stated with its source. A function returns a sentence with what was found, the rule and,
where there is one, a name that would work; or None when there is nothing to say. The rules are those of the
API server, and stricter in two places: environment variables hold to what shells can read, and a
component's name leaves room for what auto-naming adds.

This module looks at text. It neither builds manifests nor talks to a cluster, and it repairs nothing:
a suggestion stands in a message only.

Sources: `k8s.io/apimachinery/pkg/util/validation` (`validation.go`) and `k8s.io/kubernetes/pkg/apis/core`
(`validation/validation.go`, `types.go`), v1.36; `distribution/reference` v0.6 for images; Linux
`include/uapi/linux/binfmts.h` and `limits.h`.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping

from infra_secrets.rules.naming import suggest
from infra_secrets.rules.wording import looks_like_a_value, shown

MAX_LABEL = 63
"""Characters of a DNS-1123 label, a label value, or the name part of a label key."""
MAX_SUBDOMAIN = 253
"""Characters of a DNS-1123 subdomain: the name of most objects."""
MAX_COMPONENT = 54
"""Characters of a component's name: auto-naming adds a hyphen and 8 digits, and the whole is a label value."""
MAX_KEY = 253
"""Characters of a key of a Secret or ConfigMap (`IsConfigMapKey`)."""
MAX_PORT = 65535
"""The highest port."""
MAX_PORT_NAME = 15
"""Characters of a port's name (`IsValidPortName`: IANA_SVC_NAME)."""
MAX_SECRET_BYTES = 1024 * 1024
"""Bytes that the values of one Secret, or of one ConfigMap, may have together (core `MaxSecretSize`)."""
MAX_VARIABLE_BYTES = 32 * 4096
"""Bytes of `NAME=value` and its final NUL (Linux `MAX_ARG_STRLEN`): with more, no container starts."""
MAX_PATH_BYTES = 4095
"""Bytes of a path, without its final NUL (Linux `PATH_MAX`)."""
MAX_FILE_NAME_BYTES = 255
"""Bytes of each component of a path (Linux `NAME_MAX`)."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*")
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LABEL_RULE = "lower-case ASCII letters, digits and hyphens, with a letter or digit at both ends"
_QUALIFIED_RULE = "ASCII letters, digits, '-', '_' and '.', with a letter or digit at both ends"


def variable_problem(name: str) -> str | None:
    """Judge the name of an environment variable, which is the key in its Secret or ConfigMap too.

    The API server would take any printable ASCII but `=`; what shells cannot read breaks later. It has no
    limit for the name itself, but one for the key.
    """
    if _VARIABLE.fullmatch(name) and len(name) <= MAX_KEY:
        return None
    would_do = _kebab(name, MAX_KEY, "key").replace("-", "_").upper()
    if would_do[0].isdigit():
        would_do = f"_{would_do}"
    return (
        f"{shown(name)} cannot be an environment variable: a name has ASCII letters, digits and underscores, does "
        f"not start with a digit, and has at most {MAX_KEY} characters. {would_do!r} would work."
    )


def label_problem(name: str) -> str | None:
    """Judge the name of a component, which the names of its objects begin with."""
    if _LABEL.fullmatch(name) and len(name) <= MAX_COMPONENT:
        return None
    return (
        f"{shown(name)} cannot be the name: it must be {_LABEL_RULE}, at most {MAX_COMPONENT} characters (the "
        f"names of objects add 9). {_kebab(name, MAX_COMPONENT)!r} would work."
    )


def namespace_problem(name: str) -> str | None:
    """Judge the name of a namespace."""
    if _LABEL.fullmatch(name) and len(name) <= MAX_LABEL:
        return None
    return (
        f"{shown(name)} cannot be a namespace: it must be {_LABEL_RULE}, at most {MAX_LABEL} characters. "
        f"{_kebab(name, MAX_LABEL)!r} would work."
    )


def subdomain_problem(name: str) -> str | None:
    """Judge the name of an object that exists: a service account, a store, a Secret."""
    if len(name) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(name):
        return None
    return (
        f"{shown(name)} cannot be the name of an object: it must be {_LABEL_RULE} in each part between dots, "
        f"at most {MAX_SUBDOMAIN} characters. {_dotted(name)!r} would work."
    )


def _kebab(text: str, limit: int, part: str = "service") -> str:
    start = "" if looks_like_a_value(text) else text[:MAX_KEY]  # enough to know a name by
    return suggest(start, part)[:limit].strip("-")


def _dotted(text: str) -> str:
    if looks_like_a_value(text):
        return _kebab(text, MAX_LABEL)
    parts = [suggest(part, "service") for part in text[:MAX_SUBDOMAIN].split(".") if part.strip()]
    return ".".join(parts)[:MAX_SUBDOMAIN].strip(".-") or _kebab(text, MAX_LABEL)


def label_key_problem(key: str) -> str | None:
    """Judge the key of a label or annotation: a name, or `prefix/name` (`IsQualifiedName`)."""
    prefix, slash, name = key.rpartition("/")
    prefix_is_fine = not slash or (
        len(prefix) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(prefix) is not None
    )
    if prefix_is_fine and len(name) <= MAX_LABEL and _QUALIFIED.fullmatch(name):
        return None
    if looks_like_a_value(key):
        would_do = "app"
    else:
        last = _qualified(name) or "app"
        would_do = f"{_dotted(prefix)}/{last}" if slash and prefix.strip() else last
    return (
        f"{shown(key)} cannot be the key of a label: it must be {_QUALIFIED_RULE}, at most {MAX_LABEL} "
        f"characters, after an optional DNS name and '/'. {would_do!r} would work."
    )


def label_value_problem(value: str) -> str | None:
    """Judge the value of a label (`IsValidLabelValue`); the empty one is legal."""
    if not value or (len(value) <= MAX_LABEL and _QUALIFIED.fullmatch(value)):
        return None
    would_do = "" if looks_like_a_value(value) else _qualified(value)
    return (
        f"{shown(value)} cannot be the value of a label: it must be {_QUALIFIED_RULE}, at most {MAX_LABEL} "
        f"characters. {would_do!r} would work."
    )


def _qualified(text: str) -> str:
    legal = re.sub(r"[^-A-Za-z0-9_.]+", "-", _ascii(text[: 4 * MAX_LABEL])).lstrip("-_.")
    return legal[:MAX_LABEL].rstrip("-_.")


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


# Where a file would hide what the kernel or the kubelet puts there, or could not be made at all:
# the service account's volume is mounted read-only.
_NOT_UNDER = (
    "/proc",
    "/sys",
    "/dev",
    "/run/secrets/kubernetes.io/serviceaccount",
    "/var/run/secrets/kubernetes.io/serviceaccount",
)


def path_problem(path: str) -> str | None:
    """Judge the path of a mounted file."""
    broken = _broken_path(path)
    if broken is None:
        return None
    would_do = _cleaned(path)
    way_out = (
        f" {would_do!r} would work."
        if _broken_path(would_do) is None
        and len(would_do) <= MAX_KEY
        and not looks_like_a_value(path)
        else ""
    )
    return f"{shown(path)} cannot be the path of a file: {broken}.{way_out}"


def _broken_path(path: str) -> str | None:
    parts = path.split("/")[1:]
    checks = (
        (not path, "it is empty"),
        (not path.startswith("/"), "it must be absolute, starting with '/'"),
        (path == "/", "it must name a file"),
        (path.endswith("/"), "it must name a file, not end in '/'"),
        (".." in parts or "." in parts, "'.' and '..' are not allowed in it"),
        ("" in parts, "it has two slashes in a row"),
        (":" in path, "the Kubernetes documentation forbids ':' in a mount path"),
        (_UNPRINTABLE.search(path) is not None, "it has a control character"),
        (path != path.strip(), "it ends in a space"),
        (len(_utf8(path)) > MAX_PATH_BYTES, f"it has more than {MAX_PATH_BYTES} bytes"),
        (
            any(len(_utf8(part)) > MAX_FILE_NAME_BYTES for part in parts),
            f"one of its names has more than {MAX_FILE_NAME_BYTES} bytes",
        ),
    )
    for is_broken, text in checks:
        if is_broken:
            return text
    for place in _NOT_UNDER:
        if path == place or path.startswith(f"{place}/"):
            return f"nothing can be mounted over {place}"
    return None


# C0, DEL, C1, the Unicode line separators, and surrogates, which no encoding can write.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _cleaned(path: str) -> str:
    legal = _UNPRINTABLE.sub("", path[:MAX_PATH_BYTES]).replace(":", "-").strip()
    return "/" + "/".join(part for part in legal.split("/") if part not in ("", ".", ".."))


def nested_path_problem(paths: Iterable[str]) -> str | None:
    """Find a file among `paths` that would have to be the directory of another."""
    known = set(paths)
    for path in sorted(known):
        place = path.rfind("/")
        while place > 0:
            if path[:place] in known:
                return (
                    f"{shown(path[:place])} is a file, so it cannot contain {shown(path)} as well."
                )
            place = path.rfind("/", 0, place)
    return None


def file_key(path: str, taken: Container[str]) -> str:
    """Make the Secret key for a mounted file: `/etc/flux/identity` gives `etc.flux.identity`.

    Args:
        path: The file's path in the container.
        taken: Keys that the Secret has already; the result gets a number that sets it apart.
    """
    ascii_path = _ascii(path[-4 * MAX_KEY :]).replace("/", ".")
    legal = re.sub(r"\.{2,}", ".", re.sub(r"[^-._A-Za-z0-9]+", "-", ascii_path)).strip(".")
    room = MAX_KEY - 10  # for the number; the end of a path says most
    key = base = legal[-room:].strip(".") or "file"
    number = 1
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return key


def value_problem(name: str, value: str) -> str | None:
    """Judge the value of an environment variable, as a fragment that follows "its value "."""
    if "\0" in value:
        return "has a NUL character, which an environment variable cannot have; mount it as a file"
    if (size := len(_utf8(name)) + len(_utf8(value)) + 2) > MAX_VARIABLE_BYTES:
        return (
            f"is too long for an environment variable: with its name it has {size} bytes, and Linux "
            f"allows at most {MAX_VARIABLE_BYTES}; mount it as a file"
        )
    return None


def size_problem(values: Mapping[str, str]) -> str | None:
    """Judge the size of what one Secret or ConfigMap would hold; the names of the largest are shown."""
    sizes = {name: len(_utf8(value)) for name, value in values.items()}
    total = sum(sizes.values())
    if total <= MAX_SECRET_BYTES:
        return None
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:3]
    found = ", ".join(f"{shown(name)} with {sizes[name]}" for name in largest)
    return (
        f"the values have {total} bytes, and Kubernetes allows at most {MAX_SECRET_BYTES} in one object "
        f"(the largest: {found}). Split them, or keep large documents in a bucket."
    )


_DOMAIN_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY = re.compile(
    rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?"
)
_REPOSITORY_PART = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(
    r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}|blake3:[0-9a-f]{64}"
)
_MAX_REPOSITORY = 255
_MAX_IMAGE = 1024  # more than registry, repository, tag and digest can have


def image_problem(image: str) -> str | None:
    """Judge a reference to an image, `[registry/]repository[:tag][@digest]`, as a container runtime reads it.

    The API server takes any text; the kubelet then reports `InvalidImageName`.
    """
    broken = _broken_image(image)
    if broken is None:
        return None
    bare = re.sub(r"^[A-Za-z]+://", "", image[:_MAX_IMAGE].strip())
    head, slash, tail = bare.rpartition("@")
    lower = f"{(head or tail).lower()}{slash}{tail if head else ''}"
    would_do = next((text for text in (bare, lower) if _broken_image(text) is None), None)
    hidden = would_do is None or looks_like_a_value(image) or len(image) > _MAX_IMAGE
    way_out = "" if hidden else f" {would_do!r} would work."
    return f"{shown(image)} cannot be an image: {broken}.{way_out}"


def _broken_image(image: str) -> str | None:
    if len(image) > _MAX_IMAGE:
        return "it is too long"
    return next(_image_faults(image), None)


def _image_faults(image: str) -> Iterator[str]:
    """What keeps a runtime from reading a reference, the first thing first."""
    if not image.strip():
        yield "it is empty"
    if any(character.isspace() for character in image):
        yield "it has a space or line break"
    if "://" in image:
        yield "an image has no scheme like https://"
    rest, at, digest = image.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        yield "after '@' there must be a digest, 'sha256:' and 64 hexadecimal digits"
    head, slash, last = rest.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        yield "after ':' there must be a tag of at most 128 letters, digits, '_', '.' and '-'"
    parts = f"{head}{slash}{last}".split("/")
    if len(parts) > 1 and (re.search(r"[.:A-Z\[]", parts[0]) or parts[0] == "localhost"):
        if not _REGISTRY.fullmatch(parts[0]):
            yield "its registry is not a host name with an optional port"
        parts = parts[1:]
    on_docker_hub = "library/" if rest.find("/") < 0 else ""
    if len(on_docker_hub) + len("/".join(parts)) > _MAX_REPOSITORY:
        yield f"its repository has more than {_MAX_REPOSITORY} characters"
    if not all(_REPOSITORY_PART.fullmatch(part) for part in parts):
        yield "each part of its repository must be lower-case letters and digits, separated by '.', '_' or '-'"
    if len(parts) == 1 and re.fullmatch(r"[0-9a-f]{64}", parts[0]):
        yield "64 hexadecimal digits are an image's id, not its name"


def port_problem(number: int) -> str | None:
    """Judge the number of a port."""
    if 1 <= number <= MAX_PORT:
        return None
    return f"{number if abs(number) <= 10**9 else 'this'} cannot be a port: ports range from 1 to {MAX_PORT}."


def port_name_problem(name: str) -> str | None:
    """Judge the name of a port (IANA_SVC_NAME)."""
    if len(name) <= MAX_PORT_NAME and _is_service_name(name):
        return None
    would_do = _kebab(name, MAX_PORT_NAME)
    if not _is_service_name(would_do):  # it has digits only
        would_do = f"port-{would_do}"[:MAX_PORT_NAME].rstrip("-")
    return (
        f"{shown(name)} cannot be the name of a port: it must be lower-case ASCII letters (at least one), "
        f"digits and single hyphens between them, at most {MAX_PORT_NAME} characters. {would_do!r} would work."
    )


def _is_service_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", text) is not None and not re.fullmatch(
        r"[0-9-]*", text
    )


_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_QUANTITY = re.compile(rf"\+?{_NUMBER}(?:[numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?")
_BYTES = ("memory", "ephemeral-storage", "storage")


def quantity_problem(text: str, resource: str = "") -> str | None:
    """Judge a resource quantity, like `250m`, `128Mi` or `1.5` (`resource.ParseQuantity`).

    Args:
        text: The amount.
        resource: What it is an amount of. Thousandths of a byte of memory are legal and never meant.
    """
    if not _QUANTITY.fullmatch(text):
        would_do = _meant_quantity(text)
        way_out = f" {would_do!r} would work." if would_do else ""
        return (
            f"{shown(text)} is not a resource quantity: it must be a number of at least 0, and may have one of m, k, "
            f"M, G, Ki, Mi, Gi without a space, as in '250m' or '128Mi'.{way_out}"
        )
    if resource in _BYTES and text[-1] in "num":
        would_do = f"{text[:-1]}Mi"
        return (
            f"{shown(text)} of {resource} is a fraction of a byte: 'm' means thousandths. "
            f"{would_do!r} would work."
        )
    return None


def _meant_quantity(text: str) -> str | None:
    """`128MB`, `1 gb`, `0,5`: the amount that somebody meant."""
    found = re.fullmatch(
        r"([0-9]{1,15})(?:[.,]([0-9]{1,15}))?([KMGTPEkmgtpe]?)([iI]?)[bB]?",
        re.sub(r"\s+", "", text) if len(text) <= MAX_LABEL else "",
    )
    if found is None:
        return None
    whole, fraction, unit, binary = found.groups()
    number = f"{whole}.{fraction}" if fraction else whole
    if not unit:
        return number
    if binary:
        return f"{number}{unit.upper()}i"
    return number + unit.upper().replace("K", "k")
