"""How a provider says that a resource was made in part: a gRPC status with details, written without its Python class.

The class `google.rpc.Status` is in Pulumi's SDK and in Google's own client libraries, and one process can have only one
of the two. The SDK does not load its own while a program runs; nor may a rehearsal, in whose process the program is.
"""

from typing import Any, Final

import grpc
from google.protobuf import any_pb2

# google/rpc/status.proto: the number of each field, and the kind that protobuf's encoding has for it.
_CODE: Final = 1
_MESSAGE: Final = 2
_DETAILS: Final = 3
_NUMBER: Final = 0
_BYTES: Final = 2
_SEVEN_BITS: Final = 0x7F


def failed_in_part(detail: Any) -> grpc.Status:
    """Return the status of a failure with which the engine still writes outputs into the state.

    sdk/go/common/resource/plugin/provider_plugin.go, parseError.

    Args:
        detail: `ErrorResourceInitFailed` of Pulumi's protocol, with one reason or more.
    """
    packed = any_pb2.Any()
    packed.Pack(detail)
    code, reason = grpc.StatusCode.UNKNOWN, str(detail.reasons[0])
    wire = bytes([_CODE << 3 | _NUMBER, code.value[0]])
    wire += _field(_MESSAGE, reason.encode()) + _field(_DETAILS, packed.SerializeToString())
    status = grpc.Status()
    status.code = code
    status.details = reason
    status.trailing_metadata = (("grpc-status-details-bin", wire),)
    return status


def _field(number: int, content: bytes) -> bytes:
    length, size = len(content), bytearray()
    while length > _SEVEN_BITS:
        size.append(length & _SEVEN_BITS | 0x80)
        length >>= 7
    return bytes([number << 3 | _BYTES, *size, length]) + content
