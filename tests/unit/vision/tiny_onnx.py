"""The smallest ONNX graphs that a test needs, written byte by byte so that tests need no ONNX package.

Source: onnx/onnx.proto, field numbers of ModelProto, GraphProto, NodeProto, ValueInfoProto; protobuf wire format.
"""

from __future__ import annotations


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    """ValueInfoProto of a float32 tensor; a name instead of a number is a free dimension."""
    dims = b"".join(_bytes(1, _number(1, d) if isinstance(d, int) else _bytes(2, d)) for d in shape)
    tensor = _number(1, 1) + _bytes(2, dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def mean_of_channels() -> bytes:
    """``image`` (1, 3, H, W) to ``means`` (1, 3, 1, 1): GlobalAveragePool, opset 17."""
    node = _bytes(1, "image") + _bytes(2, "means") + _bytes(4, "GlobalAveragePool")
    graph = (
        _bytes(1, node)
        + _bytes(2, "tiny")
        + _bytes(11, _value("image", (1, 3, "h", "w")))
        + _bytes(12, _value("means", (1, 3, 1, 1)))
    )
    opset = _bytes(1, "") + _number(2, 17)
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, opset)
