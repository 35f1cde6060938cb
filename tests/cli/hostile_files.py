# SPDX-License-Identifier: Apache-2.0
"""Makers of damaged, contradictory and oversized files for hostile.py: ONNX, PNG, npy. Standard library only.

What may stand in a case's files: bytes, text, or one of the functions at the end, which put something at a path."""
import os
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
from wire import block, number, varint  # noqa: E402  (the tools' own folder has to be known first)


def data(name):
    with open(os.path.join(HERE, "data", name), "rb") as file:
        return file.read()


# ---- ONNX: protobuf by hand ----

def packed(field, values):
    return block(field, b"".join(map(varint, values)))


FLOAT, INT32, INT64, STRING = 1, 6, 7, 8


def tensor(name, dims, values=(), kind=FLOAT, raw=None):
    """TensorProto; `raw` in place of the values' own bytes."""
    letters = {FLOAT: "f", INT32: "i", INT64: "q"}
    content = struct.pack(f"<{len(values)}{letters[kind]}", *values) if raw is None else raw
    return packed(1, dims) + number(2, kind) + block(8, name) + block(9, content)


def external_tensor(name, dims, location, **more):
    entries = {"location": location, **{key: str(value) for key, value in more.items()}}
    texts = b"".join(block(13, block(1, key) + block(2, value)) for key, value in entries.items())
    return packed(1, dims) + number(2, FLOAT) + block(8, name) + texts + number(14, 1)


def attribute(name, value):
    if isinstance(value, int):
        return block(1, name) + number(3, value) + number(20, 2)
    if isinstance(value, bytes):  # an embedded graph
        return block(1, name) + block(6, value) + number(20, 5)
    return block(1, name) + b"".join(number(8, item) for item in value) + number(20, 7)


def node(operator, inputs, outputs, name, domain="", **attributes):
    content = b"".join(block(1, item) for item in inputs) + b"".join(block(2, item) for item in outputs)
    content += block(3, name) + block(4, operator)
    content += b"".join(block(5, attribute(*item)) for item in attributes.items())
    return content + (block(7, domain) if domain else b"")


def value_info(name, dims, kind=FLOAT):
    shape = b"".join(block(1, block(2, dim) if isinstance(dim, str) else number(1, dim)) for dim in dims)
    return block(1, name) + block(2, block(1, number(1, kind) + block(2, shape)))


DETECT = [1 if i == j else -0.5 for i in range(3) for j in range(3)]
CLASSES = [40 if i == j else 0 for i in range(4) for j in range(3)]
WEIGHTS = {
    "detect": tensor("detect", [3, 3, 1, 1], DETECT),
    "weight": tensor("weight", [4, 3], CLASSES),
    "bias": tensor("bias", [4], [0, 0, 0, 1]),
}
NODES = {
    "colour_contrast": node("Conv", ["image", "detect"], ["contrast"], "colour_contrast", kernel_shape=[1, 1]),
    "only_more": node("Relu", ["contrast"], ["colourful"], "only_more"),
    "share_of_picture": node("GlobalAveragePool", ["colourful"], ["mean"], "share_of_picture"),
    "flat": node("Flatten", ["mean"], ["features"], "flat", axis=1),
    "classes": node("Gemm", ["features", "weight", "bias"], ["logits"], "classes", transB=1),
}
OUTPUT = value_info("logits", ["batch", 4])


def model(nodes=None, weights=None, image=("batch", 3, 32, 32), output=OUTPUT, opset=13, more=(), more_weights=()):
    """The model of tests/cli/data/tiny.onnx with some parts replaced (`nodes` and `weights` by name, None leaves one
    out) or added."""
    chosen = [item for item in ({**NODES, **(nodes or {})}).values() if item is not None] + list(more)
    constants = [item for item in ({**WEIGHTS, **(weights or {})}).values() if item is not None] + list(more_weights)
    graph = b"".join(block(1, item) for item in chosen) + block(2, "tiny") + b"".join(block(5, item) for item in constants)
    graph += block(11, value_info("image", image)) + block(12, output)
    return number(1, 8) + block(7, graph) + block(8, number(2, opset))


def small_model(nodes, weights, input_info, classes=2):
    """Whatever `nodes` make of one input: 'logits'."""
    graph = b"".join(block(1, item) for item in nodes) + block(2, "small") + b"".join(block(5, item) for item in weights)
    graph += block(11, input_info) + block(12, value_info("logits", ["batch", classes]))
    return number(1, 8) + block(7, graph) + block(8, number(2, 13))


def table_model():
    """row[1, 3] -> two logits, linear."""
    return small_model([node("Gemm", ["row", "weight"], ["logits"], "classes")],
                       [tensor("weight", [3, 2], [1, 0, 0, 1, 0.5, -0.5])], value_info("row", ["batch", 3]))


def signal_model():
    """signal[1, 1, 16] -> convolution, rectifier, mean over time -> two logits."""
    return small_model([node("Conv", ["signal", "kernel"], ["found"], "find", kernel_shape=[3]),
                        node("Relu", ["found"], ["only_more"], "only_more"),
                        node("GlobalAveragePool", ["only_more"], ["mean"], "share_of_time"),
                        node("Flatten", ["mean"], ["logits"], "flat", axis=1)],
                       [tensor("kernel", [2, 1, 3], [1, 0, -1, 0, 1, 0])], value_info("signal", ["batch", 1, 16]))


def before_pool(operator, *inputs, name, weights=(), **attributes):
    """The tiny model with one more operator between 'plain', what the convolution and its Relu answer, and the pooling."""
    return model({"only_more": node("Relu", ["contrast"], ["plain"], "only_more")},
                 more=[node(operator, ["plain", *inputs], ["colourful"], name, **attributes)], more_weights=weights)


def nested(depth):
    """Graphs in attributes in nodes in graphs; lengths are built from the inside out without copying each time."""
    parts, length = [], 0
    for _ in range(depth):
        heads = []
        for field in (6, 5, 1):  # attribute.g in node.attribute in graph.node
            head = varint(field << 3 | 2) + varint(length)
            heads.append(head)
            length += len(head)
        parts += heads
    body = b"".join(reversed(parts))
    return number(1, 8) + block(7, body) + block(8, number(2, 13))


# ---- pictures and arrays ----

def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, row=None, bits=8, colour=2):
    """A PNG whose rows are all `row` (zeros when not given); compressed as a stream, so that it may be huge."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    row = bytes(width * samples * bits // 8) if row is None else row
    packer, pieces = zlib.compressobj(6), []
    many, left = (b"\0" + row) * min(height, 64), height
    while left > 0:
        rows = min(left, 64)
        pieces.append(packer.compress(many[:rows * (len(row) + 1)]))
        left -= rows
    pieces.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"".join(pieces)) + chunk(b"IEND", b"")


def png_header_only(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg(width, height, components=1):
    """A baseline JPEG of mid-grey (sides multiples of 8): every block is 'no difference' and 'end', two zero bits."""
    def segment(marker, content):
        return bytes((0xff, marker)) + struct.pack(">H", len(content) + 2) + content
    table = bytes((1,)) + bytes(15) + b"\0"  # one code of one bit, for the value 0
    frame = struct.pack(">BHHB", 8, height, width, components) + b"".join(bytes((i + 1, 0x11, 0)) for i in range(components))
    scan = bytes((components,)) + b"".join(bytes((i + 1, 0)) for i in range(components)) + bytes((0, 63, 0))
    return (b"\xff\xd8" + segment(0xdb, b"\0" + b"\1" * 64) + segment(0xc0, frame) + segment(0xc4, b"\0" + table)
            + segment(0xc4, b"\x10" + table) + segment(0xda, scan) + bytes(width * height * components // 256) + b"\xff\xd9")


def gif(frames=3):
    """A 16 × 16 animation of two colours, coded with 2-bit codes that are all followed by a clear."""
    head = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0x80, 0, 0) + bytes((90, 90, 90, 230, 20, 20))
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    out = head + loop
    for frame in range(frames):
        codes = [code for i in range(256) for code in ((4,) if i % 2 == 0 else ()) + ((i // 16 + frame) % 2,)] + [5]
        value = sum(code << 3 * at for at, code in enumerate(codes))
        packed_codes = value.to_bytes((3 * len(codes) + 7) // 8, "little")
        blocks = b"".join(bytes((len(packed_codes[i:i + 255]),)) + packed_codes[i:i + 255]
                          for i in range(0, len(packed_codes), 255))
        out += b"\x21\xf9\x04\0\x0a\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, 16, 16, 0) + b"\x02" + blocks + b"\0"
    return out + b";"


def npy(dims, content, kind="<f4", header=None):
    text = header if header is not None else f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({', '.join(map(str, dims))},), }}"
    text = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + content


def npy_of(dims, values, letter="f"):
    kinds = {"f": "<f4", "i": "<i4", "d": "<f8", "B": "|u1"}
    return npy(dims, struct.pack(f"<{len(values)}{letter}", *values), kinds[letter])


# ---- things at a path that are no plain file ----

def folder(path):
    os.mkdir(path)


def link(target):
    return lambda path: os.symlink(target, path)


def pipe(path):
    os.mkfifo(path)


def locked(content):
    def put(path):
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0)
    return put


def sparse(size, start=b""):
    def put(path):
        with open(path, "wb") as file:
            file.write(start)
            file.truncate(size)
    return put
