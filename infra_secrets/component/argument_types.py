"""What arguments are for a type checker and an editor, where that is more than Python knows at run time.

Each name here is two things. A checker sees the words that an argument takes, or a sequence that a string is
not. At run time it is the plain type, because Pulumi's schema analyzer reads annotations then and knows no
`Literal` and no protocol. What is given is judged at run time too, by the components and in whole sentences.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex, TypeVar

if TYPE_CHECKING:
    from typing import Literal as Literal  # noqa: PLC0414 (so that it can be imported from here)

    T_co = TypeVar("T_co", covariant=True)

    class SequenceNotStr(Protocol[T_co]):
        """A list or a tuple, but not a string: `in` takes nothing but strings there, and anything here.

        Source of the idea: https://github.com/python/typing/issues/256#issuecomment-1442633430
        """

        def __contains__(self, value: object, /) -> bool: ...
        def __getitem__(self, index: SupportsIndex, /) -> T_co: ...
        def __iter__(self) -> Iterator[T_co]: ...
        def __len__(self) -> int: ...
        def __reversed__(self) -> Iterator[T_co]: ...
else:
    SequenceNotStr = Sequence

    class Literal:
        """A string."""

        def __class_getitem__(cls, words: Any) -> type[str]:
            """Forget which."""
            return str


# fmt: off
Format = Literal[
    "json", "int", "bool", "pem",
    # Schemes of URLs: those that everybody knows. `cast` is the way to another one.
    "amqp", "amqps", "clickhouse", "cockroachdb", "couchbase", "elasticsearch", "file", "ftp",
    "ftps", "gs", "http", "https", "jdbc", "kafka", "ldap", "ldaps", "mariadb", "memcached",
    "mongodb", "mongodb+srv", "mqtt", "mqtts", "mssql", "mssql+pyodbc", "mysql", "mysql+asyncmy",
    "mysql+mysqldb", "mysql+pymysql", "nats", "neo4j", "neo4j+s", "oracle", "oracle+oracledb",
    "postgis", "postgres", "postgresql", "postgresql+asyncpg", "postgresql+pg8000",
    "postgresql+psycopg", "postgresql+psycopg2", "redis", "rediss", "s3", "sftp", "smtp", "smtps",
    "snowflake", "sqlite", "sqlite+aiosqlite", "sqlserver", "ssh", "tcp", "tls", "udp", "unix",
    "valkey", "valkeys", "ws", "wss",
]
# fmt: on
