"""What the packages `random` and `tls` generate, of the form that was asked for: the same at every run.

It follows from the URN and the inputs, so nothing of it is random, and a key or a certificate has the form of one and
no more: it opens nothing. What the providers mark as secret is marked.
"""

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from infra_secrets.testing.simulation import Call, Change, CloudError, Diff, ResourceType, compare
from infra_secrets.testing.values import UNKNOWN, SecretValue

Made = tuple[str, dict[str, Any]]
Make = Callable[[Mapping[str, Any], random.Random], Made]
"""Returns id and computed outputs."""

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
"""terraform-provider-random internal/random/string.go"""


class GeneratedType(ResourceType):
    """A resource that is made once; another input makes another.

    Args:
        make: Makes it.
        computed: The names of its outputs that are not inputs.
    """

    def __init__(self, make: Make, *computed: str) -> None:
        self._make = make
        self._computed = computed

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """Say what would change. Every change needs a new one."""
        del old_outputs, call
        changes = compare(old_inputs, inputs)
        return Diff([Change(change.path, change.kind, replaces=True) for change in changes])

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell the outputs."""
        del call
        return {**dict.fromkeys(self._computed, UNKNOWN), **old_outputs, **inputs}

    def create(self, inputs: dict[str, Any], call: Call) -> Made:
        """Make it."""
        seed = json.dumps([call.urn, call.type, inputs], sort_keys=True, default=str)
        id_, computed = self._make(inputs, random.Random(seed))  # noqa: S311 (nothing here is to be safe)
        return id_, {**inputs, **computed}

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """Return what there is; an import is of the value that its id says."""
        del call
        return id_, dict(old_inputs), dict(old_outputs) or {"result": id_}


# random -----------------------------------------------------------------------------------------


def _string(inputs: Mapping[str, Any], chance: random.Random) -> str:
    """terraform-provider-random internal/random/string.go: what must be there, then anything, shuffled."""
    numeric = inputs.get("numeric", inputs.get("number", True))
    kinds = (
        (inputs.get("lower", True), string.ascii_lowercase, inputs.get("minLower")),
        (inputs.get("upper", True), string.ascii_uppercase, inputs.get("minUpper")),
        (numeric, string.digits, inputs.get("minNumeric")),
        (
            inputs.get("special", True),
            inputs.get("overrideSpecial") or _SPECIAL,
            inputs.get("minSpecial"),
        ),
    )
    alphabet = "".join(letters for wanted, letters, _ in kinds if wanted is not False)
    length = int(inputs.get("length") or 0)
    if not alphabet or length < 1:
        raise CloudError("", "`length` must be at least 1, and one kind of characters allowed")
    made = [chance.choice(letters) for _, letters, least in kinds for _ in range(int(least or 0))]
    made += [chance.choice(alphabet) for _ in range(length - len(made))]
    chance.shuffle(made)
    return "".join(made)


def _random_string(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    result = _string(inputs, chance)
    return result, {"result": result}


def _random_password(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    bcrypt = "$2a$10$" + "".join(chance.choice(string.ascii_letters) for _ in range(53))
    result = _string(inputs, chance)
    return "none", {"result": SecretValue(result), "bcryptHash": SecretValue(bcrypt)}


def _random_id(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    raw = chance.randbytes(int(inputs.get("byteLength") or 1))
    prefix = inputs.get("prefix") or ""
    url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return url, {
        "b64Std": prefix + base64.b64encode(raw).decode(),
        "b64Url": prefix + url,
        "hex": prefix + raw.hex(),
        "dec": prefix + str(int.from_bytes(raw)),
    }


def _random_bytes(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    raw = chance.randbytes(int(inputs.get("length") or 1))
    encoded = base64.b64encode(raw).decode()
    return "none", {"base64": SecretValue(encoded), "hex": SecretValue(raw.hex())}


_ADJECTIVES: Final = (
    "brave",
    "calm",
    "clever",
    "eager",
    "gentle",
    "happy",
    "kind",
    "quiet",
    "swift",
    "wise",
)
_NOUNS: Final = (
    "badger",
    "crane",
    "falcon",
    "heron",
    "lynx",
    "marten",
    "otter",
    "panda",
    "raven",
    "tiger",
)


def _random_pet(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    before = [chance.choice(_ADJECTIVES) for _ in range(int(inputs.get("length") or 2) - 1)]
    separator = inputs.get("separator")
    prefix = [str(inputs["prefix"])] if inputs.get("prefix") else []
    words = [*prefix, *before, chance.choice(_NOUNS)]
    return ("-" if separator is None else str(separator)).join(words), {}


def _random_integer(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    low, high = int(inputs.get("min") or 0), int(inputs.get("max") or 0)
    if high < low:
        raise CloudError("", "the minimum value needs to be smaller than or equal to maximum value")
    result = chance.randint(low, high)
    return str(result), {"result": result}


def _random_uuid(_inputs: Mapping[str, Any], chance: random.Random) -> Made:
    result = str(uuid.UUID(bytes=chance.randbytes(16), version=4))
    return result, {"result": result}


def _random_shuffle(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    given = list(inputs.get("inputs") or [])
    count = inputs.get("resultCount")
    results: list[Any] = []
    while given and len(results) < int(len(given) if count is None else count):
        results += chance.sample(given, len(given))
    return "-", {"results": results[: int(len(given) if count is None else count)]}


# tls --------------------------------------------------------------------------------------------

_BEGINS: Final = "2026-01-01T00:00:00Z"
_ENDS: Final = "2027-01-01T00:00:00Z"


def _pem(label: str, raw: bytes) -> str:
    text = base64.b64encode(raw).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _field(raw: bytes) -> bytes:
    return len(raw).to_bytes(4) + raw


def _public_blob(inputs: Mapping[str, Any], chance: random.Random) -> bytes:
    """Return a public key as SSH writes it (RFC 4253, RFC 5656, RFC 8709)."""
    match str(inputs.get("algorithm") or "RSA").upper():
        case "ED25519":
            return _field(b"ssh-ed25519") + _field(chance.randbytes(32))
        case "ECDSA":
            curve = str(inputs.get("ecdsaCurve") or "P256").lower().replace("p", "nistp").encode()
            size = {b"nistp384": 48, b"nistp521": 66}.get(curve, 32)
            point = b"\x04" + chance.randbytes(2 * size)
            return _field(b"ecdsa-sha2-" + curve) + _field(curve) + _field(point)
        case _:
            bits = int(inputs.get("rsaBits") or 2048)
            modulus = b"\x00" + (chance.getrandbits(bits) | 1 | 1 << (bits - 1)).to_bytes(bits // 8)
            return _field(b"ssh-rsa") + _field(b"\x01\x00\x01") + _field(modulus)


def _private_key(inputs: Mapping[str, Any], chance: random.Random) -> Made:
    blob = _public_blob(inputs, chance)
    kind = blob[4 : 4 + int.from_bytes(blob[:4])].decode()
    label = {"ssh-rsa": "RSA PRIVATE KEY", "ssh-ed25519": "PRIVATE KEY"}.get(kind, "EC PRIVATE KEY")
    secret = chance.randbytes(600 if kind == "ssh-rsa" else 48)
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return hashlib.sha256(blob).hexdigest()[:40], {
        "privateKeyPem": SecretValue(_pem(label, secret)),
        "privateKeyPemPkcs8": SecretValue(_pem("PRIVATE KEY", secret)),
        "privateKeyOpenssh": SecretValue(_pem("OPENSSH PRIVATE KEY", secret)),
        "publicKeyPem": _pem("PUBLIC KEY", blob),
        "publicKeyOpenssh": f"{kind} {base64.b64encode(blob).decode()}\n",
        "publicKeyFingerprintMd5": hashlib.md5(blob, usedforsecurity=False).digest().hex(":"),
        "publicKeyFingerprintSha256": f"SHA256:{sha256}",
    }


def _certificate(_inputs: Mapping[str, Any], chance: random.Random) -> Made:
    return str(chance.getrandbits(120)), {
        "certPem": _pem("CERTIFICATE", chance.randbytes(600)),
        "keyAlgorithm": "RSA",
        "caKeyAlgorithm": "RSA",
        "readyForRenewal": False,
        "validityStartTime": _BEGINS,
        "validityEndTime": _ENDS,
    }


def _certificate_request(_inputs: Mapping[str, Any], chance: random.Random) -> Made:
    request = _pem("CERTIFICATE REQUEST", chance.randbytes(450))
    return str(chance.getrandbits(120)), {"certRequestPem": request, "keyAlgorithm": "RSA"}


_UUID: Final = GeneratedType(_random_uuid, "result")
_KEY_OUTPUTS: Final = (
    *("privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh", "publicKeyPem"),
    *("publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"),
)
_CERTIFICATE_OUTPUTS: Final = (
    *("certPem", "keyAlgorithm", "readyForRenewal", "validityStartTime", "validityEndTime"),
)

GENERATED: Final[Mapping[str, ResourceType]] = {
    "random:index/randomBytes:RandomBytes": GeneratedType(_random_bytes, "base64", "hex"),
    "random:index/randomId:RandomId": GeneratedType(_random_id, "b64Std", "b64Url", "hex", "dec"),
    "random:index/randomInteger:RandomInteger": GeneratedType(_random_integer, "result"),
    "random:index/randomPassword:RandomPassword": GeneratedType(
        _random_password, "result", "bcryptHash"
    ),
    "random:index/randomPet:RandomPet": GeneratedType(_random_pet),
    "random:index/randomShuffle:RandomShuffle": GeneratedType(_random_shuffle, "results"),
    "random:index/randomString:RandomString": GeneratedType(_random_string, "result"),
    "random:index/randomUuid:RandomUuid": _UUID,
    "random:index/randomUuid4:RandomUuid4": _UUID,
    "random:index/randomUuid7:RandomUuid7": _UUID,
    "tls:index/certRequest:CertRequest": GeneratedType(
        _certificate_request, "certRequestPem", "keyAlgorithm"
    ),
    "tls:index/locallySignedCert:LocallySignedCert": GeneratedType(
        _certificate, *_CERTIFICATE_OUTPUTS, "caKeyAlgorithm"
    ),
    "tls:index/privateKey:PrivateKey": GeneratedType(_private_key, *_KEY_OUTPUTS),
    "tls:index/selfSignedCert:SelfSignedCert": GeneratedType(_certificate, *_CERTIFICATE_OUTPUTS),
}
"""By type token."""
