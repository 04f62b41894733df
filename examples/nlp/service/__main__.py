"""An NLP service: one web server and one nightly job, with the same configuration."""

import pulumi
import pulumi_kubernetes as kubernetes

from infra_secrets import EscEnv, require_esc

IMAGE = "ghcr.io/acme/nlp:1.4.2"

require_esc()  # in production nothing may come from anywhere else

namespace = kubernetes.core.v1.Namespace("nlp", metadata={"name": "nlp"})

env = EscEnv(
    "nlp",
    secrets={
        "DATABASE_URL": "postgres_url",
        "READONLY_DATABASE_URL": "readonly_postgres_url",
        "API_TOKEN": "api_token",
        "SENTRY_DSN": "sentry_dsn",
    },
    config={"NER_LABELS": "ner_labels"},
    files={"/etc/models/identity": "ssh_private_key"},
    formats={
        "DATABASE_URL": "postgresql",
        "READONLY_DATABASE_URL": "postgresql",
        "SENTRY_DSN": "https",
        "NER_LABELS": "json",
        "/etc/models/identity": "pem",
    },
    optional=["READONLY_DATABASE_URL"],  # not everywhere is there a replica
    namespace=namespace.metadata.name,
)

labels = {"app.kubernetes.io/name": "nlp"}

web = kubernetes.apps.v1.Deployment(
    "web",
    metadata={"namespace": namespace.metadata.name},
    spec=env.inject(
        {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [
                        {"name": "web", "image": IMAGE, "ports": [{"containerPort": 8080}]}
                    ]
                },
            },
        }
    ),
)

reindex = kubernetes.batch.v1.CronJob(
    "reindex",
    metadata={"namespace": namespace.metadata.name},
    spec=env.inject(
        {
            "schedule": "30 2 * * *",
            "jobTemplate": {
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [
                                {"name": "reindex", "image": IMAGE, "args": ["reindex"]}
                            ],
                            "restartPolicy": "OnFailure",
                        }
                    }
                }
            },
        }
    ),
)

pulumi.export("deployment", web.metadata["name"])
