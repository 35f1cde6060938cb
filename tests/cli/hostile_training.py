# SPDX-License-Identifier: Apache-2.0
"""Hostile inputs of train and validate: recipes, folders of trainings, models. Part of the table in hostile_cases.py."""
import os
import signal
import struct
import subprocess
import tempfile
import threading

import hostile_files as make
from hostile_cases import case
from hostile_files import INT64, data, model, node, value_info

RECIPE = data("quick.recipe").decode()
MAIN = "[model]\nkind=resnet\n[data]\nworld=scenes/object\n"


def recipe(title, text, message, code=4, **options):
    case(f"recipe: {title}", "train bad.recipe --threads 1 --out out", code, message, {"bad.recipe": text}, **options)


def changed(title, old, new, message, code=4, **options):
    if old not in RECIPE:
        raise ValueError(f"quick.recipe has no {old}")
    recipe(title, RECIPE.replace(old, new, 1), message, code, **options)


# ---- recipes: the file ----
recipe("empty file", "", r"bad\.recipe: \[model\] has no kind")
recipe("random bytes", bytes(i * i * 7 % 251 for i in range(4096)), r"bad\.recipe: not text in UTF-8")
recipe("a picture", data("squares.png"), r"bad\.recipe: not text in UTF-8")
recipe("a zero byte", RECIPE.replace("quick", "qu\0ick"), r"bad\.recipe: not text in UTF-8")
recipe("a colour for the terminal", RECIPE.replace("quick", "\x1b[31mquick"), r"\[recipe\] title: a control character")
recipe("2 MB of comments", "# nothing\n" * 200000, r"bad\.recipe: .*bytes")
recipe("sparse file of 40 GB", make.sparse(40 << 30, RECIPE.encode()), r"bad\.recipe: ")
recipe("a folder", make.folder, r"bad\.recipe is a folder; add --resume", code=2)
recipe("a link to itself", make.link("bad.recipe"), r"bad\.recipe: ")
recipe("may not be read", make.locked(RECIPE.encode()), r"bad\.recipe: Permission denied", nobody=True)
recipe("a pipe that nobody writes, SIGINT", make.pipe, r"interrupted", code=130, interrupts=1, sleeps=True)
case("recipe: missing", "train bad.recipe --out out", 4, r"bad\.recipe: no such file, and no recipe of that name")
case("recipe: nearly the name of a bundled one", "train scenes-objekt --out out", 4, r"did you mean 'scenes-object'")
recipe("text before the first block", "kind=resnet\n" + RECIPE, r"bad\.recipe: not a recipe: .*group")
recipe("block that does not end", RECIPE.replace("[model]", "[model"), r"bad\.recipe: not a recipe: ")
recipe("line without =", RECIPE.replace("blocks=1", "blocks 1"), r"bad\.recipe: not a recipe: .*blocks 1")

# ---- recipes: what they say ----
recipe("no world", "[model]\nkind=resnet\n[stage a]\nsteps=1\n", r"\[data\] has no world")
recipe("no stage", MAIN, r"no \[stage NAME\]")
recipe("17 stages", MAIN + "".join(f"[stage {i}]\nsteps=1\n" for i in range(17)), r"more than 16 stages")
recipe("65 settings of a world", MAIN + "".join(f"x{i}=1\n" for i in range(65)) + "[stage a]\nsteps=1\n", r"more than 64 settings")
recipe("key of 100 000 letters", RECIPE + "x" * 100000 + "=1\n", r"\[stage main\] x+: no such setting")
changed("unknown block", "[validation]", "[valdation]", r"\[valdation\] is no block of a recipe, .*; did you mean 'validation'")
changed("unknown key of a stage", "steps", "stpes", r"\[stage main\] stpes: no such setting of a stage; did you mean 'steps'")
changed("unknown key of the model", "widths", "widht", r"bad\.recipe: \[model\]: no parameter 'widht'; did you mean 'widths'")
changed("unknown key of the data", "count=32", "cuont=32", r"bad\.recipe: \[data\]: no parameter 'cuont'")
changed("unknown world", "scenes/object", "scenes/objekt", r"\[data\]: no world preset 'scenes/objekt'; did you mean 'scenes/object'")
changed("unknown learner", "resnet", "restnet", r"\[model\]: no learner 'restnet'; did you mean 'resnet'")
changed("world without pictures", "scenes/object", "corpora/ioi", r"\[model\]: learner 'resnet' needs field 'image'")
changed("validation without pictures", "[validation]", "[validation]\nworld=corpora/ioi", r"\[validation\]: .*no field 'image'")
changed("validation of other classes", "[validation]", "[validation]\nworld=scenes/super", r"\[validation\]: .*other classes")
changed("test of other sizes", "[test]", "[test]\nworld=creatures/odd", r"\[test\]: ")
changed("setting out of range", "count=32", "block_erase=2", r"\[data\]: block_erase must lie in 0\.\.1, not 2")
changed("number that is none", "steps=12", "steps=many", r"\[stage main\] steps: .*'many' is not an integer")
changed("number that overflows", "steps=12", "steps=99999999999999999999", r"\[stage main\] steps: ")
changed("steps below zero", "steps=12", "steps=-1", r"\[stage main\] steps: steps must lie in 0")
changed("batch of nothing", "batch=8", "batch=0", r"\[stage main\] batch: batch must lie in 1")
changed("rate that is no number", "lr=0.01", "lr=nan", r"\[stage main\] lr: ")
changed("rate below zero", "lr=0.01", "lr=-1", r"\[stage main\] lr: ")
changed("schedule that is none", "lr=0.01", "sched=sine", r"\[stage main\] sched: .*'sine' is none of")
changed("ten stages of a network", "widths=4,8", "widths=" + ",".join("4" * 10), r"\[model\]: widths: 10 stages")
changed("nothing to train", "lr=0.01", "train=body.*", r"\[stage main\]: train: no parameter fits 'body\.\*'")
changed("weights of losses that are none", "lr=0.01", "loss=entropy", r"\[stage main\]: loss: 'entropy' is not NAME:WEIGHT")
changed("part of the loss that is not there", "lr=0.01", "loss=size:1", r"\[stage main\]: the loss has no part 'size'; it has: entropy")
changed("mistake in the last of two stages", "[stage main]", "[stage first]\nsteps=100000\n[stage main]\ntrain=body.*",
        r"\[stage main\]: train: no parameter fits")
changed("loss that is not finite", "lr=0.01", "lr=1e30", r"step 2: the loss is not finite", code=1)
case("recipe: network larger than memory", "train quick.recipe --threads 1 --max-memory 60M --set model.widths=1024,4096 --out out", 1,
     r"out of memory|exceed the limit", {"quick.recipe": RECIPE})

# ---- mixtures and adapters ----
WORLD = "world=scenes/object"
for text, message in (
        ("scenes/object+" * 9, r"a mixture of more than 8 parts"),
        ("scenes/object*1e400", r"weights are above 0"),
        ("scenes/object*0x1p-2000", r"is no mixture"),
        ("scenes/object" + "(" * 5000, r"parentheses do not close"),
        ("scenes/object(" + "px=32," * 100 + "px=32)", r"too many settings"),
        ("scenes/object(px=32", r"parentheses do not close"),
        ("scenes/object(=)", r"\[data\]: "),
        ("scenes/object(px=99999999999999999999)", r"px: '99999999999999999999' is not an integer|px must lie"),
        ("scenes/object*3+glyphs", r"scenes/object and glyphs do not mix: field 'image'"),
        ("scenes/object+scenes/super", r"scenes/object and scenes/super do not mix: the first has 12 classes and the second 6"),
        ("scenes/object*1000000+scenes/object", r"leave none for part 2"),
        ("+" * 3000, r"a part names no world")):
    changed(f"mixture {text[:40]!r}", WORLD, "world=" + text, message)
changed("mixture of a stage that does not fit", "lr=0.01", "data=scenes/super", r"\[stage main\]: scenes/object and scenes/super do not mix")
changed("validation is a mixture that does not fit", "[validation]", "[validation]\nworld=scenes/object+scenes/combo",
        r"\[validation\]: scenes/object and scenes/combo do not mix")
for text, message in (
        ("*/1000000000000", r"rank 1000000000000 is more than the matrix of"),
        ("*/-9223372036854775808", r"rank is at least 1"),
        ("*/99999999999999999999", r"no whole number"),
        ("*/1/1e400", r"alpha is a number above 0"),
        ("[/1", r"no linear layer fits '\['"),
        ("[!a-", r"no rank"),
        ("," * 50 + "/1", r"an empty pattern"),
        ("a" * 20000 + "/1", r"no linear layer fits 'aaa"),
        ("/" * 100, r"more than four pieces"),
        ("stem.*/1", r"no linear layer fits 'stem\.\*'; there are: head")):
    changed(f"adapters {text[:40]!r}", "lr=0.01", "lora=" + text, message)
changed("adapters of a stage with a path as name", "[stage main]", "[stage ../main]\nlora=head/1", r"letters, digits, - and _, not '\.\./main'")
changed("adapters where there are no linear layers", "[model]\nkind=resnet\nwidths=4,8\nblocks=1\n[data]\nworld=scenes/object",
        "[model]\nkind=unet\nwidths=4,8\n[data]\nworld=scenes/seg\n[stage first]\nlora=*/1\n[data]\npx=32",
        r"\[stage first\]: lora: .*learner 'unet' has none")

# ---- --set ----


def setting(title, given, message, code=2, **options):
    case(f"train --set: {title}", f"train quick.recipe --threads 1 --out out --set {given}", code, message, {"quick.recipe": RECIPE},
         **options)


setting("no block", "lr=1", r"'lr=1' is not block\.key=value")
setting("no value", "stage.lr", r"is not block\.key=value")
setting("block with brackets", "'[stage main].lr=1'", r"is not block\.key=value")
setting("line break", "'recipe.title=a\n[model]\nkind=b'", r"not one line of UTF-8")
setting("unknown block", "stages.lr=1", r"\[stages\] is no block", code=4)
setting("no stage of that name", "'stage body.lr=1'", r"quick\.recipe has no \[stage body\]")

# ---- where ----
QUICK = {"quick.recipe": RECIPE}
case("train: OUT below a file", "train quick.recipe --threads 1 --out tiny.json/out", 1, r"tiny\.json/out", QUICK)
case("train: OUT is a file", "train quick.recipe --threads 1 --force --out tiny.json", 1, r"tiny\.json", QUICK)
case("train: OUT without a name", "train quick.recipe --out ''", 2, r"--out: .*empty", QUICK)
case("train: read-only file system", "train quick.recipe --threads 1 --out place/out", 1, r"place/out: .*Read-only file system", QUICK,
     place="read-only")
case("train: disk full at the checkpoint", "train quick.recipe --threads 1 --out place/out", 1, r"place/out/.*No space left", QUICK,
     place="tmpfs")
case("train: files limited to 1 kB", "train quick.recipe --threads 1 --out out", 1, r"out/model\.safetensors.*File too large", QUICK,
     file_limit=1024)
case("train: list to /dev/full", "train --list", 1, r"standard output: No space left", closes="full")

# ---- a training that goes on ----
unfinished = {}


def begin():
    """Files of a training of 300 steps that was told to stop behind its first checkpoint; made once."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = os.path.join(folder, "a", "checkpoint.safetensors")
        with open(os.path.join(folder, "quick.recipe"), "w", encoding="utf-8") as file:
            file.write(RECIPE)
        process = subprocess.Popen([os.path.abspath(os.environ["VITRAIL"]), "train", "quick.recipe", "--threads", "1", "--steps", "300",
                                    "--out", "a", "--quiet"], cwd=folder, stdout=subprocess.DEVNULL)
        while not os.path.exists(checkpoint) and process.poll() is None:
            threading.Event().wait(0.01)
        process.send_signal(signal.SIGINT)
        if process.wait() != 130:
            raise RuntimeError("a training that was told to stop did not")
        for name in os.listdir(os.path.dirname(checkpoint)):
            with open(os.path.join(folder, "a", name), "rb") as file:
                unfinished["a/" + name] = file.read()


def of_training(name, change):
    def put(path):
        if not unfinished:
            begin()
        with open(path, "wb") as file:
            file.write(change(unfinished["a/" + name]))
    return put


FILES = ("checkpoint.safetensors", "model.safetensors", "log.jsonl", "recipe.txt", "curves.svg", "curves.png")


def goes_on(title, message, code=4, more="", without=(), options=None, **changes):
    """--resume in that folder, with files changed: name with _ in place of . and a function of its bytes."""
    files = {}
    for name in FILES:
        change = changes.get(name.replace(".", "_"), lambda content: content)
        if name not in without:
            files["a/" + name] = change if getattr(change, "whole", False) else of_training(name, change)
    case(f"train --resume: {title}", f"train a --resume --threads 1 {more}", code, message, files, **(options or {}))


def instead(thing):
    def put(path):
        thing(path)
    put.whole = True
    return put


goes_on("checkpoint is empty", r"a/checkpoint\.safetensors: ", checkpoint_safetensors=lambda content: b"")
for part in (7, 100, 3000):
    goes_on(f"checkpoint cut to {part} bytes", r"a/checkpoint\.safetensors: ", checkpoint_safetensors=lambda content, part=part: content[:part])
goes_on("checkpoint without its last byte", r"a/checkpoint\.safetensors: ", checkpoint_safetensors=lambda content: content[:-1])
goes_on("checkpoint of random bytes", r"a/checkpoint\.safetensors: ",
        checkpoint_safetensors=lambda content: bytes(i * i * 7 % 251 for i in range(len(content))))
goes_on("header of the checkpoint of 2⁶⁰ bytes", r"a/checkpoint\.safetensors: .*header of 1152921504606846976",
        checkpoint_safetensors=lambda content: struct.pack("<Q", 1 << 60) + content[8:])
goes_on("a model as checkpoint", r"a/checkpoint\.safetensors: .*not written by vitrail as a checkpoint",
        checkpoint_safetensors=lambda content: unfinished["a/model.safetensors"])
goes_on("step of the checkpoint is no number", r"a/checkpoint\.safetensors: .*damaged",
        checkpoint_safetensors=lambda content: content.replace(b'\\"step\\":', b'\\"stop\\":', 1))
goes_on("checkpoint of stage 7", r"a/checkpoint\.safetensors: of stage 7, the recipe has 1", code=2,
        checkpoint_safetensors=lambda content: content.replace(b'\\"stage\\":0', b'\\"stage\\":7', 1))
goes_on("checkpoint missing", r"a has no checkpoint\.safetensors to go on from", code=1, without=("checkpoint.safetensors",))
goes_on("checkpoint is a folder", r"a/checkpoint\.safetensors: not a regular file", code=1, checkpoint_safetensors=instead(make.folder))
goes_on("best model missing", r"a/model\.safetensors: No such file", code=1, without=("model.safetensors",))
goes_on("best model cut off", r"a/model\.safetensors: ", code=3, model_safetensors=lambda content: content[:-5])
goes_on("recipe missing", r"a/recipe\.txt: no such file", without=("recipe.txt",))
goes_on("recipe of another rate", r"belongs to another training: optimiser\.lr is 0\.01 there and 0\.5 here", code=2, more="--set stage.lr=0.5")
goes_on("recipe of another network", r"belongs to another training: settings\.widths", code=2, more="--set model.widths=4,4")
goes_on("recipe of other data", r"belongs to another training: data\.", code=2, more="--set data.seed=5")
goes_on("recipe of another seed", r"belongs to another training: training\.seed is 0 there and 6 here", code=2, more="--seed 6")
goes_on("log is a folder", r"a/log\.jsonl: ", code=1, log_jsonl=instead(make.folder))
goes_on("disk full at the next checkpoint", r"a/.*File too large", code=1, options={"file_limit": 8192, "changes": ("a/log.jsonl",)})
goes_on("two signals", None, code=(130, -2), more="--progress json",
        options={"interrupts": 2, "changes": tuple("a/" + name for name in FILES)})

# ---- validate ----


def validate(title, arguments, code, message, files=None, **options):
    case(f"validate: {title}", f"validate {arguments} --threads 1", code, message, files or {}, **options)


def trained(change=lambda content: content):
    return {"m.safetensors": of_training("model.safetensors", change)}


def plain_safetensors(metadata=""):
    header = ('{' + metadata + '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}').encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


PICTURES = "--data scenes/object --count 2"
validate("model missing", "nowhere", 3, r"nowhere: No such file")
validate("folder without a model", "a", 3, r"a/model\.safetensors: No such file", {"a/recipe.txt": RECIPE})
validate("a recipe", "quick.recipe", 3, r"quick\.recipe: no \.safetensors file", QUICK)
validate("weights cut off", "m.safetensors", 3, r"m\.safetensors: ", trained(lambda content: content[:-9]))
validate("weights of another house", "m.safetensors", 3, r"m\.safetensors: .*not written by vitrail", {"m.safetensors": plain_safetensors()})
validate("recipe inside is damaged", "m.safetensors", 4, r"m\.safetensors: ",
         trained(lambda content: content.replace(b"kind=resnet", b"kind=resnot")))
validate("recipe inside is of another network", "m.safetensors", 3, r"m\.safetensors: parameter '.*' is of another shape",
         trained(lambda content: content.replace(b"widths=4,8", b"widths=4,4")))
validate("a checkpoint", "a/checkpoint.safetensors", 3, r"is a checkpoint of a training, not a model",
         {"a/checkpoint.safetensors": of_training("checkpoint.safetensors", lambda content: content)})
validate("data of other classes", "m.safetensors --data scenes/super", 2, r"other classes than the model", trained())
validate("a mixture of worlds that do not mix", "m.safetensors --data scenes/object+scenes/super", 2, r"scenes/object and scenes/super do not mix",
         trained())
validate("a mixture that is none", "m.safetensors --data 'scenes/object*'", 2, r"a weight is a number", trained())
validate("ONNX on a mixture of other fields", "tiny.onnx --data scenes/object+corpora/ioi --count 4", 2, r"scenes/object and corpora/ioi do not mix: field 'image'")
validate("ONNX on a mixture of other classes", "tiny.onnx --data scenes/object+creatures/odd --count 4", 2, r"do not mix: the first has 12 classes")
validate("unknown world", "m.safetensors --data scenes/objekt", 2, r"did you mean 'scenes/object'", trained())
validate("unknown setting of the world", "m.safetensors --set blok_erase=1", 2, r"did you mean 'block_erase'", trained())
validate("ONNX without data", "tiny.onnx", 2, r"--data WORLD is missing")
validate("ONNX of pictures on text", "tiny.onnx --data corpora/ioi", 2, r"no field 'image'")
validate("ONNX of other sizes", f"tiny.onnx {PICTURES}", 2, r"tiny\.onnx: input 'image' is declared as f32\[batch,3,32,32\]")
validate("ONNX of two inputs", f"sentence.onnx {PICTURES}", 3, r"classifier of one input; this one has 3",
         {"sentence.onnx": data("sentence.onnx")})
SIXTY_FOUR = ("batch", 3, 64, 64)
validate("ONNX of fewer classes", f"b.onnx {PICTURES}0", 4, r"label \d+; the model has 4 classes", {"b.onnx": model(image=SIXTY_FOUR)})
validate("ONNX whose scores are whole numbers", f"b.onnx {PICTURES}", 3, r"a classifier gives scores f32\[items, classes\]; this one i64", {
    "b.onnx": model({"classes": node("Gemm", ["features", "weight", "bias"], ["row"], "classes", transB=1)}, image=SIXTY_FOUR,
                    more=[node("Cast", ["row"], ["logits"], "whole", to=INT64)], output=value_info("logits", ["batch", 4], INT64))})
validate("ONNX cut off", f"b.onnx {PICTURES}", 3, r"b\.onnx: ", {"b.onnx": data("tiny.onnx")[:200]})
