"""What a class of settings says of itself: whose they are, and where and how often they are looked for.

It is checked when the class is made. What the class leaves out is asked of the environment when settings are loaded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from infra_secrets.errors import SecretNameError, SettingsUseError, UnknownCloudError
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import nearest, shown

if TYPE_CHECKING:
    from infra_secrets.clouds import Place

KEYWORDS = (
    *("service", "environment", "cloud", "document", "directory", "max_age"),
    "stale_if_unreachable",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The keywords of a class of settings, checked."""

    service: str
    environment: str | None = None
    cloud: str | None = None
    place: "Place" = field(default_factory=dict)
    """Parts of the place in the cloud, e.g. its region."""
    document: bool = False
    """Whether all settings are keys of one JSON document."""
    directory: Path | None = None
    max_age: float | None = None
    """Seconds."""
    stale_if_unreachable: float | None = None
    """Seconds beyond `max_age`."""

    @classmethod
    def of(
        cls, name: str, given: Mapping[str, object], inherited: "Options | None" = None
    ) -> "Options":
        """Check the keywords of a class, and fill in what its parent says.

        Args:
            name: The class.
            given: Its keywords.
            inherited: Those of the class that it is derived from.

        Raises:
            SettingsUseError: Everything that is wrong with them.
        """
        said = {keyword: each for keyword, each in given.items() if each is not None}
        problems = [*_problems(said, inherited)]
        if problems:
            raise SettingsUseError(f"class {name}: " + " ".join(problems))
        known = {each: getattr(inherited, each) for each in KEYWORDS} if inherited else {}
        known |= {each: said[each] for each in KEYWORDS if each in said}
        parts = {part: str(text) for part, text in said.items() if part not in KEYWORDS}
        known["place"] = {**(inherited.place if inherited else {}), **parts}
        if known.get("directory") is not None:
            known["directory"] = Path(known["directory"]).expanduser()
        for age in ("max_age", "stale_if_unreachable"):
            known[age] = _seconds(known.get(age))
        return cls(**known)


def _problems(said: Mapping[str, object], inherited: Options | None) -> Iterator[str]:
    service = said.get("service", inherited.service if inherited else None)
    if service is None:
        yield (
            "it does not say whose settings these are. Name the service, as its containers are named: "
            'class ...(SecretSettings, service="payments").'
        )
    names = [each for each in ("service", "environment", "cloud") if each in said]
    texts = {each: said[each] for each in names if isinstance(said[each], str)}
    yield from (f"{each}= takes a text." for each in names if each not in texts)
    named = {"service": "x", "environment": "x", **texts}
    try:
        SecretName(service=str(named["service"]), environment=str(named["environment"]))
    except SecretNameError as bad:
        yield str(bad)
    if "document" in said and not isinstance(said["document"], bool):
        yield "document= takes True or False."
    if "directory" in said and not isinstance(said["directory"], str | Path):
        yield "directory= takes a path."
    elif said.get("directory") == "":
        yield "directory= is empty. Name the folder, or leave it out."
    yield from _wrong_places(said, texts.get("cloud"))
    for age in ("max_age", "stale_if_unreachable"):
        if age in said and not (_seconds(said[age]) or 0) > 0:
            yield f"{age}= takes seconds or a timedelta, more than 0."
    if "stale_if_unreachable" in said and not (
        "max_age" in said or (inherited and inherited.max_age)
    ):
        yield (
            "stale_if_unreachable= says how long values older than max_age= are still served, and there is no max_age=."
        )


def _wrong_places(said: Mapping[str, object], cloud: object) -> Iterator[str]:
    parts = [each for each in said if each not in KEYWORDS]
    if cloud is None and not parts:
        return
    from infra_secrets import clouds  # a service whose class names no cloud starts without it

    try:
        known = [clouds.load(cloud)] if isinstance(cloud, str) else None
    except UnknownCloudError as unknown:
        yield str(unknown)
        return
    if not parts:
        return
    known = known or [clouds.load(each) for each in clouds.available()]
    allowed = sorted({part for each in known for part in clouds.values_of(each).PLACE})
    for part in parts:
        if part not in allowed:
            close = nearest(part, (*KEYWORDS, *allowed))
            hint = f" Did you mean {close}=?" if close else ""
            yield (
                f"it does not take {shown(part)}: there are {', '.join(KEYWORDS)}, and of the place "
                f"{', '.join(allowed)}.{hint}"
            )
        elif not isinstance(said[part], str) or not said[part]:
            yield f"{part}= takes a text."


def _seconds(age: object) -> float | None:
    if isinstance(age, timedelta):
        return age.total_seconds()
    return float(age) if isinstance(age, int | float) and not isinstance(age, bool) else None
