"""BuildKit's progress messages, decoded.

The engine's REST API sends them base64-coded under `moby.buildkit.trace`; their schema is
`StatusResponse` in https://github.com/moby/buildkit/blob/master/api/services/control/control.proto.
Only the fields that we read are declared; protobuf skips the rest.
"""

import base64
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from google.protobuf.message import DecodeError

from autograder.errors import NotJudged

_FIELDS = {
    "Vertex": [
        ("digest", 1, "string"), ("inputs", 2, "string*"), ("name", 3, "string"),
        ("cached", 4, "bool"),
        ("started", 5, "time"), ("completed", 6, "time"), ("error", 7, "string"),
    ],
    "VertexLog": [("vertex", 1, "string"), ("msg", 4, "bytes")],
    "StatusResponse": [("vertexes", 1, "Vertex*"), ("logs", 3, "VertexLog*")],
}  # fmt: skip


@cache
def _response() -> Any:
    """The message class of StatusResponse, made from the table above."""
    kind = descriptor_pb2.FieldDescriptorProto
    simple = {"string": kind.TYPE_STRING, "bool": kind.TYPE_BOOL, "bytes": kind.TYPE_BYTES}
    file = descriptor_pb2.FileDescriptorProto(
        name="course/trace.proto", package="course", syntax="proto3"
    )
    file.dependency.append("google/protobuf/timestamp.proto")
    for message_name, fields in _FIELDS.items():
        message = file.message_type.add(name=message_name)
        for name, number, of in fields:
            repeated = of.endswith("*")
            one = message.field.add(name=name, number=number)
            one.label = kind.LABEL_REPEATED if repeated else kind.LABEL_OPTIONAL
            if of.rstrip("*") in simple:
                one.type = simple[of.rstrip("*")]
            else:
                one.type = kind.TYPE_MESSAGE
                one.type_name = (
                    ".google.protobuf.Timestamp" if of == "time" else f".course.{of.rstrip('*')}"
                )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("course.StatusResponse"))


def decode(aux: str) -> Any:
    """One StatusResponse from the text under `aux`. Raises NotJudged when it is none."""
    try:
        return _response().FromString(base64.b64decode(aux))
    except (ValueError, DecodeError) as error:
        raise NotJudged("the engine's account of the build cannot be read") from error
