# SPDX-License-Identifier: Apache-2.0
"""The table of hostile inputs that hostile.py runs. To add one: a line with its title, the command, the exit code, a
pattern of the message (None: nothing is wrong) and the files it needs beside photo.png, tiny.onnx and tiny.json."""
import collections
import json
import shlex
import struct

import hostile_files as make
from hostile_files import (FLOAT, INT32, INT64, STRING, before_pool, block, data, external_tensor, model, node, npy, npy_of,
                           number, packed, png, tensor, value_info)

Case = collections.namedtuple("Case", "title command exit message files options")
CASES = []


def case(title, command, code, message, files=None, **options):
    """Options: closes (standard output is 'closed', 'full', 'nobody' reads it; 'errors': standard error is closed), interrupts (signals sent after the first line of
    progress), prints (a pattern of standard output), place ('tmpfs', 'read-only': what is mounted at place/), file_limit (bytes), nobody (never run as root),
    makes (what appears; 'out' for results, which must then be whole), changes (names of files that may become others)."""
    CASES.append(Case(title, command, code, message, files or {}, options))


EXPLAIN = "explain photo.png --regions grid:4x4 --out out"


def bad_model(title, content, message, code=3, sidecar=data("tiny.json"), more=(), command=EXPLAIN, **options):
    files = {"bad.onnx": content, **dict(more)}
    if sidecar is not None:
        files["bad.json"] = sidecar
    given = "" if "bad.onnx" in command else " --model bad.onnx"
    case(title, command + given, code, message, files, **options)


def bad_image(title, name, content, message, code=4, **options):
    case(title, f"explain {shlex.quote(name)} --regions grid:4x4 --out out", code, message, {name: content}, **options)


def bad_regions(title, kind, name, content, message, code=4, more=(), called=None, **options):
    files = dict(more) if content is None else {name: content, **dict(more)}
    case(title, f"explain photo.png --regions {kind}:{called or name} --out out", code, message, files, **options)


def bad_sidecar(title, text, message, code=4, more=(), **options):
    text = json.dumps(text) if isinstance(text, dict) else text
    case(title, f"{EXPLAIN} --preprocess bad.json", code, message, {"bad.json": text, **dict(more)}, **options)


def bad_option(title, arguments, message, code=2, files=None, **options):
    case(title, f"explain photo.png --out out {arguments}", code, message, files, **options)


TINY = data("tiny.onnx")
NAN, INFINITY = float("nan"), float("inf")
SIDECAR = json.loads(data("tiny.json"))


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


# ---- models: the file as bytes ----
bad_model("model file is empty", b"", r"bad\.onnx: .*empty")
for size in (1, 60, 200, len(TINY) - 1):
    bad_model(f"ONNX cut to {size} of {len(TINY)} bytes", TINY[:size], r"bad\.onnx: ")
bad_model("random bytes as model", bytes(i * i * 7 % 251 for i in range(4096)), r"bad\.onnx: ")
bad_model("a picture as model", data("squares.png"), r"bad\.onnx: ")
bad_model("a folder as model", make.folder, r"bad\.onnx: .*regular file")
bad_model("a pipe that nobody writes as model, SIGINT", make.pipe, r"interrupted", code=130, interrupts=1, sleeps=True)
case("model missing", f"{EXPLAIN} --model nowhere.onnx", 3, r"nowhere\.onnx: No such file")
bad_model("model may not be read", make.locked(TINY), r"bad\.onnx: Permission denied", nobody=True)
bad_model("a link to itself as model", make.link("bad.onnx"), r"bad\.onnx: .*symbolic links")
bad_model("sparse file of 40 GB as model", make.sparse(40 << 30, TINY), r"bad\.onnx: ")
bad_model("model nested 10 000 deep", make.nested(10000), r"bad\.onnx: .*nest|deep")
bad_model("ONNX without a graph", number(1, 8), r"bad\.onnx: .*no graph")

# ---- models: the graph ----
bad_model("cyclic graph", model({"colour_contrast": node("Conv", ["loop", "detect"], ["contrast"], "colour_contrast")},
                                more=[node("Add", ["image", "colourful"], ["loop"], "back")]), r"bad\.onnx: .*cycle.*only_more")
bad_model("tensor made twice", model(more=[node("Relu", ["image"], ["mean"], "again")]), r"bad\.onnx: .*'mean'.*")
bad_model("weight given twice", model(more_weights=[make.WEIGHTS["bias"]]), r"bad\.onnx: .*'bias'")
bad_model("input of a node missing", model({"only_more": node("Relu", ["nobody"], ["colourful"], "only_more")}),
          r"bad\.onnx: .*only_more.*nobody")
bad_model("output that nobody makes", model(output=value_info("answer", ["batch", 4])), r"bad\.onnx: .*'answer'",
          sidecar=None)
bad_model("two unsupported operators", model(more=[node("Unheard", ["mean"], ["a"], "odd", "example.org"),
                                                   node("Unseen", ["mean"], ["b"], "odder", "example.org")]),
          r"bad\.onnx: .*Unheard.*odd.*Unseen.*odder")
bad_model("opset 99", model(opset=99), r"bad\.onnx: .*99")
bad_model("unknown attribute", model({"only_more": node("Relu", ["contrast"], ["colourful"], "only_more", slope=3)}),
          r"bad\.onnx: .*only_more.*slope")
bad_model("Conv kernel larger than the picture",
          before_pool("Conv", "wide", name="too_wide", weights=[tensor("wide", [3, 3, 40, 40], [0] * 14400)]),
          r"bad\.onnx: .*too_wide.*40")
bad_model("Conv of other channels", model(weights={"detect": tensor("detect", [3, 5, 1, 1], [0] * 15)}),
          r"bad\.onnx: .*colour_contrast")
bad_model("Reshape to an impossible shape",
          before_pool("Reshape", "shape", name="folded", weights=[tensor("shape", [2], [7, -1], INT64)]), r"bad\.onnx: .*folded")
bad_model("Reshape with a product that overflows",
          before_pool("Reshape", "shape", name="folded", weights=[tensor("shape", [3], [1 << 40, 1 << 40, 3], INT64)]),
          r"bad\.onnx: .*folded")
bad_model("Gather index outside", before_pool("Gather", "which", name="pick", axis=1,
                                              weights=[tensor("which", [3], [0, 1, 9], INT64)]), r"bad\.onnx: .*pick.*9", code=1)
bad_model("Tile to 2⁴⁰ pixels", before_pool("Tile", "times", name="many",
                                            weights=[tensor("times", [4], [1, 1, 1 << 15, 1 << 15], INT64)]),
          r"bad\.onnx: work space of \d+ MB: out of memory", code=1)
bad_model("Tile to 2⁷² pixels", before_pool("Tile", "times", name="many",
                                            weights=[tensor("times", [4], [1, 1, 1 << 31, 1 << 31], INT64)]),
          r"bad\.onnx: .*many", code=1)
bad_model("Expand to 2³¹ pictures", before_pool("Expand", "shape", name="many",
                                               weights=[tensor("shape", [5], [1 << 31, 1, 3, 32, 32], INT64)]),
          r"bad\.onnx: ")
bad_model("names of a line break and a colour", model({"only_more": node("Relu", ["no\nbody"], ["colourful"], "\x1b[31monly\nmore")}),
          r"bad\.onnx: .*more.*no body")
bad_model("name that is not UTF-8", model({"only_more": node("Relu", ["contrast"], ["colourful"], b"\xff\xfe")}), None, code=0,
          makes="out")
bad_model("inspect: name that is not UTF-8", model({"only_more": node("Relu", ["contrast"], ["colourful"], b"\xff\xfe")}), None, code=0,
          command="inspect bad.onnx --layers --json", prints=rb'"node": "\xef\xbf\xbd\xef\xbf\xbd"')
bad_model("profile: name that is not UTF-8", model({"colour_contrast": node("Conv", ["image", "detect"], ["contrast"], b"\xff\xfe")}),
          None, code=0, command="profile bad.onnx --runs 1 --warm-up 0 --json", prints=rb'"operator": "Conv"')
bad_model("inspect: sizes that overflow", model(image=("batch", 1 << 30, 1 << 30, 1 << 30)), None, code=0,
          command="inspect bad.onnx --layers")
bad_model("output declared with another size", model(output=value_info("logits", ["batch", 7])), None, code=0, makes="out")
bad_model("picture of rank 3", model(image=(3, 32, 32)), r"bad\.onnx: .*'image'.*rank 3")
bad_model("batch fixed at 4", model(image=(4, 3, 32, 32), output=value_info("logits", [4, 4])), None, code=0, makes="out")
bad_model("no batch axis in the output",
          model({"classes": node("Gemm", ["features", "weight", "bias"], ["row"], "classes", transB=1)},
                output=value_info("logits", [4]), more=[node("Squeeze", ["row", "axis"], ["logits"], "bare")],
                more_weights=[tensor("axis", [1], [0], INT64)]), r"bad\.onnx: .*'logits'", code=3)
bad_model("output of texts", model(output=value_info("logits", ["batch", 4], STRING)), None, code=0, makes="out")
bad_model("output of whole numbers",
          model({"classes": node("Gemm", ["features", "weight", "bias"], ["row"], "classes", transB=1)},
                more=[node("Cast", ["row"], ["logits"], "whole", to=INT64)], output=value_info("logits", ["batch", 4], INT64)),
          r"bad\.onnx: .*'logits'.*i64")
bad_model("output made of texts",
          model({"classes": node("Gemm", ["features", "weight", "bias"], ["row"], "classes", transB=1)},
                more=[node("Cast", ["row"], ["logits"], "worded", to=STRING)], output=value_info("logits", ["batch", 4], STRING)),
          r"bad\.onnx: .*not supported.*Cast.*'worded'")
bad_model("answer the same for all pictures", model({"classes": node("Identity", ["bias"], ["logits"], "classes")}),
          r"bad\.onnx: .*'logits'")

# ---- models: tensors ----
bad_model("weight with a side of 2³¹", model(weights={"bias": tensor("bias", [1 << 31], [0, 0, 0, 1])}), r"bad\.onnx: .*'bias'")
bad_model("weight whose product overflows", model(weights={"bias": tensor("bias", [1 << 33, 1 << 33], [0, 0, 0, 1])}),
          r"bad\.onnx: .*'bias'")
bad_model("weight with a negative side", model(weights={"bias": tensor("bias", [-4], [0, 0, 0, 1])}), r"bad\.onnx: .*'bias'")
bad_model("weight of 9 dimensions", model(weights={"bias": tensor("bias", [1] * 8 + [4], [0, 0, 0, 1])}), r"bad\.onnx: .*'bias'")
bad_model("raw_data of the wrong size", model(weights={"bias": tensor("bias", [4], raw=b"\0" * 15)}), r"bad\.onnx: .*'bias'")
bad_model("picture of 2³¹ rows declared", model(image=("batch", 3, 1 << 31, 32)), r"bad\.onnx: .*'image'")
bad_model("picture of 60 000 × 60 000 declared", model(image=("batch", 3, 60000, 60000)), r"out of memory", code=1, sidecar=None)
bad_model("weights that are NaN", model(weights={"bias": tensor("bias", [4], [0, NAN, 0, 1])}),
          r"bad\.onnx, output 'logits': .*NaN as output 1 of item 0", code=1)
bad_model("weights that are infinite", model(weights={"weight": tensor("weight", [4, 3], [INFINITY] * 12)}),
          r"bad\.onnx, output 'logits': .*(NaN|infinity)", code=1)
for title, location in (("above the folder", "../secret.bin"), ("by an absolute path", "/etc/passwd"),
                        ("by a hidden step up", "a/../../secret.bin")):
    bad_model(f"external data {title}", model(weights={"bias": external_tensor("bias", [4], location)}),
              r"bad\.onnx: .*'bias'.*outside|folder")
bad_model("external data behind a link that leads out", model(weights={"bias": external_tensor("bias", [4], "bias.bin")}),
          r"'bias'", more={"bias.bin": make.link("/etc/passwd")})
bad_model("external data missing", model(weights={"bias": external_tensor("bias", [4], "bias.bin")}), r"'bias'.*bias\.bin")
bad_model("external data too short", model(weights={"bias": external_tensor("bias", [4], "bias.bin")}), r"'bias'.*bias\.bin",
          more={"bias.bin": b"\0" * 12})
bad_model("external data from 2⁶³ on", model(weights={"bias": external_tensor("bias", [4], "bias.bin", offset=1 << 63, length=16)}),
          r"'bias'", more={"bias.bin": b"\0" * 64})
bad_model("external data is a pipe", model(weights={"bias": external_tensor("bias", [4], "bias.bin")}), r"'bias'",
          more={"bias.bin": make.pipe})

# ---- pictures ----
case("picture missing", "explain nowhere.png --out out", 4, r"nowhere\.png: No such file")
bad_image("picture of no bytes", "bad.png", b"", r"bad\.png: ")
bad_image("PNG cut in half", "bad.png", data("squares.png")[:len(data("squares.png")) // 2], r"bad\.png: ")
bad_image("JPEG cut in half", "bad.jpg", make.jpeg(256, 256)[:330], r"bad\.jpg: ")
bad_image("PNG with a wrong checksum", "bad.png", data("squares.png")[:60] + b"\xff" + data("squares.png")[61:], r"bad\.png: ")
bad_image("PNG header without pixels", "bad.png", make.png_header_only(64, 64), r"bad\.png: ")
bad_image("PNG of 20 000 × 20 000", "bad.png", lambda path: path_bytes(path, png(20000, 20000, bytes(2500), 1, 0)),
          r"bad\.png: 20000×20000 pixels, more than the \d+ allowed")
bad_image("PNG that declares 2³¹ − 1 rows", "bad.png", make.png_header_only(1, (1 << 31) - 1), r"bad\.png: ")
bad_image("text named .png", "bad.png", "not a picture\n", r"bad\.png: not a picture")
bad_image("SVG (loader blocked)", "bad.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", r"bad\.svg: .*blocked")
bad_image("a folder as picture", "bad.png", make.folder, r"bad\.png: not a regular file")
bad_image("a pipe that nobody writes as picture, SIGINT", "bad.png", make.pipe, r"interrupted", code=130, interrupts=1, sleeps=True)
bad_image("picture may not be read", "bad.png", make.locked(data("squares.png")), r"bad\.png: Permission denied", nobody=True)
bad_image("picture whose name is not UTF-8", "bad\udcff.png", data("squares.png"), None, code=0, makes="out")
bad_image("picture whose name has a line break", "a\nb.png", "no picture", r"a b\.png: ")
case("nothing on standard input", "explain - --out out", 4, r"/dev/stdin: not a regular file")
bad_image("picture of 1 × 1", "one.png", png(1, 1), None, code=0, makes="out")
bad_image("picture of 1 × 5 000", "thin.png", png(1, 5000), None, code=0, makes="out")
bad_image("GIF of three frames", "moving.gif", make.gif(), None, code=0, makes="out")
bad_image("PNG of 16 bits", "deep.png", png(60, 40, bits=16), None, code=0, makes="out")
bad_image("JPEG of CMYK", "inks.jpg", make.jpeg(64, 64, 4), None, code=0, makes="out")
bad_image("grey PNG with alpha", "grey.png", png(60, 40, colour=4), None, code=0, makes="out")
bad_image("npy of two channels", "bad.npy", npy((32, 32, 2), bytes(2048), "|u1"), r"bad\.npy: .*32.*32.*2")
bad_image("npy of floats", "bad.npy", npy((32, 32, 3), bytes(12288)), r"bad\.npy: ")
bad_image("npy cut short", "bad.npy", npy((32, 32, 3), bytes(3000), "|u1"), r"bad\.npy: ")
bad_image("npy of Python objects", "bad.npy", npy((32, 32, 3), bytes(3072), "|O"), r"bad\.npy: .*object|\|O")
bad_image("npy with a negative side", "bad.npy", npy((-32, 32, 3), bytes(3072), "|u1"), r"bad\.npy: ")
bad_image("npy whose product overflows", "bad.npy", npy((1 << 40, 1 << 40, 3), bytes(3072), "|u1"), r"bad\.npy: ")
bad_image("npy that declares a header of 2³² bytes", "bad.npy", b"\x93NUMPY\x02\0\xff\xff\xff\xff{", r"bad\.npy: ")
bad_image("npy header with code in it", "bad.npy", npy((), b"", header="__import__('os').system('id')"), r"bad\.npy: ")

# ---- regions from files ----
bad_regions("label map with holes (−1)", "labels", "map.npy", npy_of((32, 32), [-1] * 9 + [1] * 1015, "i"), r"map\.npy'?: .*holes.*x 0, y 0")
bad_regions("label map of another size", "labels", "map.npy", npy_of((9, 9), [0] * 81, "i"), r"map\.npy.*9.*32")
bad_regions("label map of broken numbers", "labels", "map.npy", npy_of((32, 32), [0.5] * 1024), r"map\.npy: ")
bad_regions("label map of NaN", "labels", "map.npy", npy_of((32, 32), [NAN] * 1024), r"map\.npy: ")
bad_regions("label map of one region", "labels", "map.npy", npy_of((32, 32), [7] * 1024, "i"), None, code=0, makes="out")
bad_regions("label map of no pixels", "labels", "map.npy", npy_of((0, 32), [], "i"), r"map\.npy: ")
bad_regions("label map with ids of 2³¹ − 1", "labels", "map.npy", npy_of((32, 32), [0, (1 << 31) - 1] * 512, "i"), None, code=0,
            makes="out")
bad_regions("label map missing", "labels", "nowhere.png", make.link("gone"), r"nowhere\.png")
SQUARE = {"size": [32, 32], "counts": [100, 50, 874]}
bad_regions("masks: broken JSON", "masks", "masks.json", "[{", r"masks\.json: .*line 1")
bad_regions("masks: empty list", "masks", "masks.json", "[]", r"masks\.json: ")
bad_regions("masks: wrong sum of runs", "masks", "masks.json", json.dumps([{"size": [32, 32], "counts": [100, 50]}]),
            r"masks\.json: .*mask 0")
bad_regions("masks: negative run", "masks", "masks.json", json.dumps([{"size": [32, 32], "counts": [1100, -76]}]),
            r"masks\.json: .*mask 0")
bad_regions("masks: code of runs cut short", "masks", "masks.json", json.dumps([{"size": [32, 32], "counts": "o"}]),
            r"masks\.json: .*mask 0")
bad_regions("masks: polygon outside the picture", "masks", "masks.json",
            json.dumps([SQUARE, [[900, 900, 950, 900, 950, 950]]]), None, code=0, makes="out")
bad_regions("masks: polygon with a coordinate of 1e308", "masks", "masks.json",
            json.dumps([SQUARE, [[0, 0, 1e308, 0, 1e308, -1e308]]]), r"mask 1: polygon: coordinate 2")
bad_regions("masks: JSON nested 100 000 deep", "masks", "masks.json", "[" * 100000, r"masks\.json: ")
bad_regions("masks: size of 2³¹ × 2³¹", "masks", "masks.json", json.dumps([{"size": [1 << 31, 1 << 31], "counts": [1]}]),
            r"masks\.json: .*size")
bad_regions("prior with NaN", "prior", "prior.npy", npy_of((32, 32), [NAN] * 1024), r"prior\.npy: ")
bad_regions("masks: an empty folder", "masks", "parts", make.folder, r"parts: ")
bad_regions("masks: pictures of two sizes", "masks", "parts/a.png", png(32, 32), r"parts/b\.png: ", more={"parts/b.png": png(9, 9)}, called="parts")
bad_regions("prior in patches of 0", "prior", "prior.npy,0,4", None, r"prior", code=2, more={"prior.npy": npy_of((32, 32), [0] * 1024)})
bad_regions("prior in patches of 999", "prior", "prior.npy,999,4", None, r"prior", code=2, more={"prior.npy": npy_of((32, 32), [0] * 1024)})
bad_regions("prior of texts", "prior", "prior.npy", "saliency", r"prior\.npy: ")

# ---- sidecars ----
bad_sidecar("sidecar: broken JSON", "{", r"bad\.json: .*line 1")
bad_sidecar("sidecar: no object", "[1, 2]", r"bad\.json: ")
bad_sidecar("sidecar: unknown key", {**SIDECAR, "sise": [3, 3]}, r"bad\.json: .*sise.*did you mean.*size")
bad_sidecar("sidecar: key twice", '{"mean": 0, "mean": 1}', r"bad\.json: .*duplicate.*mean|mean.*twice")
bad_sidecar("sidecar: deviation 0", {**SIDECAR, "std": [1, 0, 1]}, r"bad\.json: .*std.*positive")
bad_sidecar("sidecar: size 0", {**SIDECAR, "size": [0, 32]}, r"bad\.json: .*size")
bad_sidecar("sidecar: size of another model", {**SIDECAR, "size": [64, 64]}, r"32")
bad_sidecar("sidecar: wrong type", {**SIDECAR, "mean": "grey"}, r"bad\.json: .*mean")
bad_sidecar("sidecar: NaN", '{"mean": NaN}', r"bad\.json: .*line 1")
bad_sidecar("sidecar: 1e999", '{"scale": 1e999}', r"bad\.json: .*line 1")
bad_sidecar("sidecar: scale 1e-320", {**SIDECAR, "std": 1e-320}, None, code=0, makes="out")
bad_sidecar("sidecar: labels missing", {**SIDECAR, "labels": "nowhere.txt"}, r"bad\.json: .*nowhere\.txt")
bad_sidecar("sidecar: labels above the folder", {**SIDECAR, "labels": "../../etc/passwd"}, r"bad\.json: .*labels")
bad_sidecar("sidecar: labels of bad UTF-8", {**SIDECAR, "labels": "bad.txt"}, r"bad\.json: .*bad\.txt: labels, line 1.*UTF-8",
            more={"bad.txt": b"re\xffd\ngr\x80een\nblue\nnothing\n"})
bad_sidecar("sidecar: labels of control characters", {**SIDECAR, "labels": "bad.txt"}, None, code=0, makes="out",
            more={"bad.txt": b"\x1b[31mred</script>\n<b>green\n\"blue\"\n\0\n"})
bad_sidecar("sidecar: output that is not there", {**SIDECAR, "output_name": "logit"}, r"logit")
bad_sidecar("sidecar: nested 100 000 deep", '{"a":' * 100000, r"bad\.json: ")
bad_sidecar("sidecar: is a folder", make.folder, r"bad\.json: ")

# ---- options ----
bad_option("target one past the last", "--target 4", r"target 4: .*4 classes, 0 to 3")
bad_option("target −2", "--target=-2", r"target.*-2")
bad_option("target of unknown name", "--target rad", r"'rad'.*did you mean 'red'")
bad_option("target of 2⁶⁴", "--target 18446744073709551616", r"18446744073709551616")
bad_option("three weights", "--weights 1,1,1", r"weights: 3 numbers given")
bad_option("negative weight", "--weights=1,-1,1,1", r"--weights.*")
bad_option("weight NaN", "--weights 1,nan,1,1", r"--weights.*")
bad_option("grid:0x5", "--regions grid:0x5", r"grid:0x5")
bad_option("grid:999x999 on 32 × 32", "--regions grid:999x999", r"grid:999x999.*32")
bad_option("unknown division", "--regions slick", r"slick.*slico")
bad_option("slico with a step of 0", "--regions slico:0", r"slico")
bad_option("unknown fill", "--fill blak", r"blak.*black")
bad_option("fill file missing", "--fill nowhere.png", r"nowhere\.png")
bad_option("fill file is no picture", "--fill tiny.json", r"tiny\.json: ", code=4)
bad_option("--pending 1", "--pending 1 --regions grid:4x4", r"--pending")
bad_option("--pending 999999999999", "--pending 999999999999 --regions grid:4x4", r"--pending")
bad_option("--threads 4096", "--threads 4096 --regions grid:4x4", None, code=0, makes="out")
bad_option("--time-limit nan", "--time-limit nan", r"--time-limit")
bad_option("--max-memory 500K", "--max-memory 500K --regions grid:4x4", r"memory", code=1)
bad_option("--max-memory 1M", "--max-memory 1M --regions grid:4x4", None, code=6, makes="out", partial=True)
bad_option("--max-memory minus", "--max-memory=-1", r"--max-memory")
bad_option("unknown embedding", "--embedding nowhere", r"nowhere")
bad_option("unknown embedding of the bundled model", "--model bundled --embedding nowhere", r"bundled.*nowhere")
bad_option("unknown output of the bundled model", "--model bundled --output nowhere", r"bundled.*nowhere")
bad_option("bundled model with another sidecar", "--model bundled --preprocess tiny.json", r"--preprocess: the bundled model")
bad_option("--max-calls 5", "--max-calls 5 --regions grid:4x4", None, code=6, makes="out", partial=True)
bad_option("--max-calls 1", "--max-calls 1 --regions grid:4x4", r"budget of 1", code=1)
bad_option("--time-limit 1e-9", "--time-limit 1e-9 --regions grid:4x4", None, code=6, makes="out", partial=True)
bad_option("--time-limit 0.001", "--time-limit 0.001 --regions grid:32x32", None, code=6, makes="out", partial=True)

# ---- results ----
KEPT = {"out/kept.txt": "mine\n"}
case("OUT exists", EXPLAIN, 1, r"out exists; .*--force", KEPT)
case("OUT exists, --force", f"{EXPLAIN} --force", 0, None, KEPT, makes="out")
case("OUT is a file", EXPLAIN, 1, r"out exists", {"out": "mine\n"})
case("OUT is a file, --force", f"{EXPLAIN} --force", 1, r"out is not a folder", {"out": "mine\n"})
case("OUT is a link to nothing, --force", f"{EXPLAIN} --force", 1, r"out: cannot write into it", {"out": make.link("gone")})
case("OUT is empty", "explain photo.png --out ''", 2, r"--out: .*empty")
case("OUT below a file", "explain photo.png --out tiny.json/out", 1, r"tiny\.json/out: cannot be made: tiny\.json is not a folder")
case("OUT of 5 000 letters", f"explain photo.png --out {'o' * 5000}", 1, r"File name too long")
case("OUT may not be written", "explain photo.png --out place/out", 1, r"place/out: .*Permission denied",
     {"place": lambda path: (make.folder(path), make.os.chmod(path, 0o555))}, nobody=True)
case("OUT in a file system that is read-only", "explain photo.png --out place/out", 1, r"place/out: .*Read-only file system",
     place="read-only")
case("disk full", "explain photo.png --regions grid:4x4 --out place/out", 1, r"place/out.*No space left", place="tmpfs")
case("disk full over old results, --force", "explain photo.png --regions grid:4x4 --force --out place/out", 1,
     r"place/out.*No space left", {"place/out/explanation.json": "old\n"}, place="tmpfs")
case("files limited to 4 kB", EXPLAIN, 1, r"out.*File too large", file_limit=4096)
case("standard output closed", "explain photo.png --regions grid:4x4 --json", 1, r"standard output: ", closes="closed")
case("standard output is /dev/full", "explain photo.png --regions grid:4x4 --json", 1, r"standard output: No space left",
     closes="full")
case("standard error closed", f"{EXPLAIN} --max-calls 5 --verbose", 6, None, closes="errors", makes="out", partial=True)
case("nobody reads standard output", "explain photo.png --regions grid:4x4 --json", 1, r"standard output: Broken pipe",
     closes="nobody")
case("standard output is /dev/full, methods", "methods --json", 1, r"standard output: No space left", closes="full")
LONG = "explain photo.png --regions grid:32x32 --out out --progress json"
case("SIGINT in the middle of the search", LONG, 130, None, interrupts=1, makes="out", partial=True)
case("SIGTERM in the middle of the search", LONG, 130, None, interrupts=1, terminates=True, makes="out", partial=True)
case("SIGINT in the middle, --json", f"{LONG} --json", 130, None, interrupts=1, makes="out", partial=True)
case("SIGINT twice", LONG, (130, -2), None, interrupts=2, makes="out", partial=True)

# ---- evaluate ----
EVALUATE = "evaluate photo.png --map map.npy"
case("map of another size", EVALUATE, 4, r"map\.npy: .*32×32", {"map.npy": npy_of((64, 9), [0] * 576)})
case("map of rank 1", EVALUATE, 4, r"map\.npy: ", {"map.npy": npy_of((1024,), [0] * 1024)})
case("map of NaN", EVALUATE, 4, r"map\.npy: .*finite", {"map.npy": npy_of((32, 32), [NAN] * 1024)})
case("map beyond floats", EVALUATE, 4, r"map\.npy: .*finite", {"map.npy": npy_of((32, 32), [1e300] * 1024, "d")})
case("map that is constant", EVALUATE, 0, None, {"map.npy": npy_of((32, 32), [0] * 1024)})
case("map missing", EVALUATE, 4, r"map\.npy: No such file")
case("explanation missing", "evaluate photo.png --explanation nowhere", 4, r"nowhere")
FOUND = {"schema_version": 1, "data": {"order": [0, 1], "target": {"index": 0, "score_kind": "probability"}}, "meta": {"method": "lima"}}
HALVES = npy_of((32, 32), [0] * 512 + [1] * 512, "i")
JUDGE = "evaluate photo.png --explanation found"


def found(title, message, told=FOUND, labels=HALVES, code=4):
    told = told if isinstance(told, str) else json.dumps(told)
    case(title, JUDGE, code, message, {"found/explanation.json": told, "found/labels.npy": labels})


found("explanation of another size", r"found: regions of 16×16.*32×32", labels=npy_of((16, 16), [0] * 128 + [1] * 128, "i"))
found("explanation: broken JSON", r"found/explanation\.json: line 1", told="{\"data\": ")
found("explanation: order of other regions", r"found/explanation\.json: .*order", told={**FOUND, "data": {**FOUND["data"], "order": [0, 7]}})
found("explanation: schema of the future", r"found/explanation\.json: .*schema_version", told={**FOUND, "schema_version": 9})
found("explanation of a class that the model has not", None, told={**FOUND, "data": {**FOUND["data"], "target": {"index": 99}}}, code=0)

# ---- the other verbs ----
case("inspect: random bytes", "inspect photo.png", 3, r"photo\.png: ")
case("profile: cyclic graph", "profile bad.onnx", 3, r"bad\.onnx: .*cycl", {"bad.onnx": model(
    {"only_more": node("Relu", ["colourful"], ["colourful"], "only_more")})})
case("profile: batch of 10¹²", "profile tiny.onnx --batch 1000000000000", 2, r"--batch")
case("completion for an unknown shell", "completion tcsh", 2, r"tcsh")


def path_bytes(path, content):
    with open(path, "wb") as file:
        file.write(content)

# ---- methods that look inside ----

INSIDE = EXPLAIN + " --method "
case("inside: no steps", INSIDE + "integrated-gradients --n-steps 0", 2, r"n.steps")
case("inside: noise of another shape", INSIDE + "smoothgrad --n-samples 2 --noise a.npy", 4, r"a\.npy is f32\[3\]; it takes 6144 numbers",
     {"a.npy": npy_of((3,), [0] * 3)})
case("inside: direction of another length", INSIDE + "saliency --score similarity --similar-to a.npy", 2,
     r"has 3 numbers, the model's output 4", {"a.npy": npy_of((3,), [1] * 3)})
case("inside: no direction", INSIDE + "saliency --score similarity", 2, r"needs a direction")
case("inside: direction missing", INSIDE + "saliency --score similarity --similar-to a.npy", 4, r"a\.npy: No such file")
case("inside: direction with NaN", INSIDE + "saliency --score similarity --similar-to a.npy", 4, r"a\.npy: \[1\] is nan; .*finite",
     {"a.npy": npy_of((4,), [1, NAN, 0, 0])})
case("inside: direction of zeros", INSIDE + "saliency --score similarity --similar-to a.npy", 4, r"a\.npy holds no number but 0",
     {"a.npy": npy_of((4,), [0] * 4)})
case("inside: direction of another score", INSIDE + "saliency --score logit --similar-to a.npy", 2, r"belongs to the class score 'similarity'",
     {"a.npy": npy_of((4,), [1] * 4)})
case("inside: map with infinity", INSIDE + "xrai --attribution a.npy", 4, r"attribution: a\.npy: \[0,1\] is inf; .*finite",
     {"a.npy": npy_of((32, 32), [0, INFINITY] + [0] * 1022)})
case("inside: baseline missing", INSIDE + "deeplift --baseline a.png", 2, r"'a\.png' is neither zero, black")
case("parts: no samples", INSIDE + "lime --n-samples 0", 2, r"n-samples.*2")
case("parts: too many for every subset", INSIDE + "shapley --regions grid:5x5", 2, r"at most 16 parts, not 25")
case("parts: budget too small for every subset", INSIDE + "shapley --regions grid:3x3 --max-calls 20", 2, r"needs 512 model calls")
case("parts: windows apart", INSIDE + "occlusion --window 2 --stride 3", 2, r"never hidden")
case("parts: budget too small for the windows", INSIDE + "occlusion --window 4 --stride 4 --max-calls 5", 2, r"larger stride")
case("parts: weights all zero", INSIDE + "lime --kernel-width 1e-9 --no-include-whole --n-samples 2", 2, r"widen")
case("parts: preset unknown", INSIDE + "lime --preset nobody", 2, r"it has: captum")
case("inside: layer unknown", INSIDE + "grad-cam --layer colorful", 2, r"no tensor 'colorful'.*'colourful'")
case("inside: layer without extent", INSIDE + "grad-cam --layer features", 2, r"has no spatial extent")
case("inside: no attention", INSIDE + "attention-rollout", 2, r"has no attention blocks")
case("inside: attention to stop", INSIDE + "saliency --attention-gradient stopped", 2, r"has no attention blocks")
case("inside: contrast with itself", INSIDE + "saliency --score margin --target 0 --contrast 0", 2, r"cannot be contrasted with itself")
case("inside: contrast of another score", INSIDE + "saliency --score logit --contrast 1", 2, r"belongs to the class score 'margin'")
case("inside: budget too small", INSIDE + "integrated-gradients --max-calls 5", 2, r"needs 52 model calls, more than the budget of 5")
case("inside: no such map", INSIDE + "xrai --attribution nothing", 2, r"'nothing' is neither a method that makes maps")

# ---- trace and gradient ----

TRACE, GRADIENT = "trace tiny.onnx --input photo.png", "gradient tiny.onnx --input photo.png"
case("trace: random bytes", "trace photo.png --list", 3, r"photo\.png: ")
case("trace: unknown tensor", f"{TRACE} --read logit", 2, r"tiny\.onnx has no tensor 'logit'.*'logits'")
case("trace: no input", "trace tiny.onnx", 2, r"--input is missing for 'image' \(f32\[batch,3,32,32\]\)")
case("trace: input twice", f"{TRACE} --input image=photo.png", 2, r"'image' is given twice")
case("trace: input of another name", "trace tiny.onnx --input picture=photo.png", 2, r"names no input.*'image'")
case("trace: array of another shape", "trace tiny.onnx --input a.npy", 4,
     r"input 'image' is declared as f32\[batch,3,32,32\], but f32\[3,32,32\] was given", {"a.npy": npy_of((3, 32, 32), [0] * 3072)})
case("trace: array of whole numbers", "trace tiny.onnx --input a.npy", 4, r"but i32\[1,3,32,32\] was given",
     {"a.npy": npy_of((1, 3, 32, 32), [0] * 3072, "i")})
case("trace: array cut off", "trace tiny.onnx --input a.npy", 4, r"a\.npy: ", {"a.npy": npy_of((1, 3, 32, 32), [0] * 3072)[:-1]})
case("trace: array missing", "trace tiny.onnx --input a.npy", 4, r"a\.npy: No such file")
case("trace: batch of none", "trace tiny.onnx --input a.npy", 0, None, {"a.npy": npy_of((0, 3, 32, 32), [])})
case("trace: array of NaN", "trace tiny.onnx --input a.npy", 0, None, {"a.npy": npy_of((1, 3, 32, 32), [NAN] * 3072)})
case("trace: replacement of another shape", f"{TRACE} --replace features=a.npy", 2,
     r"tensor 'features' is f32\[1,3\]; what is to replace it is f32\[1,4\]", {"a.npy": npy_of((1, 4), [0] * 4)})
case("trace: replacement without a value", f"{TRACE} --replace features", 2, r"'=' and a value are missing")
case("trace: factor that is no number", f"{TRACE} --scale features=much", 2, r"'much' is not a number")
case("trace: tensor behind the stop", f"{TRACE} --stop-at mean --read logits", 2, r"'logits' is never made")
case("trace: existing archive", f"{TRACE} --out a.npz", 1, r"a\.npz exists", {"a.npz": "precious"})
case("trace: archive in a folder that is not there", f"{TRACE} --out nowhere/a.npz", 1, r"nowhere/a\.npz: ")
case("trace: archive that is a folder", f"{TRACE} --out place --force", 1, r"place: ", {"place/file": "x"})
case("trace: too little memory", f"{TRACE} --max-memory 10K", 1, r"memory")
case("gradient: no element", f"{GRADIENT} --of logits", 2, r"say which element: logits:INDEX")
case("gradient: element outside", f"{GRADIENT} --of logits:4", 2, r"no such element; the tensor is f32\[1,4\]")
case("gradient: element below zero", f"{GRADIENT} --of logits:0,-1", 2, r"no such element")
case("gradient: index beyond integers", f"{GRADIENT} --of logits:99999999999999999999", 2, r"is no index")
case("gradient: index of many parts", f"{GRADIENT} --of logits:{','.join('0' * 40)}", 2, r"is no index")
case("gradient: nothing to differentiate", GRADIENT, 2, r"--of is needed")
case("gradient: to an unknown tensor", f"{GRADIENT} --of logits:0 --wrt pixels", 2, r"has no tensor 'pixels'")

# ---- attribute: tokens, tables, signals ----

ROW = npy_of((1, 3), [1, 2, 3])


def attribute(title, model, arguments, code, message, **arrays):
    """On words (token ids), a table (a row) or a signal; an array "a" is a.npy."""
    content = {"words": data("words.onnx"), "table": make.table_model(), "signal": make.signal_model()}[model]
    files = {f"{model}.onnx": content, **{f"{name}.npy": array for name, array in arrays.items()}}
    case(f"attribute: {title}", f"attribute {model}.onnx {arguments}", code, message, files)


GIVEN = "--input a.npy"
attribute("NaN in a row", "table", GIVEN, 4, r"input 'row': a\.npy: \[0,1\] is nan; .*finite", a=npy_of((1, 3), [1, NAN, INFINITY]))
attribute("infinity in a signal", "signal", GIVEN, 4, r"input 'signal': a\.npy: \[0,0,5\] is -inf; .*finite",
          a=npy_of((1, 1, 16), [0] * 5 + [-INFINITY] + [0] * 10))
attribute("number beyond floats", "table", GIVEN, 4, r"a\.npy: 1e\+300 does not fit into f32", a=npy_of((1, 3), [1, 1e300, 0], "d"))
attribute("finite row whose score is none", "table", GIVEN, 1, r"table\.onnx: the probability from output 'logits' is nan",
          a=npy_of((1, 3), [3e38] * 3))
attribute("row without the axis of the batch", "table", GIVEN, 4, r"'row' is declared as f32\[batch,3\], but f32\[3\] was given",
          a=npy_of((3,), [1, 2, 3]))
attribute("two rows", "table", GIVEN, 4, r"'row' is f32\[2,3\]; .*batch of one", a=npy_of((2, 3), [1] * 6))
attribute("no row", "table", GIVEN, 4, r"'row' is f32\[0,3\]; .*batch of one", a=npy_of((0, 3), []))
attribute("no tokens", "words", GIVEN, 4, r"'words' is f32\[1,0,4\]; .*not empty", a=npy_of((1, 0), [], "i"))
attribute("signal that is too short", "signal", GIVEN, 4, r"but f32\[1,1,15\] was given", a=npy_of((1, 1, 15), [0] * 15))
attribute("whole numbers for a row", "table", GIVEN, 4, r"but i32\[1,3\] was given", a=npy_of((1, 3), [1, 2, 3], "i"))
attribute("floats for tokens", "words", GIVEN, 4, r"but f32\[1,4\] was given", a=npy_of((1, 4), [1, 4, 2, 5]))
attribute("token that the table has not", "words", GIVEN, 4, r"'lookup' \(Gather\): index 6 at position 3",
          a=npy_of((1, 4), [1, 4, 2, 6], "i"))
attribute("token far below zero", "words", GIVEN, 4, r"'lookup' \(Gather\): index -2147483648", a=npy_of((1, 1), [-1 << 31], "i"))
attribute("input of another name", "table", "--input rows=a.npy", 2, r"names no input.*'row'", a=ROW)
attribute("input twice", "table", f"{GIVEN} --input row=a.npy", 2, r"'row' is given twice", a=ROW)
attribute("no input", "table", "", 2, r"--input is missing for 'row' \(f32\[batch,3\]\)")
attribute("array missing", "table", GIVEN, 4, r"a\.npy: No such file")
attribute("array that is none", "table", GIVEN, 4, r"a\.npy: no \.npy file", a="[1, 2, 3]")
attribute("array cut off", "table", GIVEN, 4, r"a\.npy: damaged", a=ROW[:-2])
attribute("picture for a row", "table", "--input photo.png", 2, r"'row' \(f32\[batch,3\]\) takes no picture")
attribute("target one past the last", "table", f"{GIVEN} --target 2", 2, r"target '2': .*0 to 1", a=ROW)
attribute("output unknown", "table", f"{GIVEN} --output logit", 2, r"no tensor 'logit'", a=ROW)
attribute("token ids themselves", "words", f"{GIVEN} --wrt ids", 2, r"'ids' is i64\[1,4\]; what is explained is f32", a=data("words.npy"))
attribute("weights as what varies", "table", f"{GIVEN} --wrt weight", 2, r"'weight' is f32\[3,2\]", a=ROW)
attribute("logit of probabilities", "table", f"{GIVEN} --score logit --probabilities", 2, r"'logits' holds probabilities.*no logit", a=ROW)
attribute("contrast with itself", "table", f"{GIVEN} --score margin --contrast 0", 2, r"class 0 cannot be contrasted with itself", a=ROW)
attribute("contrast of another score", "table", f"{GIVEN} --score logit --contrast 1", 2, r"belongs to the class score 'margin'", a=ROW)
attribute("direction of another score", "table", f"{GIVEN} --score logit --similar-to b.npy", 2, r"belongs to the class score 'similarity'",
          a=ROW, b=npy_of((2,), [1, 0]))
SIMILAR = f"{GIVEN} --score similarity --similar-to b.npy"
attribute("direction with NaN", "table", SIMILAR, 4, r"b\.npy: \[1\] is nan; .*finite", a=ROW, b=npy_of((2,), [1, NAN]))
attribute("direction of zeros", "table", SIMILAR, 4, r"b\.npy holds no number but 0", a=ROW, b=npy_of((2,), [0, 0]))
attribute("direction of another length", "table", SIMILAR, 2, r"has 3 numbers, the output 'logits' 2", a=ROW, b=npy_of((3,), [1, 0, 0]))
attribute("direction missing", "table", SIMILAR, 4, r"b\.npy: No such file", a=ROW)
attribute("noise with NaN", "table", f"{GIVEN} --method smoothgrad --n-samples 1 --noise b.npy", 4,
          r"noise: b\.npy: \[0,2\] is nan; .*finite",
          a=ROW, b=npy_of((1, 3), [0, 0, NAN]))
attribute("method of pictures", "table", f"{GIVEN} --method xrai", 2, r"xrai needs a picture", a=ROW)
attribute("page and archive in one file", "table", f"{GIVEN} --page both --out both", 2, r"--page and --out both name both", a=ROW)
attribute("page without a name", "table", f"{GIVEN} --page ''", 2, r"--page: .*empty", a=ROW)
attribute("page that exists", "table", f"{GIVEN} --page tiny.json", 1, r"tiny\.json exists", a=ROW)
attribute("page in a folder that is not there", "table", f"{GIVEN} --page nowhere/a.html", 1, r"nowhere/a\.html: ", a=ROW)


def text(title, arguments, code, message, model="sentence", **files):
    """attribute --text on a model with the inputs of BERT; a file "t_json" is t.json."""
    content = {"sentence": data("sentence.onnx"), "table": make.table_model(), "words": data("words.onnx")}[model]
    files = {f"{model}.onnx": content, "vocab.txt": data("vocab.txt"),
             **{name.replace("_", "."): content for name, content in files.items()}}
    case(f"attribute text: {title}", f"attribute {model}.onnx {arguments}", code, message, files)


text("no tokenizer", "--text warm", 2, r"--text needs --tokenizer FILE.*sentence\.json")
text("tokenizer without a text", "--tokenizer vocab.txt", 2, r"--text is read, which is missing")
text("sidecar without a tokenizer", "--text warm", 4, r"sentence\.json: tokenizer: \"kind\"", sentence_json="{}")
text("sidecar that names itself", "--text warm", 4, r"\"tokenizer\" must be", sentence_json='{"tokenizer": "sentence.json"}')
text("sidecar that leaves its folder", "--text warm", 4, r"\"tokenizer\" must be", sentence_json='{"tokenizer": "../vocab.txt"}')
text("tokenizer that is not there", "--text warm --tokenizer v.txt", 4, r"v\.txt: No such file")
text("vocabulary of something else", "--text warm --tokenizer v.txt", 4, r"v\.txt: no WordPiece vocabulary", v_txt="a\nb\n")
text("vocabulary with a piece twice", "--text warm --tokenizer v.txt", 4, r"v\.txt: piece 1, 'a', is there already", v_txt="a\na\n")
text("model without tokens", "--text warm --tokenizer vocab.txt", 2, r"no input of the model is called input_ids", model="table")
text("mask given twice", "--text warm --tokenizer vocab.txt --input attention_mask=a.npy", 2, r"'attention_mask' is given twice",
     a_npy=npy_of((1, 6), [1] * 6, "i"))
text("word that nobody knows", "--text cold --tokenizer t.json", 4, r"--text: the word 'cold' is not among the 1",
     t_json='{"kind": "words", "vocabulary": ["warm"]}')
text("piece that the table has not", "--text warm --tokenizer t.json", 4, r"'lookup' \(Gather\): index 6", model="words",
     t_json='{"kind": "words", "vocabulary": ["a", "b", "c", "d", "e", "f", "warm"]}')
text("nothing to pad with", "--text warm --tokenizer t.json", 4, r"the tokenizer has no pad",
     t_json='{"kind": "words", "vocabulary": ["warm"]}')
text("empty text", "--text '' --tokenizer t.json", 4, r"not empty", model="words", t_json='{"kind": "words", "vocabulary": ["warm"]}')

# ---- world ----
case("world: disk full", "world scenes/object --count 200 --out place/out", 1, r"place/.*No space left", place="tmpfs")
case("world: read-only file system", "world scenes/object --count 1 --out place/out", 1, r"place/out: .*Read-only file system",
     place="read-only")
case("world: files limited to 1 kB", "world scenes/object --count 8", 1, r"File too large|write", file_limit=1024)
case("world: OUT below a file", "world tree --count 1 --out tiny.json/out", 1, r"tiny\.json/out: cannot be made")
case("world: standard output is /dev/full", "world --list", 1, r"standard output: No space left", closes="full")
case("world: name with control characters", "world 'scenes/\x1b[31mobject'", 2, r"no world preset")
case("world: setting of 10 000 letters", f"world scenes/object --set {'x' * 10000}=1", 2, r"no such|unknown|no parameter|x+")
case("world: number that overflows", "world scenes/object --seed 99999999999999999999", 2, r"--seed")
