"""The server of Secret Manager keeps its rules, as Google's own client sees them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import secretmanager_v1 as api
from google.protobuf.field_mask_pb2 import FieldMask

from tests import servers
from tests.servers.gcp import NUMBER, PROJECT, ROLES, RULES, CloudServer, checksum

PARENT = f"projects/{PROJECT}"
SECRET = f"{PARENT}/secrets/api__production"
LATEST = f"{SECRET}/versions/latest"


@pytest.fixture(scope="module")
def running() -> Iterator[CloudServer]:
    server = CloudServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running: CloudServer, monkeypatch: pytest.MonkeyPatch) -> CloudServer:
    running.reset()
    servers.entered(monkeypatch, running.environment())
    return running


@pytest.fixture
def client(server: CloudServer) -> Iterator[Any]:
    host = f"127.0.0.1:{server.port}"
    made = api.SecretManagerServiceClient(client_options={"api_endpoint": host})
    with made:
        yield made


def create(client: Any, name: str = "api__production") -> Any:
    secret = api.Secret(replication=api.Replication(automatic={}))
    return client.create_secret(parent=PARENT, secret_id=name, secret=secret)


def add(client: Any, data: bytes, **payload: int) -> Any:
    return client.add_secret_version(parent=SECRET, payload={"data": data, **payload})


def access(client: Any, name: str = LATEST) -> Any:
    return client.access_secret_version(name=name, retry=None)


def refused(kind: type[Exception], ask: Callable[[], object]) -> str:
    with pytest.raises(kind) as raised:
        ask()
    return str(raised.value)


def reads_alike(client: Any, _: CloudServer) -> None:
    missing = refused(exceptions.NotFound, lambda: access(client))
    create(client)
    empty = refused(exceptions.NotFound, lambda: access(client))
    assert missing == empty
    assert "not found or has no versions" in empty


def latest(client: Any, _: CloudServer) -> None:
    create(client)
    add(client, b"made-up-1")
    add(client, b"made-up-2")
    client.disable_secret_version(name=LATEST)
    assert client.get_secret_version(name=LATEST).state.name == "DISABLED"
    assert "is in DISABLED state" in refused(exceptions.FailedPrecondition, lambda: access(client))
    client.enable_secret_version(name=LATEST)
    assert access(client).payload.data == b"made-up-2"


def numbers(client: Any, _: CloudServer) -> None:
    create(client)
    assert add(client, b"made-up").name.endswith("/versions/1")
    client.destroy_secret_version(name=LATEST)
    assert add(client, b"made-up").name.endswith("/versions/2")
    found = [each.state.name for each in client.list_secret_versions(parent=SECRET)]
    assert found == ["ENABLED", "DESTROYED"]


def unconditional(client: Any, _: CloudServer) -> None:
    create(client)
    add(client, b"made-up-theirs")
    assert add(client, b"made-up-mine").name.endswith("/versions/2")
    assert "etag" not in api.AddSecretVersionRequest.meta.fields


def empty(client: Any, _: CloudServer) -> None:
    create(client)
    assert "Field [payload] is required" in refused(
        exceptions.InvalidArgument, lambda: add(client, b"")
    )


def size(client: Any, _: CloudServer) -> None:
    create(client)
    add(client, b"x" * 65_536)
    refused(exceptions.InvalidArgument, lambda: add(client, b"x" * 65_537))


def checked(client: Any, _: CloudServer) -> None:
    create(client)
    refused(exceptions.InvalidArgument, lambda: add(client, b"made-up", data_crc32c=1))
    add(client, b"made-up")
    assert access(client).payload.data_crc32c == checksum(b"made-up")


def denial(client: Any, server: CloudServer) -> None:
    server.denied = {"secretmanager.versions.access"}
    missing = refused(exceptions.PermissionDenied, lambda: access(client))
    create(client)
    assert refused(exceptions.PermissionDenied, lambda: access(client)) == missing
    assert "Permission 'secretmanager.versions.access' denied" in missing
    assert "(or it may not exist)" in missing
    asked = ["secretmanager.versions.access", "secretmanager.secrets.get"]
    held = client.test_iam_permissions(request={"resource": SECRET, "permissions": asked})
    assert list(held.permissions) == asked[1:]


def roles(client: Any, server: CloudServer) -> None:
    create(client)
    asked = [f"secretmanager.{each}" for each in ("secrets.get", "versions.add", "versions.access")]
    held = {}
    for role in ROLES:
        server.grant(role)
        found = client.test_iam_permissions(request={"resource": SECRET, "permissions": asked})
        held[role.rpartition(".")[2]] = list(found.permissions)
    assert held == {
        "viewer": asked[:1],
        "secretVersionAdder": asked[1:2],
        "secretAccessor": asked[2:],
    }
    refused(exceptions.PermissionDenied, lambda: add(client, b"made-up"))


def project(client: Any, _: CloudServer) -> None:
    with pytest.raises(exceptions.PermissionDenied) as raised:
        client.get_secret(name="projects/nowhere/secrets/x")
    assert raised.value.reason == "CONSUMER_INVALID"


def off(client: Any, server: CloudServer) -> None:
    server.switch_off()
    with pytest.raises(exceptions.PermissionDenied) as raised:
        client.get_secret(name=SECRET)
    assert raised.value.reason == "SERVICE_DISABLED"
    assert raised.value.metadata["consumer"] == f"projects/{NUMBER}"


def numbered_project(client: Any, _: CloudServer) -> None:
    assert create(client).name == f"projects/{NUMBER}/secrets/api__production"
    assert add(client, b"made-up").name.startswith(f"projects/{NUMBER}/")


def pages(client: Any, server: CloudServer) -> None:
    for number in range(5):
        create(client, f"s{number}")
    found = client.list_secrets(request={"parent": PARENT, "page_size": 2})
    assert [each.name[-2:] for each in found] == ["s4", "s3", "s2", "s1", "s0"]
    assert server.calls.count("ListSecrets") == 3
    [page] = client.list_secrets(request={"parent": PARENT, "page_size": 90_000}).pages
    assert page.total_size == 5


def filtered(client: Any, _: CloudServer) -> None:
    for name in ("api__production", "my-api__production__x", "api__test"):
        create(client, name)
    found = client.list_secrets(request={"parent": PARENT, "filter": "name:api__production"})
    assert {each.name.rpartition("/")[2] for each in found} == {
        "api__production",
        "my-api__production__x",
    }
    wrong = {"parent": PARENT, "filter": "labels.a=b"}
    refused(exceptions.InvalidArgument, lambda: client.list_secrets(request=wrong))


def gone(client: Any, _: CloudServer) -> None:
    create(client)
    add(client, b"made-up")
    client.delete_secret(name=SECRET)
    refused(exceptions.NotFound, lambda: client.get_secret(name=SECRET))
    create(client)
    refused(exceptions.NotFound, lambda: access(client))


def destroyed(client: Any, _: CloudServer) -> None:
    create(client)
    add(client, b"made-up")
    assert client.destroy_secret_version(name=LATEST).destroy_time is not None
    refused(exceptions.FailedPrecondition, lambda: client.enable_secret_version(name=LATEST))
    assert "is in DESTROYED state" in refused(exceptions.FailedPrecondition, lambda: access(client))


def names(client: Any, _: CloudServer) -> None:
    for bad in ("a/b", "a.b", "", "x" * 256):
        refused(exceptions.InvalidArgument, partial(create, client, bad))
    create(client, "x" * 255)
    refused(exceptions.AlreadyExists, lambda: create(client, "x" * 255))


KEPT: dict[str, Callable[[Any, CloudServer], None]] = dict(
    zip(
        RULES,
        [
            *(reads_alike, latest, numbers, unconditional, empty, size, checked, denial),
            *(roles, project, off, numbered_project, pages, filtered, gone, destroyed, names),
        ],
        strict=True,
    )
)


@pytest.mark.parametrize("rule", KEPT)
def test_a_rule_is_kept(rule: str, client: Any, server: CloudServer) -> None:
    KEPT[rule](client, server)


def test_annotations_and_expiry_can_be_updated(client: Any, server: CloudServer) -> None:
    del server
    create(client)
    client.update_secret(
        secret={"name": SECRET, "annotations": {"a": "b"}},
        update_mask=FieldMask(paths=["annotations"]),
    )
    assert dict(client.get_secret(name=SECRET).annotations) == {"a": "b"}


def test_nobody_gets_in_without_a_token(server: CloudServer) -> None:
    """By a channel of its own: Google's client always sends one."""
    import grpc

    from tests.servers.gcp import SERVICE, files

    server.make("api/production")
    credentials = grpc.ssl_channel_credentials(files().certificate)
    with grpc.secure_channel(f"127.0.0.1:{server.port}", credentials) as channel:
        ask = channel.unary_unary(
            f"/{SERVICE}/GetSecret",
            request_serializer=api.GetSecretRequest.serialize,
            response_deserializer=api.Secret.deserialize,
        )
        for login in ([], [("authorization", "Bearer made-up")]):
            with pytest.raises(grpc.RpcError) as raised:
                ask(api.GetSecretRequest(name=SECRET), metadata=login)
            assert raised.value.code() == grpc.StatusCode.UNAUTHENTICATED
