"""What an ONNX file says of itself, read from its bytes: a few fields of protocol buffers, no `onnx` package.

The editor opens models from memory, so weights in files beside them are lost to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_IR_VERSION, _GRAPH, _OPSETS = 1, 7, 8  # fields of a ModelProto
_INITIALISERS, _NODES = 5, 1  # of a GraphProto
_DOMAIN, _VERSION = 1, 2  # of an OperatorSetIdProto
_EXTERNAL, _LOCATION = 13, 14  # of a TensorProto


@dataclass(frozen=True)
class OnnxFacts:
    """A model's versions and whether it stands alone."""

    ir_version: int
    opset: int  # of the standard operators
    domains: tuple[str, ...]  # others that it needs
    external: int  # weights kept in other files


def read_facts(data: bytes) -> OnnxFacts:
    """The facts of a model; raises ValueError when the bytes are no ONNX model."""
    ir_version, opset, external = 0, 0, 0
    domains: list[str] = []
    view = memoryview(data)
    for field, value in _fields(view):
        if field == _IR_VERSION and isinstance(value, int):
            ir_version = value
        elif field == _OPSETS and isinstance(value, memoryview):
            entry = dict(_fields(value))
            domain, version = entry.get(_DOMAIN, b""), entry.get(_VERSION, 0)
            name = bytes(domain).decode() if isinstance(domain, memoryview | bytes) else ""
            if name in ("", "ai.onnx"):
                opset = version if isinstance(version, int) else 0
            else:
                domains.append(name)
        elif field == _GRAPH and isinstance(value, memoryview):
            external += sum(_is_external(v) for f, v in _fields(value) if f == _INITIALISERS)
    if not ir_version or not opset:
        raise ValueError("no ONNX model")
    return OnnxFacts(ir_version, opset, tuple(domains), external)


def _is_external(value: int | memoryview) -> bool:
    if not isinstance(value, memoryview):
        return False
    return any(field == _EXTERNAL or (field == _LOCATION and value == 1) for field, value in _fields(value))


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field of one message; raises ValueError where there is no message."""
    at, end = 0, len(view)
    while at < end:
        key, at = _varint(view, at)
        kind = key & 7
        if kind == _VARINT:
            number, at = _varint(view, at)
            yield key >> 3, number
            continue
        if kind == _BYTES:
            length, at = _varint(view, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("no ONNX model")
        if at + length > end:
            raise ValueError("an ONNX model cut short")
        yield key >> 3, view[at : at + length]
        at += length


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(view) and shift < 70:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("an ONNX model cut short")
