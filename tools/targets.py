#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the models and the pictures of docs/targets.md.

  targets.py models OUT --minilm DIR --conse FILE.onnx --mean FILE.npy --centerface FILE.onnx --focus FILE.onnx
                        --stories FILE.onnx --stories-tokens tok512.bin --classifier FILE.onnx --labels FILE.tsv
  targets.py pictures OUT DOCS --work DIR --photographs DIR --paraphrase FILE.onnx
                        runs `vitrail` on them and writes DOCS/targets-*; the photographs are astronaut.png of scikit-image's sample data

`models` puts links and sidecars side by side. The packages that hold the files are named on the page. `centerface.onnx` fixes a
batch of 10 and sides of 32 pixels, which are made open here (needs the Python package onnx). Needs Pillow and numpy for the pictures."""
import argparse
import json
import os
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PHOTOGRAPHS = os.path.join(HERE, "..", "share", "photographs")


def link(source, target):
    if os.path.lexists(target):
        os.remove(target)
    os.symlink(os.path.abspath(source), target)


def write(path, content):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def open_sizes(source, target):
    """centerface with its batch and sides left open."""
    import onnx
    model = onnx.load(source)
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in held]
    for values, end in ((inputs, ""), (model.graph.output, "_cells")):
        for value in values:
            for axis, name in ((0, "batch"), (2, "height" + end), (3, "width" + end)):
                dim = value.type.tensor_type.shape.dim[axis]
                dim.ClearField("dim_value")
                dim.dim_param = name
    onnx.save(model, target)


def stories_tokenizer(path):
    """The vocabulary file of llama2.c (score, length, bytes) as the JSON of a tokenizer. SentencePiece joins the two neighbours whose
    whole ranks first, however they divide it: every division is a merge of the whole's rank."""
    with open(path, "rb") as file:
        content = file.read()
    at, pieces, scores = 4, [], []
    while at < len(content):
        score, length = struct.unpack_from("<fi", content, at)
        pieces.append(content[at + 8:at + 8 + length].decode("utf-8", "replace").strip("\n") or "\n")
        scores.append(score)
        at += 8 + length
    for number, piece in enumerate(pieces):
        if piece in pieces[:number]:
            pieces[number] = f"<{number}>"
    known, merges = set(pieces), []
    for number in sorted(range(259, len(pieces)), key=lambda i: -scores[i]):
        whole = pieces[number]
        merges += [[whole[:i], whole[i:]] for i in range(1, len(whole)) if whole[:i] in known and whole[i:] in known]
    return {"kind": "bpe", "level": "characters", "vocabulary": pieces, "merges": merges, "specials": {"unk": "<unk>", "bos": "<s>"}}


def models(options):
    out = options.out
    os.makedirs(out, exist_ok=True)
    imagenet = {"resize": "short-side", "crop": "center", "interpolation": "bicubic", "layout": "NCHW", "channels": "RGB"}
    lite = {**imagenet, "scale": 1, "mean": [127] * 3, "std": [128] * 3}
    link(options.classifier, f"{out}/classifier.onnx")
    link(options.labels, f"{out}/imagenet_classes.tsv")
    write(f"{out}/classifier.json", {**lite, "size": [224, 224], "output": "logits", "output_name": "logits", "labels": "imagenet_classes.tsv"})
    link(options.conse, f"{out}/conse.onnx")
    link(options.mean, f"{out}/conse_text_mean.npy")
    link(options.minilm, f"{out}/minilm")
    write(f"{out}/conse.json", {**lite, "size": [260, 260], "resize_to": 292, "output": "embedding", "output_name": "image_embedding",
                                "text": {"encoder": "minilm", "mean": "conse_text_mean.npy", "scale": 1}})
    open_sizes(options.centerface, f"{out}/centerface.onnx")
    write(f"{out}/centerface.json", {
        "size": [480, 480], "resize": "letterbox", "interpolation": "bilinear", "scale": 1, "layout": "NCHW", "channels": "RGB",
        "labels": ["face"],
        "detection": {"kind": "centre-map", "scores": "537", "sizes": "538", "offsets": "539", "stride": 4, "size_form": "log-cells",
                      "order": "yx", "centre": 0.5, "threshold": 0.3, "overlap": 0.3}})
    link(options.focus, f"{out}/focus.onnx")
    write(f"{out}/focus.json", {**imagenet, "size": [224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
                                "output": "embedding"})
    link(options.stories, f"{out}/stories.onnx")
    write(f"{out}/stories.json", {"tokenizer": stories_tokenizer(options.stories_tokens)})


SENTENCE = "The chef baked fresh bread in the old town, and it rained all day."
STORY = " Once upon a time, there was a little girl named Lily. She loved to play with her"
FACE = (178, 55, 271, 179)  # x0 y0 x1 y1 of the detection, for the mask


def pictures(options):
    from PIL import Image, ImageDraw
    vitrail, out, work = os.environ.get("VITRAIL", "vitrail"), os.path.abspath(options.out), os.path.abspath(options.work)
    coffee, astronaut = f"{PHOTOGRAPHS}/coffee.png", f"{options.photographs}/astronaut.png"
    os.makedirs(work, exist_ok=True)
    mask = Image.new("L", Image.open(astronaut).size)
    ImageDraw.Draw(mask).rectangle((FACE[0], FACE[1], FACE[2] - 1, FACE[3] - 1), fill=255)
    mask.save(f"{work}/face.png")
    spoon = ["--text", "a spoon", "--not-text", "a cup of coffee"]
    photographs = {
        "margin": [(coffee, "classifier", "--class", "espresso", "--not", "soup bowl")],
        "text": [(coffee, "conse", "--text", "a cup of coffee"), (coffee, "conse", *spoon, "--method", "grad-cam")],
        "face": [(astronaut, "centerface"), (astronaut, "centerface", "--method", "d-rise")],
        "focus": [(astronaut, "focus", "--mask", f"{work}/face.png", "--regions", "grid:7x7", "--fill", "blur")],
    }
    for name, runs in photographs.items():
        shown = []
        for number, (photograph, model, *settings) in enumerate(runs):
            folder = f"{work}/{name}-{number}"
            if not os.path.exists(folder):
                subprocess.run([vitrail, "explain", photograph, "--model", f"{out}/{model}.onnx", *settings, "--out", folder], check=True)
            shown.append(Image.open(f"{folder}/overlay.png").convert("RGB"))
            shown[-1].thumbnail((420, 420))
        sheet = Image.new("RGB", (sum(one.width + 8 for one in shown) - 8, shown[0].height), "white")
        for number, one in enumerate(shown):
            sheet.paste(one, (number * (one.width + 8), 0))
        sheet.save(f"{options.docs}/targets-{name}.jpg", quality=82)
    texts = {
        "like": [options.paraphrase, "--tokenizer", f"{out}/minilm/vocab.txt", "--text", SENTENCE, "--similar-text", "food", "--output", "461"],
        "story": [f"{out}/stories.onnx", "--text", STORY],
    }
    for name, settings in texts.items():
        picture = f"{work}/{name}.png"
        subprocess.run([vitrail, "attribute", *settings, "--method", "lima", "--picture", picture, "--force"], check=True)
        Image.open(picture).convert("RGB").quantize(64).save(f"{options.docs}/targets-{name}.png", optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    make = verbs.add_parser("models")
    make.add_argument("out")
    for name in ("minilm", "conse", "mean", "centerface", "focus", "stories", "stories-tokens", "classifier", "labels"):
        make.add_argument(f"--{name}", required=True)
    make.set_defaults(run=models)
    draw = verbs.add_parser("pictures")
    draw.add_argument("out")
    draw.add_argument("docs")
    draw.add_argument("--work", required=True, help="folder for the results; what is there is not run again")
    draw.add_argument("--photographs", required=True)
    draw.add_argument("--paraphrase", required=True, help="paraphrase-MiniLM-L3-v2.onnx")
    draw.set_defaults(run=pictures)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
