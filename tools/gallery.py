#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/gallery.html: every method that makes a map, on three photographs, with what is wrong with it in one line.

  tools/gallery.py VITRAIL OUT.html MODEL PHOTO PHOTO PHOTO [--attention MODEL]

The notes (docs/gallery_notes.json: method id to sentence) were written by looking at the pictures; a method without a note is an
error, so that nobody adds a method without looking."""
import base64
import html
import io
import json
import os
import subprocess
import sys
import tempfile

from PIL import Image

SIDE = 176
HERE = os.path.dirname(os.path.abspath(__file__))


def picture(path):
    image = Image.open(path).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def explain(command, model, method, photo, folder, extra):
    run = subprocess.run([command, "explain", photo, "--model", model, "--method", method, "--out", folder, "--force",
                          "--quiet"] + extra, capture_output=True, text=True, check=False)
    if run.returncode:
        return None, run.stderr.strip()
    with open(os.path.join(folder, "explanation.json"), encoding="utf-8") as text:
        return json.load(text), None


def figures(found):
    data, meta = found["data"], found["meta"]
    line = f"Insertion {data['insertion']['auc']:.2f}, Deletion {data['deletion']['auc']:.2f}, {meta['model_calls']} runs, " \
           f"{meta['seconds']:.1f} s"
    completeness = data.get("map", {}).get("completeness")
    if completeness:
        line += f", completeness error {completeness['error']:+.2g} of {completeness['difference']:.2g}"
    return line


def main():
    arguments, attention = sys.argv[1:], None
    if "--attention" in arguments:
        at = arguments.index("--attention")
        attention = arguments[at + 1]
        del arguments[at:at + 2]
    command, out, model, *photos = arguments
    listed = json.loads(subprocess.run([command, "methods", "--json"], check=True, capture_output=True, text=True).stdout)
    with open(os.path.join(HERE, "..", "docs", "gallery_notes.json"), encoding="utf-8") as text:
        notes = json.load(text)
    rows, missing = [], []
    with tempfile.TemporaryDirectory() as work:
        def row(method, network, extra, title):
            cells = []
            for photo in photos:
                folder = os.path.join(work, method["id"])
                found, error = explain(command, network, method["id"], photo, folder, extra)
                if error:
                    cells.append(f"<td class=lack>{html.escape(error)}</td>")
                    continue
                name = found["data"]["target"]["name"] or "mean of the map"
                alt = html.escape(f"{method['id']} on {os.path.basename(photo)} for {name}")
                cells.append(f"<td><img src='{picture(os.path.join(folder, 'overlay.png'))}' width={SIDE} height={SIDE} "
                             f"alt='{alt}'><br><small>{html.escape(figures(found))}</small></td>")
            note = notes.get(method["id"])
            if not note:
                missing.append(method["id"])
            rows.append(f"<tr id='{method['id']}{title}'><th>{html.escape(method['id'])}<p>{html.escape(note or '')}</p></th>"
                        f"{''.join(cells)}</tr>")
            print(method["id"], flush=True)

        shown = [m for m in listed["methods"] if m["id"] not in ("baseline-order", "smdl")]
        for method in shown:
            if "attention" not in str(method["needs"]):
                row(method, model, [], "")
        if attention:
            rows.append(f"<tr><th colspan={len(photos) + 1}><h2>Attention methods, on a vision transformer that "
                        "answers an importance map (its mean is explained)</h2></th></tr>")
            for method in shown:
                if "attention" in str(method["needs"]):
                    row(method, attention, ["--class-score", "mean"], "")
    heads = []
    for photo in photos:
        heads.append(f"<th><img src='{picture(photo)}' width={SIDE} height={SIDE} alt='{os.path.basename(photo)}'></th>")
    with open(out, "w", encoding="utf-8") as page:
        page.write(f"""<!doctype html><html lang=en><meta charset=utf-8><title>vitrail: all methods on three photographs</title>
<style>:root{{color-scheme:light dark}}body{{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:62em;padding:0 1em}}
table{{border-collapse:collapse}}td,th{{padding:.4em;vertical-align:top;border-top:1px solid #8884}}
th{{text-align:left;max-width:19em}}th p{{font-weight:normal;margin:.3em 0}}td small{{display:block;max-width:{SIDE}px}}
.lack{{max-width:{SIDE}px;font-size:80%;color:#b00}}</style>
<h1>All methods on three photographs</h1>
<p>Each picture is <code>overlay.png</code> of <code>vitrail explain PHOTO --method ID</code> with defaults: signed maps blue (against)
to red (for), others from dark to bright. Under each: the areas under the curves when its regions are inserted and deleted in the
order of the map, and what it cost. Under each name: what is wrong with the method. Network: EfficientNet-lite0, probability of
its own answer. Photographs: coffee (Rachel Michetti, CC0), cat (Stefan van der Walt, CC0), rocket (SpaceX, public domain). Made
by <code>tools/gallery.py</code>.</p><table><thead><tr><th></th>{''.join(heads)}</tr></thead>
<tbody>{chr(10).join(rows)}</tbody></table></html>
""")
    if missing:
        sys.exit("no note on: " + ", ".join(missing))


if __name__ == "__main__":
    main()
