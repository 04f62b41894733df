"""Serves the components to other languages; Pulumi starts this folder as a plugin (PulumiPlugin.yaml)."""

from infra_secrets.plugin import serve

if __name__ == "__main__":
    serve()
