"""Every text that a component passes on, compared with the secrets of the stack's config.

A program that reads a secret with `pulumi.Config` has its value in its hand, and whatever a component takes is
stored and shown in plain text: names, labels, annotations, probes, command lines, a workload's spec. So all of it
is walked once, before anything is registered.

Only what is known by then is seen. An output is not: it has a mark of its own, and what must not be secret
is refused where it is read. Nor is a value in another form, such as base64.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, unquote_plus

import pulumi

from infra_secrets.component.internals import config_keys, is_input_type
from infra_secrets.errors import ArgsError, combined
from infra_secrets.rules.wording import is_credential, quotable, shown

SHORTEST = 8
"""Characters of a value that is looked for; what is shorter is found by chance: `true`, `8080`, `admin`."""
SHORTEST_WORD = 12
"""The same for one plain word such as `payments` or `production`, in a secret and in a name by chance."""

_WORD = re.compile(r"[a-z]+|[A-Z]+|[A-Z][a-z]+")
_URL = re.compile(r"([a-z][a-z0-9+.:-]*)://(\S+)", re.IGNORECASE)
_QUERY = re.compile(r"[?&;]([^=&;?#]+)=([^&;#]+)")
_SECRET_PARAMETER = re.compile(
    r"(pass(word|wd|phrase)?|pwd|token|secret|key|sig(nature)?|auth|credentials?)$", re.IGNORECASE
)
# Instead of a password, where the user of a URL is a token.
_NO_PASSWORD = ("", "x-oauth-basic")
# What is secret although it is named like something public: half of Vault's AppRole, where anybody may post.
_SECRET_MEMBER = re.compile(r"(secret_?id|web_?hook(_?ur[il])?)$", re.IGNORECASE)
# What is public in a document that is secret as a whole: a service account's key, a kubeconfig.
_PUBLIC_MEMBER = re.compile(
    r"(name|id|arn|path|file|ref|url|uri|host|server|port|type|kind|class|issuer|audience|scope|lifetime|ttl|length|"
    r"version|email|user|project|region|zone|domain|namespace|cluster|context|command|args)$",
    re.IGNORECASE,
)
# Mappings whose keys are names that their author chose, and no fields.
_NAMED_BY_AUTHOR = re.compile(
    r"annotations|labels|tags|match_?labels|node_?selector|secrets|config|files|formats|ports",
    re.IGNORECASE,
)

_KEY = "\0"  # the last step of a path, to a key of the mapping and not to what is under it
_LONGEST = 60  # characters of a field's name that a message repeats
_LONGEST_PATH = 200  # characters of a path that a message repeats

Path = tuple[str | int, ...]


def refuse_secrets(
    component: str,
    name: object,
    args: object,
    kwargs: Mapping[str, Any],
    opts: object,
    *,
    error: type[ArgsError],
    way_out: str,
) -> None:
    """Refuse the value of a secret of the stack's config anywhere in what a component was given.

    Called before anything else looks at that, because other refusals repeat what they refuse.

    Args:
        component: Its class, for the message.
        name: Its logical name.
        args: Its arguments, as given.
        kwargs: The same as keyword arguments.
        opts: Its resource options.
        error: What to raise.
        way_out: What to do instead; `{key}` in it stands for the config key.

    Raises:
        ArgsError: It names each place and the config key, and never a value; so not a logical name that has one.
    """
    arguments = {**args, **kwargs} if isinstance(args, Mapping) else kwargs
    problems = secrets_in({"its logical name": name, "": arguments, "opts": opts}, way_out)
    if problems:
        told = (
            isinstance(name, str) and shown(name) == repr(name) and not secrets_in({"": name}, "")
        )
        raise combined(f'{component}("{name}")' if told else component, [error(*problems)], error)


def secrets_in(given: Mapping[str, Any], way_out: str) -> list[str]:
    """Say for each text that holds the value of a secret where it is, and what to do instead."""
    sought = _sought()
    if not sought:
        return []
    texts = list(_texts(given))
    everything = "\0".join(text for _, text in texts)
    found = {value: key for value, key in sought.items() if value in everything}
    problems = []
    for path, text in texts if found else ():
        key = next((key for value, key in found.items() if value in text), None)
        if key is not None:
            told = not any(value in key for value in found)
            what = f"secret config {key!r}" if told else "a secret of the stack's config"
            problems.append(
                f"{_spelled(path, found)} contains the value of {what}, and would show it in plain text. "
                f"{way_out.format(key=key if told else '...')} If it need not be secret, store it in the stack's "
                f"config as plain text{_ON_ITS_OWN if _is_document(key) else ''}."
            )
    return list(dict.fromkeys(problems))


_ON_ITS_OWN = (
    ", under a key of its own: Pulumi treats an object with one secret in it as secret as a whole"
)


def _is_document(key: str) -> bool:
    return str(pulumi.runtime.get_config(key)).lstrip().startswith(("{", "["))


def _sought() -> dict[str, str]:
    """List the values that are looked for, each with its config key."""
    public = (pulumi.get_project(), pulumi.get_stack())  # they are in every URN
    sought: dict[str, str] = {}
    for key in config_keys():
        if pulumi.runtime.is_config_secret(key):
            for value in _forms(str(pulumi.runtime.get_config(key))):
                word = len(value) < SHORTEST_WORD and _WORD.fullmatch(value)
                line = len(set(value)) == 1  # ---------, 00000000
                if len(value) >= SHORTEST and not (word or line) and value not in public:
                    sought.setdefault(value, key)
    return sought


def _forms(value: str) -> Iterator[str]:
    """A value, and what is in it that is secret by itself: members of a document, the password of a URL."""
    yield value.strip()
    yield from _secrets_of_url(value.strip())
    if value.lstrip().startswith(("{", "[")):
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            return
        for path, text in _texts({"": document}, keys=False):
            member = next(step for step in reversed(path) if isinstance(step, str))
            public = _PUBLIC_MEMBER.search(member) and not _SECRET_MEMBER.search(member)
            if not public or any(_secrets_of_url(text)) or is_credential(text):
                yield from _forms(text)


def _secrets_of_url(value: str) -> Iterator[str]:
    """What is secret in a URL by itself, as it is written there and as it is meant."""
    url = _URL.fullmatch(value)
    if url is None:
        return
    scheme, rest = url[1].lower(), url[2]
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    user, _, password = authority.rpartition("@")[0].partition(":")
    # Somebody may have written a / or @ in a password as it is; where there is only a port it is none.
    longest = rest.rpartition("@")[0].partition(":")[2]
    port = authority.rpartition(":")[2]
    if "@" not in authority and (":" not in authority or port.isdigit()):
        longest = ""
    token = user if scheme in ("http", "https") and password in _NO_PASSWORD else ""
    for found in filter(None, dict.fromkeys((password, longest, token))):
        yield from {found, unquote(found)}
    for name, found in _QUERY.findall(rest):
        if _SECRET_PARAMETER.search(name):
            yield from {found, unquote_plus(found)}


def _texts(given: Mapping[str, Any], *, keys: bool = True) -> Iterator[tuple[Path, str]]:
    """Yield every text and number, with the way to it; of a mapping its keys too."""
    # A list and not recursion: what was given may be as deep as it likes, or hold itself.
    waiting: list[tuple[Path, Any]] = [((name,), item) for name, item in [*given.items()][::-1]]
    seen: set[int] = set()
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str):
            yield path, node
        elif isinstance(node, int | float):
            number = quotable(node)
            if number is not None:
                yield path, number
        elif isinstance(node, bytes | pulumi.Output | pulumi.Resource) or id(node) in seen:
            continue
        elif isinstance(node, Sequence | set | frozenset):
            seen.add(id(node))
            waiting += [((*path, place), each) for place, each in enumerate(node)][::-1]
        else:
            seen.add(id(node))
            members = [(key, each) for key, each in _members(node).items() if isinstance(key, str)]
            if keys:
                yield from (((*path, _KEY), key) for key, _ in members)
            waiting += [((*path, key), each) for key, each in members[::-1]]


def _members(node: Any) -> Mapping[Any, Any]:
    if isinstance(node, Mapping):
        return node
    known = isinstance(node, pulumi.ResourceOptions | pulumi.Alias)
    return vars(node) if known or is_input_type(type(node)) else {}


def _spelled(path: Path, hidden: Collection[str]) -> str:
    """Write the way to a text: `liveness_probe.httpGet.path`, `annotations['team']`, `command[1]`."""
    spelled = above = ""
    for step in path:
        if step == _KEY:
            return f"a key of {spelled}" if spelled else "the name of an argument"
        if isinstance(step, int):
            spelled += f"[{step}]"
            continue
        if any(value in step for value in hidden):
            spelled += "[...]"
        elif not spelled:
            spelled = step
        elif step.isidentifier() and len(step) < _LONGEST and not _NAMED_BY_AUTHOR.fullmatch(above):
            spelled += f".{step}"
        else:
            spelled += f"[{shown(step)}]"
        above = step
    return spelled if len(spelled) <= _LONGEST_PATH else f"{spelled[:_LONGEST_PATH]}..."
