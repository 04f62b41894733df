"""The NLP service on the real engine: from an operator's hand into its pods, with ESC and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_secrets.testing import Rehearsal

pytestmark = pytest.mark.engine

HERE = Path(__file__).parent
ENVIRONMENT = (HERE / "environment.yaml").read_text(encoding="utf-8")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nbWFkZSB1cA==\n-----END OPENSSH PRIVATE KEY-----\n"
VALUES = {
    "database-url": "postgresql://nlp:made-up-password@db.example.com/nlp",
    "api-token": "made-up-token-1",
    "sentry-dsn": "https://made-up-key@o1.ingest.sentry.io/77",
    "ssh-key": KEY,
}


@pytest.fixture(scope="module")
def stacks() -> Iterator[tuple[Rehearsal, Rehearsal]]:
    """The stack of the containers, with every value set, and the production stack, which is up."""
    config = {"aws:region": "eu-west-1"}
    with Rehearsal(directory=HERE / "containers", stack="production", config=config) as containers:
        containers.up()
        for name, value in VALUES.items():
            containers.aws.set_value(f"nlp/production/{name}", value)
        with Rehearsal(
            directory=HERE / "service",
            stack="production",
            esc={"nlp/production": ENVIRONMENT},
            clouds=containers.clouds.values(),
        ) as service:
            service.up()
            yield containers, service


@pytest.fixture
def production(stacks: tuple[Rehearsal, Rehearsal]) -> Iterator[Rehearsal]:
    _, service = stacks
    with service.fork() as fork:
        yield fork


def test_what_operators_set_arrives_in_every_container(production: Rehearsal) -> None:
    for workload in ("web", "reindex"):
        assert production.kubernetes.environment(workload) == {
            "API_TOKEN": "made-up-token-1",
            "DATABASE_URL": "postgresql://nlp:made-up-password@db.example.com/nlp",
            "NER_LABELS": '["PERSON","ORGANIZATION","PLACE"]',
            "SENTRY_DSN": "https://made-up-key@o1.ingest.sentry.io/77",
        }
        assert production.kubernetes.files(workload) == {"/etc/models/identity": KEY.encode()}


def test_a_second_up_changes_nothing(production: Rehearsal) -> None:
    assert production.up().changes == []


def test_no_value_is_seen_outside_of_the_one_kubernetes_secret(
    stacks: tuple[Rehearsal, Rehearsal], production: Rehearsal
) -> None:
    production.preview(diff=True)

    for rehearsal in (*stacks, production):
        rehearsal.assert_no_leak()


def test_a_new_value_rolls_the_pods_and_the_old_secret_goes_after(production: Rehearsal) -> None:
    [old] = production.kubernetes.names("Secret")
    before = len(production.kubernetes.history)
    production.aws.set_value("nlp/production/api-token", "another-made-up-token")
    production.up()

    [new] = production.kubernetes.names("Secret")
    events = [event.split()[:2] for event in production.kubernetes.history[before:]]
    assert "another-made-up-token" in production.kubernetes.environment("web").values()
    assert events[0] == ["create", "Secret"]
    assert sorted(events[1:3]) == [["update", "CronJob"], ["update", "Deployment"]]
    assert production.kubernetes.history[-1] == f"delete Secret nlp/{old}"
    assert new != old
    assert len(production.kubernetes.rollouts("web")) == 2
    assert production.kubernetes.dangling == []


def test_a_key_that_is_missing_stops_it_with_the_command(production: Rehearsal) -> None:
    before = len(production.kubernetes.history)
    production.configure(
        esc={"nlp/production": ENVIRONMENT.replace("nlp:sentry_dsn:", "nlp:sentry_dns:")}
    )
    refused = production.up(check=False)

    assert "the stack has no config 'nlp:sentry_dsn' (there is 'nlp:sentry_dns')" in refused.error
    assert (
        "esc env set organization/nlp/production 'pulumiConfig[\"nlp:sentry_dsn\"]' --secret --string --file -"
        in refused.error
    )
    assert len(production.kubernetes.history) == before


def test_the_replica_is_used_for_as_long_as_there_is_one(production: Rehearsal) -> None:
    url = "postgresql://nlp:made-up-too@replica.example.com/nlp"
    replica = f"    nlp:readonly_postgres_url: {{'fn::secret': '{url}'}}\n"
    production.configure(esc={"nlp/production": ENVIRONMENT + replica})
    production.up()
    with_replica = production.kubernetes.environment("web")
    production.configure(esc={"nlp/production": ENVIRONMENT})
    production.up()

    assert with_replica["READONLY_DATABASE_URL"] == url
    assert "READONLY_DATABASE_URL" not in production.kubernetes.environment("web")
    assert production.kubernetes.dangling == []
    production.assert_no_leak()


def test_the_environment_does_not_open_while_a_container_is_empty() -> None:
    config = {"aws:region": "eu-west-1"}
    with Rehearsal(directory=HERE / "containers", stack="production", config=config) as containers:
        containers.up()
        with Rehearsal(
            directory=HERE / "service",
            stack="production",
            esc={"nlp/production": ENVIRONMENT},
            clouds=containers.clouds.values(),
        ) as service:
            refused = service.up(check=False)

            assert "nlp/production/database-url" in refused.error
            assert service.kubernetes.history == []


def test_a_stack_without_esc_runs_on_its_own_secret_config() -> None:
    secrets = {
        "postgres_url": VALUES["database-url"],
        "api_token": VALUES["api-token"],
        "sentry_dsn": VALUES["sentry-dsn"],
    }
    with Rehearsal(directory=HERE / "service", stack="local", secrets=secrets) as local:
        refused = local.up(check=False)
        local.configure(secrets={**secrets, "ssh_private_key": KEY})
        run = local.up()

        assert "pulumi config set --stack local --secret --raw nlp:ssh_private_key" in refused.error
        assert local.kubernetes.environment("web")["NER_LABELS"] == '["PERSON"]'
        assert local.kubernetes.files("web") == {"/etc/models/identity": KEY.encode()}
        assert "stack local keeps secrets outside of ESC" in run.warnings[0]
        local.assert_no_leak()
