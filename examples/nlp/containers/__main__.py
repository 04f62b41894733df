"""The containers of the NLP service's secrets: `nlp/production/database-url` and so on, all empty."""

import pulumi

from infra_secrets import Secret

OWNER = "nlp@example.com"

containers = {
    "database-url": Secret("database-url", owner=OWNER, description="Where documents are kept"),
    "api-token": Secret("api-token", owner=OWNER, description="Calls the translation service"),
    "sentry-dsn": Secret("sentry-dsn", owner=OWNER, description="Where errors are reported"),
    "ssh-key": Secret("ssh-key", owner=OWNER, description="Reads the repository of models"),
}

# What an operator runs next: each command asks for a value and sets it.
for name, container in containers.items():
    pulumi.export(f"set-{name}", container.set_command)
