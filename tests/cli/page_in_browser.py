#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens report.html in a real browser, uses its controls, and prints TAP. Skipped where there is no Chromium."""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BROWSER = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)

# Runs inside the page; fills `seen`.
PROBE = """<script>
const seen = { errors: [] };
addEventListener("error", (event) => seen.errors.push(String(event.message)));
addEventListener("load", () => setTimeout(() => {
  const get = (id) => document.getElementById(id);
  const pixel = (x, y) => Array.from(get("canvas").getContext("2d").getImageData(x, y, 1, 1).data).slice(0, 3);
  const use = (id, value, kind) => {
    if (get(id).type === "checkbox") get(id).checked = value; else get(id).value = value;
    get(id).dispatchEvent(new Event(kind));
  };
  seen.headline = get("headline").textContent;
  seen.verdict = get("verdict").textContent;
  seen.size = [get("canvas").width, get("canvas").height];
  seen.ranking = get("ranking").tBodies[0].rows.length;
  seen.first = get("ranking").tBodies[0].rows[0].cells[1].textContent;
  seen.classes = get("classes").tBodies[0].rows.length;
  seen.map = pixel(80, 48);
  use("alpha", 0, "input");
  seen.bare = pixel(80, 48);
  use("alpha", 100, "input");
  seen.full = pixel(80, 48);
  use("colours", "grey", "change");
  seen.white = pixel(80, 48);
  use("threshold", 99, "input");
  seen.hidden = pixel(10, 10);
  get("ranking").querySelector("button").click();
  seen.step = get("step-text").textContent;
  seen.shown = pixel(80, 48);
  seen.dimmed = pixel(10, 10);
  use("numbers", true, "change");
  seen.numbers = get("lines").querySelectorAll("text").length;
  seen.named = [...document.querySelectorAll("input, select, button")].filter((control) =>
    !control.labels?.length && !control.textContent && !control.getAttribute("aria-label")).length;
  seen.alt = [...document.querySelectorAll("img")].every((image) => image.alt);
  seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name.slice(0, 5)).filter((name) => name !== "data:");
  const out = document.createElement("pre");
  out.id = "probe";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
}, 100));
</script></body>"""


def look(folder):
    environment = dict(os.environ, VITRAIL_MODEL=os.path.join(HERE, "data", "tiny.onnx"))
    out = os.path.join(folder, "out")
    subprocess.run([os.environ["VITRAIL"], "explain", os.path.join(HERE, "data", "squares.png"), "--regions", "grid:4x4",
                    "--out", out, "--quiet"], check=True, env=environment, stdout=subprocess.DEVNULL)
    with open(os.path.join(out, "report.html"), encoding="utf-8") as file:
        page = file.read()
    probed = os.path.join(folder, "probed.html")
    with open(probed, "w", encoding="utf-8") as file:
        file.write(page.replace("</body>", PROBE))
    dom = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + folder + "/profile",
                          "--virtual-time-budget=5000", "--dump-dom", "file://" + probed], capture_output=True, text=True,
                         timeout=120, check=False).stdout
    found = re.search(r'<pre id="probe">(.*?)</pre>', dom, re.S)
    return json.loads(html.unescape(found.group(1))) if found else None


def near(a, b, tolerance=6):
    """Colours; the photograph inside the page is a JPEG."""
    return all(abs(x - y) <= tolerance for x, y in zip(a, b))


def main():
    if not BROWSER:
        print("1..0 # SKIP no Chromium")
        return
    folder = tempfile.mkdtemp(prefix="vitrail-page-")
    try:
        seen = look(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if seen is None:
        print("1..1\nnot ok 1 - the page runs to its end")
        sys.exit(1)
    red, yellow, grey = (230, 20, 20), (0xfd, 0xe7, 0x25), (90, 90, 90)
    checks = [
        ("no script error", not seen["errors"]),
        ("nothing is fetched", seen["loaded"] == []),
        ("headline and verdict name the class", "red" in seen["headline"] and "1 most important of 16 regions" in seen["verdict"]),
        ("picture has the photograph's size", seen["size"] == [128, 128]),
        ("ranking is complete, region 6 first", seen["ranking"] == 16 and seen["first"] == "6"),
        ("all classes are listed", seen["classes"] == 4),
        ("the best region is yellow over red", near(seen["map"], [(a + b) / 2 for a, b in zip(red, yellow)])),
        ("opacity 0 shows the photograph", near(seen["bare"], red)),
        ("opacity 1 shows the colour map", near(seen["full"], yellow, 1)),
        ("the colour map can be changed", near(seen["white"], (255, 255, 255), 1)),
        ("weak values can be hidden", near(seen["hidden"], grey)),
        ("a click on a rank shows the path up to it", seen["step"].startswith("1 of 16 regions shown, 6.3 %")),
        ("regions on the path stay, others dim", near(seen["shown"], red) and near(seen["dimmed"], (20, 20, 20))),
        ("ranks can be written on the picture", seen["numbers"] == 16),
        ("every control has a name", seen["named"] == 0),
        ("every picture has a text", seen["alt"]),
    ]
    print(f"1..{len(checks)}")
    for number, (name, good) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not all(good for _, good in checks):
        print("#", json.dumps(seen))
        sys.exit(1)


if __name__ == "__main__":
    main()
