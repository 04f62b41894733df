"""GCP Secret Manager: names, limits and tokens. A secret is a container, and its versions hold the values."""

from collections.abc import Mapping, Sequence

from infra_secrets.clouds import Deadline
from infra_secrets.component.settings import ConfigKey
from infra_secrets.rules.naming import Spelling

MAX_NAME = 255  # google.cloud.secretmanager CreateSecretRequest.secret_id
# Labels and annotations: pulumi-gcp 10.2.0, gcp.secretmanager.Secret. GCP takes 64 labels, and one of them
# is the provider's: goog-pulumi-provisioned. The annotations together stay below 16 KiB.
MAX_LABELS = 63
MAX_LABEL_BYTES = 128
MAX_ANNOTATIONS_BYTES = 16 * 1024 - 1

SPELLING = Spelling(title="GCP Secret Manager", separator="__", limit=MAX_NAME)
RESOURCE_TYPE = "gcp:secretmanager/secret:Secret"
ID_PREFIX = "projects/"
SDK = "pulumi_gcp"
EXTRA = "gcp"
SETTINGS: Mapping[str, ConfigKey] = {}
# google-auth 2.x, environment_vars.py; google-api-core, client_options; gcloud's own begin with CLOUDSDK_. Not all that
# begins with GOOGLE_: an application's own key of Google Maps does, too.
OWN_VARIABLES = (
    *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_*", "GOOGLE_EXTERNAL_ACCOUNT_*"),
    *("GOOGLE_API_USE_*", "GOOGLE_API_CERTIFICATE_CONFIG", "GOOGLE_AUTH_*", "GOOGLE_SDK_*"),
    *("CLOUDSDK_*", "GCE_METADATA_*", "GCLOUD_PROJECT", "NO_GCE_CHECK"),
)
DEADLINES: Sequence[Deadline] = ()
