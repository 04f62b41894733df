"""AWS Secrets Manager: names, limits and tokens. A secret is a container that can truly be empty."""

from collections.abc import Mapping, Sequence

from infra_secrets.clouds import Deadline
from infra_secrets.clouds.aws import tool
from infra_secrets.component.settings import ConfigKey
from infra_secrets.rules.naming import Spelling

# Source of the limits: botocore 1.44.5, secretsmanager service-2.json; tags: CreateSecret's Tags.
MAX_NAME = 512
MAX_DESCRIPTION = 2048
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256

SPELLING = Spelling(title="AWS Secrets Manager", separator="/", limit=MAX_NAME)
RESOURCE_TYPE = "aws:secretsmanager/secret:Secret"
ID_PREFIX = "arn:"
SDK = "pulumi_aws"
EXTRA = "aws"
FIELDS_TAG = "infra-secrets:fields"
"""The tag with the JSON keys of a value, or its beginning where there are several: `-2`, `-3`, ..."""
SETTINGS: Mapping[str, ConfigKey] = {}
OWN_VARIABLES = ("AWS_*", "BOTO_*")  # botocore 1.44.5, configprovider.py, credentials.py, utils.py
DEADLINES: Sequence[Deadline] = (tool.DEADLINE,)
