"""A fake of Pulumi ESC: what a stack's config becomes when the stack file names environments.

    Recording(esc={"nlp/production": '''
      values:
        pulumiConfig:
          apiToken: {fn::secret: made up}
    '''})

Merging follows the engine, and evaluating follows ESC, each function with its source in
pulumi/pulumi v3.259.0; `make test-esc` compares both with Pulumi's own. Of ESC it has what
environments for stack config are made of: imports, references, `fn::secret`, `join`, `concat`,
`toJSON`, `fromJSON`, `toString`, `toBase64`, `fromBase64`, and `fn::open` of what the simulated
clouds say.

It is deliberately not a full evaluator. Every other function and provider is refused by its name, and
so are `context`, ciphertexts, bytes that are not text, YAML's tags, a key that is not part of an
environment, a key that is there twice, and an import that was not given, also where nothing reads
it. Versions and `policyConfig` do not exist, and who may open what is not asked.
"""

from infra_secrets.testing.esc.environments import Environments
from infra_secrets.testing.esc.errors import EscError, EscOpenError
from infra_secrets.testing.esc.opened import Opened, engine_config, set_variables
from infra_secrets.testing.esc.providers import EscLogin, EscSecrets, Provider, Source, made_up
from infra_secrets.testing.esc.reading import Definition
from infra_secrets.testing.esc.stack_file import stack_file, write_settings
from infra_secrets.testing.esc.values import Value, patched

__all__ = [
    "Definition",
    "Environments",
    "EscError",
    "EscLogin",
    "EscOpenError",
    "EscSecrets",
    "Opened",
    "Provider",
    "Source",
    "Value",
    "engine_config",
    "made_up",
    "patched",
    "set_variables",
    "stack_file",
    "write_settings",
]
