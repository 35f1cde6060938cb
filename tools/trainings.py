#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts finished trainings into docs/trainings.json and writes the tables of docs/trainings.md from it.

    vitrail train scenes-object --seed 1 --out runs/scenes-object-1
    vitrail validate runs/scenes-object-1 --set shift=erase --set level=3 --json > runs/scenes-object-1/validate-erased.json
    tools/trainings.py runs/*                      # folders of vitrail train; without folders: the tables alone

A training is known by recipe and seed; another one of the same takes its place. A folder's validate-NAME.json becomes
a row NAME of the second table."""
import configparser
import glob
import json
import os
import re
import statistics
import sys

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs")
DATA = os.path.join(DOCS, "trainings.json")
PAGE = os.path.join(DOCS, "trainings.md")
# measures that the table has beside the first one, and that of each part of a mixture
MORE = ("above distractor", "perplexity", "hit@10", "popularity ndcg@10", "ratio to popularity", "R@1 text to image")


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_recipe(path):
    recipe = configparser.ConfigParser(comment_prefixes=("#",), inline_comment_prefixes=None, interpolation=None,
                                       strict=False)
    recipe.optionxform = str
    recipe.read(path, encoding="utf-8")
    return recipe


def network(model):
    settings = [f"{key} {value}" for key, value in model.items() if key != "kind"]
    return model["kind"] + (": " + "; ".join(settings) if settings else "")


def items(recipe, split):
    """How many items of which seed, as it stands in the recipe; a test that says nothing is of the same seed."""
    block = recipe[split] if recipe.has_section(split) else {}
    seed = block.get("seed", recipe["data"].get("seed", "0"))
    count = block.get("count")
    return f"{spaced(int(count)) if count else 'as usual'} of seed {seed}"


def training(folder):
    result = read_json(os.path.join(folder, "result.json"))
    recipe = read_recipe(os.path.join(folder, "recipe.txt"))
    stages = [name for name in recipe.sections() if name.startswith("stage")]
    row = {name: result[name] for name in ("recipe", "seed", "parameters", "steps", "seconds", "validation", "test")}
    row["seconds"] = round(row["seconds"])
    row["network"] = network(recipe["model"])
    row["world"] = recipe["data"]["world"]
    row["train_items"], row["test_items"] = items(recipe, "data"), items(recipe, "test")
    row["batch"] = ", ".join(dict.fromkeys(recipe[name].get("batch", "64") for name in stages))
    row["elsewhere"] = {}
    for path in sorted(glob.glob(os.path.join(folder, "validate-*.json"))):
        name = os.path.basename(path)[len("validate-"):-len(".json")]
        row["elsewhere"][name] = read_json(path)["measures"]
    return row


def figure(value):
    return f"{value:.4f}".lstrip("0") if 0 <= value < 1 else f"{value:.4g}"


def spaced(number):
    return f"{number:,}".replace(",", " ")


def summary(values):
    text = figure(statistics.mean(values))
    return f"{text} ± {figure(statistics.stdev(values))}" if len(values) > 1 else text


def groups(rows):
    out = {}
    for row in sorted(rows, key=lambda row: (row["recipe"], row["seed"])):
        out.setdefault(row["recipe"], []).append(row)
    return out


def main_table(rows):
    lines = ["| recipe | network | numbers | items to train on | items of the test | steps × batch | seconds | "
             "measure | by seed | mean ± sd |", "|---|---|---:|---|---|---:|---:|---|---|---|"]
    for recipe, of in groups(rows).items():
        first, names = of[0], list(of[0]["test"])
        measures = names[:1] + [name for name in names[1:] if name in MORE or name.startswith(names[0] + " (")]
        seconds = sorted(row["seconds"] for row in of)
        span = f"{seconds[0]} to {seconds[-1]}" if seconds[0] != seconds[-1] else f"{seconds[0]}"
        front = (f"| `{recipe}` | {first['network']} | {spaced(first['parameters'])} | {first['train_items']} | "
                 f"{first['test_items']} | {spaced(first['steps'])} × {first['batch']} | {span} |")
        for measure in measures:
            values = [row["test"][measure] for row in of]
            lines.append(f"{front} {measure} | {', '.join(figure(value) for value in values)} | {summary(values)} |")
            front = "| | | | | | | |"
    return "\n".join(lines)


def other_table(rows):
    lines = ["| recipe | items | measure | by seed | mean ± sd |", "|---|---|---|---|---|"]
    for recipe, of in groups(rows).items():
        measure = next(iter(of[0]["test"]))
        for name in of[0]["elsewhere"]:
            values = [row["elsewhere"][name][measure] for row in of if name in row["elsewhere"]]
            lines.append(f"| `{recipe}` | {name} | {measure} | {', '.join(figure(value) for value in values)} | "
                         f"{summary(values)} |")
    return "\n".join(lines)


def main():
    rows = read_json(DATA) if os.path.exists(DATA) else []
    for folder in sys.argv[1:]:
        new = training(folder)
        rows = [row for row in rows if (row["recipe"], row["seed"]) != (new["recipe"], new["seed"])] + [new]
    rows.sort(key=lambda row: (row["recipe"], row["seed"]))
    with open(DATA, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.write("\n")
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    for name, table in (("trainings", main_table(rows)), ("elsewhere", other_table(rows))):
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
        if not block.search(page):
            sys.exit(f"docs/trainings.md has no block '{name}'")
        page = block.sub(lambda found: f"{found.group(1)}\n{table}\n\n{found.group(2)}", page)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)


if __name__ == "__main__":
    main()
