"""Lives that broke a promise once, each as short as it could be made: `make test` plays them again.

What `python -m tests.lives` prints is pasted here. Each life ends with `rest`, so that what fixes it must
also bring the stack to rest. A way out is named, since its number changes with the messages.
"""

from dataclasses import dataclass
from typing import Literal

HeldBy = Literal["objections", "watch", "identity", "hold", "whose", "before"]


@dataclass(frozen=True)
class Found:
    """A life that broke a promise.

    Attributes:
        cloud: Where.
        what: What became of it, as a sentence.
        lines: Its steps.
        held_by: What of the package holds it now: without that it breaks again.
    """

    cloud: str
    what: str
    lines: tuple[str, ...]
    held_by: HeldBy


_RENAMED_AND_ADOPTED = (
    "add Stripe discard",
    "up",
    "set Stripe",
    "logical Stripe StripeKey",
    "up",
    "adopt Stripe",
    "up",
    "rest 0",
)
_KEPT_AND_RENAMED = (
    "add Stripe discard",
    "up",
    "set Stripe",
    "retention Stripe keep",
    "key Stripe stripe-secret-key",
    "up",
    "rest 0",
)

FOUND = (
    *(
        Found(
            cloud, "the logical name changes, and it is adopted", _RENAMED_AND_ADOPTED, "objections"
        )
        for cloud in ("aws", "gcp", "azure")
    ),
    *(
        Found(
            cloud, "discard becomes keep and the key changes at once", _KEPT_AND_RENAMED, "identity"
        )
        for cloud in ("aws", "gcp")
    ),
    Found(
        "gcp",
        "replicas change under discard and a transform",
        (
            "add Stripe discard",
            "up",
            "set Stripe",
            "transform on",
            "replicas Stripe 1",
            "up",
            "rest 0",
        ),
        "hold",
    ),
    Found(
        "gcp",
        "replicas change under discard (it never came to rest)",
        ("add Stripe discard", "up", "set Stripe", "replicas Stripe 1", "rest 0"),
        "whose",
    ),
    Found(
        "aws",
        "a second stack adopts under recover, and is destroyed",
        (
            "add Stripe recover",
            "up",
            "set Stripe",
            "staging: add Stripe recover",
            "staging: up refresh",
            "staging: adopt Stripe",
            "staging: up",
            "staging: unadopt Stripe",
            "staging: up",
            "staging: destroy",
            "rest 0",
        ),
        "objections",
    ),
    Found(
        "gcp",
        "a second stack adopts under discard, and removes it",
        (
            "add Database discard",
            "up",
            "set Database",
            "staging: add Database discard",
            "staging: up refresh",
            "staging: adopt Database",
            "staging: up",
            "staging: unadopt Database",
            "staging: up",
            "staging: remove Database",
            "staging: up",
            "rest 0",
        ),
        "objections",
    ),
    Found(
        "gcp",
        "a raw resource becomes a Secret and is adopted",
        (
            "add Database discard raw",
            "up",
            "set Database",
            "secret Database",
            "up",
            "adopt Database",
            "up",
            "rest 0",
        ),
        "objections",
    ),
    Found(
        "aws",
        "a raw resource becomes a Secret in an up that continues on error",
        (
            "add Database keep raw",
            "up",
            "set Database",
            "secret Database",
            "up continue",
            "rest 0",
        ),
        "watch",
    ),
    Found(
        "aws",
        "the logical name changes under discard in an up that continues on error",
        (
            "add Database discard",
            "up",
            "set Database",
            "logical Database DatabaseLogin",
            "up continue",
            "rest 0",
        ),
        "watch",
    ),
    Found(
        "azure",
        "the logical name changes under discard in an up that continues on error",
        (
            "add Stripe discard",
            "up",
            "set Stripe",
            "logical Stripe StripeKey",
            "up continue",
            "rest 0",
        ),
        "watch",
    ),
    Found(
        "aws",
        "discard becomes recover and the key changes at once",
        (
            "add Stripe discard",
            "up",
            "set Stripe",
            "retention Stripe recover",
            "key Stripe stripe-secret-key",
            "up",
            "rest 0",
        ),
        "before",
    ),
    *(
        Found(
            cloud,
            "a replaced container waits for its deletion, and is wanted again",
            (
                "add Stripe discard",
                "up",
                "set Stripe",
                "key Stripe stripe-secret-key",
                "kill up delete lost",
                "key Stripe stripe-api-key",
                "up",
                "adopt Stripe",
                "up",
                "rest 0",
            ),
            "objections",
        )
        for cloud in ("aws", "gcp", "azure")
    ),
    Found(
        "aws",
        "a replaced container waits for its deletion, and another secret gets its key",
        (
            "add Stripe discard",
            "add Webhook discard",
            "up",
            "set Webhook",
            "key Webhook webhook-secret",
            "kill up delete lost",
            "key Stripe webhook-key",
            "up",
            "adopt Stripe",
            "up",
            "rest 0",
        ),
        "objections",
    ),
    Found(
        "gcp",
        "the state is lost while formerly is in the program (it never came to rest)",
        (
            "add Database keep raw",
            "up",
            "set Database",
            "secret Database",
            "alias Database",
            "up",
            "lose-state",
            "rest 0",
        ),
        "whose",
    ),
)
