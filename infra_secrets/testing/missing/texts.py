"""Texts for config values that nobody gave: of the format that is asked for, or such as the key's name promises."""

import base64
import hashlib
import json
import re
import secrets
from pathlib import Path
from typing import Final

from infra_secrets.testing.canary import Canary
from infra_secrets.testing.clouds import usual_config
from infra_secrets.testing.missing.asked import Wanted


def value_for(expected: str | None) -> str:
    """Make up a unique value.

    Args:
        expected: A format of `rules/formats.py`; None for any text.
    """
    mark = secrets.token_hex(8)
    match expected:
        case None:
            return f"made-up-{mark}"
        case "json":
            return f'["made-up-{mark}"]'
        case "int":
            return str(secrets.randbelow(9 * 10**11) + 10**11)
        case "bool":
            return "true"
        case "pem":
            body = base64.b64encode(f"made up {mark}".encode()).decode()
            return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
        case scheme:
            return f"{scheme}://user:{mark}@made-up.example.com/{mark}"


def required_text(key: str, wanted: Wanted, folder: Path) -> str:
    """Make up the text of a config value: the same for a key at every run, unless it is a secret.

    Args:
        key: The full key, whose name says what kind of text fits.
        wanted: What the program reads it as.
        folder: Where a file may be written, for a key that is the path of one.
    """
    match wanted.kind:
        case "bool":
            return "false"
        case "object":
            return _object(key, _words(key))
        case "int" | "float":
            return value_for("int") if wanted.secret else _number(_words(key))
        case _:
            words = _words(key)
            if wanted.secret:
                is_key = re.search(r"private_key|pem$|tls_key|ssh_key", words)
                return _private_key() if is_key else Canary.plant(name=f"secret config {key}").value
            named = re.fullmatch(r"(?:(.*?)_)?(?:file_?)?(?:path|file)", words)
            if named is not None:
                return _file(folder / words, key, named[1] or "")
            return usual_config().get(key) or _text(key, words)


def _file(path: Path, key: str, words: str) -> str:
    """Write a file of what its key says that it holds; return its path."""
    is_private = words.endswith("private_key")
    path.write_text(_private_key() if is_private else _text(key, words), encoding="utf-8")
    return str(path)


def _private_key() -> str:
    """Return something in the form of the private key that `ssh-keygen` writes for most people."""
    return value_for("pem").replace("PRIVATE KEY", "RSA PRIVATE KEY")


def _words(key: str) -> str:
    """Return a key's name in small words, e.g. `vpc_cidr` of `shop:vpcCidr`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.rpartition(":")[2])
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def _number(words: str) -> str:
    return "8080" if words.endswith("port") else "2"


def _object(key: str, words: str) -> str:
    """Return a list of two texts where the name is that of several such things, else an object without members."""
    one = words.removesuffix("s").removesuffix("_list")
    is_list = one != words and any(pattern.search(one) for pattern, _ in _TEXTS)
    is_list = is_list or bool(
        re.search(r"(names|ids|list|users|members|groups|hosts|services)$", words)
    )
    if not is_list:
        return "{}"
    return json.dumps([_text(f"{key}.{number}", one) for number in range(2)])


def _text(key: str, words: str) -> str:
    digits = hashlib.sha256(key.encode()).hexdigest()
    for pattern, text in _TEXTS:
        if pattern.search(words):
            return text.format(
                byte=int(digits[:2], 16), uuid=_uuid(digits), name=words.replace("_", "-")
            )
    return f"made-up-{words.replace('_', '-')}"


def _uuid(digits: str) -> str:
    return "-".join(
        (digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:32])
    )


# Nobody's key: the blob says `ssh-rsa` and nothing more.
_SSH_KEY: Final = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA made-up@example.com"
_TEXTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"public_key$|ssh_key$|ssh_pub", _SSH_KEY),
        (r"cidrs?$|address_(space|prefix)|ip_range|cidr_block", "10.{byte}.0.0/16"),
        (r"ip(_address)?$|next_hop|tunnel", "10.{byte}.0.4"),
        (r"e?mail(_address)?$", "made-up@example.com"),
        (r"arn$", "arn:aws:iam::111111111111:role/{name}"),
        (r"account(_id)?$", "111111111111"),
        (r"(subscription|tenant|client|object|application|app)(_id)?$", "{uuid}"),
        (r"url$|uri$|endpoint$|webhook$", "https://made-up.example.com/{name}"),
        (r"domain(_name)?$|host(_?name)?$|fqdn$|dns(_name|_zone)?$", "{name}.example.com"),
        (r"^is_|^enable|^use_|^has_|^create_|enabled$", "false"),
        (r"port$", "8080"),
        (r"(count|replicas|capacity|number|nodes|days|hours|minutes|seconds|cpus?|memory)$", "2"),
        (
            r"(group|node|pool|cluster|disk|volume|storage|min|max)_size$|^(min|max)_|_(min|max|desired)$",
            "2",
        ),
        (r"date$|time(stamp)?$", "2026-01-01T00:00:00Z"),
        (r"location$", "westeurope"),
        (r"region$", "eu-west-1"),
        (r"zone$", "eu-west-1a"),
    )
)
