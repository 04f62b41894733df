"""The detectors of Yelp's `detect-secrets` that are in use.

They are called one by one: none of the process-wide settings is touched, and the verification, which asks the network,
is never reached.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra_secrets.errors import MissingExtraError


@dataclass(frozen=True)
class Detectors:
    """The detectors in use. Those of forms that much else has (Twilio's, public addresses) are left out."""

    private_key: Any
    forms: Sequence[Any]
    keyword: Any
    hexadecimal: Any
    base64: Any


@functools.cache
def detectors() -> Detectors:
    """Return the detectors.

    Raises:
        MissingExtraError: detect-secrets is not installed.
    """
    try:
        from detect_secrets.plugins import (
            aws,
            azure_storage_key,
            basic_auth,
            discord,
            github_token,
            gitlab_token,
            high_entropy_strings,
            jwt,
            keyword,
            mailchimp,
            npm,
            openai,
            private_key,
            pypi_token,
            sendgrid,
            slack,
            square_oauth,
            stripe,
            telegram_token,
        )
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "detect_secrets":
            raise
        raise MissingExtraError(
            "Looking for values in plain text (detect_secrets)", "cli"
        ) from None
    pem = private_key.PrivateKeyDetector()
    forms = (
        pem,
        aws.AWSKeyDetector(),
        azure_storage_key.AzureStorageKeyDetector(),
        discord.DiscordBotTokenDetector(),
        github_token.GitHubTokenDetector(),
        gitlab_token.GitLabTokenDetector(),
        jwt.JwtTokenDetector(),
        mailchimp.MailchimpDetector(),
        npm.NpmDetector(),
        openai.OpenAIDetector(),
        pypi_token.PypiTokenDetector(),
        sendgrid.SendGridDetector(),
        slack.SlackDetector(),
        square_oauth.SquareOAuthDetector(),
        stripe.StripeDetector(),
        telegram_token.TelegramBotTokenDetector(),
        basic_auth.BasicAuthDetector(),
    )
    return Detectors(
        pem,
        forms,
        keyword.KeywordDetector(),
        high_entropy_strings.HexHighEntropyString(limit=3.0),
        high_entropy_strings.Base64HighEntropyString(limit=4.5),
    )
