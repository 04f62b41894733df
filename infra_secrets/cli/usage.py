"""What was typed wrong, in a sentence that repeats nothing of it: it may be a value in the wrong place."""

from typing import Any

from infra_secrets.rules.wording import nearest


def in_words(error: Any) -> str | None:
    """Say what was typed wrong; None of an error that is none of this kind.

    Args:
        error: What Typer raised. Its classes are Click's or Typer's own, by its version, so they go by their names.
    """
    kinds = {each.__name__ for each in type(error).__mro__}
    if "ClickException" not in kinds:
        return None
    if "NoArgsIsHelpError" in kinds or "MissingParameter" in kinds or "BadOptionUsage" in kinds:
        said = str(error.format_message())  # of names alone
        return said if "NoArgsIsHelpError" in kinds else f"Error: {said}"
    context = getattr(error, "ctx", None)
    about = f"`{context.info_name}`" if context else "The command"
    if "NoSuchOption" in kinds:
        options = [name for each in context.command.params for name in each.opts] if context else []
        close = nearest(str(error.option_name).partition("=")[0], ["--help", *options])
        hint = f" Did you mean {close}?" if close and close.startswith("-") else ""
        return f"Error: {about} has no such option.{hint} {_HIDDEN}"
    if "BadParameter" in kinds and error.param is not None:
        return f"Error: What was given for {_name(error.param)} does not fit there. {_HIDDEN}"
    return f"Error: {about} does not take all of what was typed. {_HIDDEN}"


_HIDDEN = "What was typed is not repeated, as it may be a value. See --help."


def _name(parameter: Any) -> str:
    options = [each for each in parameter.opts if each.startswith("--")]
    return str(options[0] if options else parameter.metavar or parameter.name)
