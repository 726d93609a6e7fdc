#!/usr/bin/env python
"""Writes proto/released.json: the messages and calls that services of released versions speak.

Run it when a version is released, and commit the file: from then on a test refuses every change that an older
service would misread (a member with another number or type, a call that is gone).
"""

import json
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

from reelyard.rpc.v1 import gateway_pb2, media_pb2, node_pb2

FILE = Path(__file__).resolve().parents[1] / "proto" / "released.json"


def described() -> dict[str, dict[str, object]]:
    """Every message with its members by number, and every service with its calls."""
    found: dict[str, dict[str, object]] = {}
    for module in (gateway_pb2, media_pb2, node_pb2):
        file: FileDescriptor = module.DESCRIPTOR
        for message in file.message_types_by_name.values():
            found[message.full_name] = _message(message)
        for service in file.services_by_name.values():
            found[service.full_name] = {
                call.name: f"{call.input_type.full_name} -> {call.output_type.full_name}" for call in service.methods
            }
    return dict(sorted(found.items()))


def _message(message: Descriptor) -> dict[str, object]:
    return {str(field.number): f"{field.name}: {_type(field)}" for field in sorted(message.fields, key=_number)}


def _number(field: FieldDescriptor) -> int:
    return int(field.number)


def _type(field: FieldDescriptor) -> str:
    kind = field.message_type.full_name if field.message_type is not None else f"scalar {field.type}"
    return f"repeated {kind}" if field.is_repeated else kind


if __name__ == "__main__":
    FILE.write_text(json.dumps(described(), indent=1, sort_keys=True) + "\n")
    print(f"wrote {FILE}")
