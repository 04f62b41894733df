"""Acme Vault, a cloud that does not exist: names, limits and tokens. The rest of what is known of it stands beside."""

from collections.abc import Mapping, Sequence

from infra_secrets.clouds import Deadline
from infra_secrets.component.settings import ConfigKey
from infra_secrets.rules.naming import Spelling

# A limit has its source here, and the version that was read.
MAX_NAME = 200
MAX_LABEL = 500

SPELLING = Spelling(title="Acme Vault", separator=".", limit=MAX_NAME)
RESOURCE_TYPE = "acme:vault:Secret"
ID_PREFIX = "acme://"
SDK = "pulumi_acme"
EXTRA = "acme"
SETTINGS: Mapping[str, ConfigKey] = {}
OWN_VARIABLES = ("ACME_*",)
DEADLINES: Sequence[Deadline] = ()
