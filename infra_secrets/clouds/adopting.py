"""What every cloud says about a container that is to be adopted."""

from collections.abc import Iterator, Sequence

from infra_secrets.errors import SecretNameError
from infra_secrets.rules.naming import Spelling
from infra_secrets.rules.wording import shown


def going(*, description: object, tags: Sequence[str], tags_are: str = "tags") -> Iterator[str]:
    """Say what an adoption removes, because the program does not name it."""
    gone = ["its description"] if description else []
    if tags:
        gone.append(f"the {tags_are} {', '.join(shown(tag) for tag in sorted(tags)[:20])}")
    if gone:
        yield (
            f"adopting it removes what the program does not name: {' and '.join(gone)}. To keep them, name them in the "
            "program."
        )


def other_name(spelling: Spelling, existing: str) -> str:
    """Say what to do about an existing container that has another name than the one wanted."""
    try:
        found = spelling.parse(existing)
    except SecretNameError:
        return (
            f"No service=, environment= and key= spell that name, and {spelling.title} cannot rename a secret: create "
            f"this container empty, let an operator copy the value, then retire the old one."
        )
    return (
        "Give "
        + ", ".join(f"{part}={text!r}" for part, text in found.parts())
        + " to adopt that one."
    )
