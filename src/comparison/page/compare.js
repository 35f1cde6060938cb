// SPDX-License-Identifier: Apache-2.0
// A comparison: maps of all methods on one scale, figures, pairs.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const STEPS = 257; // odd: the middle entry is zero of a signed map

function bytesOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
const sequential = bytesOf(data.sequential), diverging = bytesOf(data.diverging);
const number = (value) => value === null || !Number.isFinite(value) ? "–" : String(+value.toPrecision(3));
const fixed = (value) => value === null || !Number.isFinite(value) ? "–" : value.toFixed(3);
function add(parent, name, text = "", attributes = {}) {
  const svg = ["svg", "line", "circle"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== "") made.textContent = text;
  parent.append(made);
  return made;
}

const state = { scale: "rank", alpha: 0.65, granularity: data.granularities[0], sort: null };
const measured = (granularity) => granularity === "as-it-is" ? 0 : 1;

// ---- maps ----

// Values of a tile, and the share of its pixels that lie below each (ties: in the middle).
function tileOf(tile) {
  const raw = new Uint16Array(bytesOf(tile.data).buffer), values = new Float64Array(raw.length);
  raw.forEach((step, i) => { values[i] = tile.least + (tile.most - tile.least) * step / 65535; });
  const order = Array.from(raw.keys()).sort((a, b) => raw[a] - raw[b]), ranks = new Float64Array(raw.length);
  for (let i = 0; i < order.length;) {
    let end = i;
    while (end < order.length && raw[order[end]] === raw[order[i]]) end++;
    for (let j = i; j < end; j++) ranks[order[j]] = (i + end - 1) / 2 / Math.max(1, order.length - 1);
    i = end;
  }
  return { values, ranks };
}

const tiles = []; // {canvas, method, picture, values, ranks}
const images = [];

function drawTile(tile) {
  const { side } = data, context = tile.canvas.getContext("2d"), photo = images[tile.picture];
  const scale = data.methods[tile.method].scale;
  context.globalCompositeOperation = "source-over";
  context.drawImage(photo, 0, 0, side, side);
  const pixels = context.getImageData(0, 0, side, side), bytes = pixels.data;
  for (let i = 0; i < side * side; i++) {
    const grey = 0.299 * bytes[4 * i] + 0.587 * bytes[4 * i + 1] + 0.114 * bytes[4 * i + 2];
    let place = tile.ranks[i], table = sequential;
    if (state.scale === "value" && scale) {
      table = scale.signed ? diverging : sequential;
      place = scale.signed ? 0.5 + tile.values[i] / scale.most / 2 : (tile.values[i] - scale.least) / (scale.most - scale.least || 1);
    }
    const at = 3 * Math.round((STEPS - 1) * Math.min(1, Math.max(0, place)));
    for (let c = 0; c < 3; c++) bytes[4 * i + c] = (1 - state.alpha) * grey + state.alpha * table[at + c];
  }
  context.putImageData(pixels, 0, 0);
}

function drawLegend() {
  const byRank = state.scale === "rank", context = $("legend-bar").getContext("2d"), line = context.createImageData(STEPS, 1);
  for (let i = 0; i < STEPS; i++) {
    for (let c = 0; c < 3; c++) line.data[4 * i + c] = sequential[3 * i + c];
    line.data[4 * i + 3] = 255;
  }
  context.putImageData(line, 0, 0);
  $("legend-low").textContent = byRank ? "lowest pixel of its map" : "least";
  $("legend-high").textContent = byRank ? "highest pixel of its map" : "greatest";
  $("scale-text").textContent = byRank
    ? "By rank: a colour is the share of its map's pixels that lie below, so that it means the same for every method and picture, whatever the unit of the method. Rankings of regions are shown by the place of the region."
    : "By value: methods have different units, so every method has one scale for all pictures, stated below its name; maps of both signs run from blue (against) over white (0) to red (for).";
  for (const [m, method] of data.methods.entries())
    for (const note of document.querySelectorAll(`[data-scale="${m}"]`))
      note.textContent = byRank || !method.scale ? "" : method.scale.signed ? `−${number(method.scale.most)} … ${number(method.scale.most)}` : `${number(method.scale.least)} … ${number(method.scale.most)}`;
}

function redraw() {
  drawLegend();
  tiles.forEach(drawTile);
}

function buildGrid() {
  const head = add($("grid").tHead, "tr");
  add(head, "th", "", { scope: "col" });
  const bodyRow = add($("grid").tBodies[0], "tr");
  add(bodyRow, "th", "picture", { scope: "row" });
  data.pictures.forEach((picture, p) => {
    const cell = add(head, "th", picture.name, { scope: "col" });
    add(cell, "small", picture.class + (picture.wrong ? ` (answered: ${picture.wrong})` : ""));
    const image = add(add(bodyRow, "td"), "img", "", { alt: `Picture ${picture.name}` });
    image.src = picture.image;
    images[p] = image;
  });
  for (const m of data.grid_order) {
    const method = data.methods[m], row = add($("grid").tBodies[0], "tr");
    const name = add(row, "th", method.label, { scope: "row" });
    add(name, "small", method.rank[measured(state.granularity)] === null ? "" : `mean rank ${fixed(method.rank[measured(state.granularity)])}`);
    add(name, "small", "", { "data-scale": m });
    data.pictures.forEach((picture, p) => {
      const cell = add(row, "td"), tile = picture.tiles[m];
      if (!tile || tile.error) {
        add(cell, "div", tile ? tile.error : "its map was not kept", { class: "none", title: tile ? tile.error : "" });
        return;
      }
      const canvas = add(cell, "canvas", "", { width: data.side, height: data.side, role: "img", "aria-label": `${method.label} on ${picture.name}`, title: `${method.label} on ${picture.name}` });
      tiles.push({ canvas, method: m, picture: p, ...tileOf(tile) });
    });
  }
}

// ---- figures ----

const cellOf = (m, k) => data.cells[(m * data.metrics.length + k) * 2 + measured(state.granularity)];

function best(k) {
  let found = -1;
  data.methods.forEach((method, m) => {
    const mean = cellOf(m, k).mean;
    if (mean === null || method.reference) return;
    if (found < 0 || (data.metrics[k].higher ? mean > cellOf(found, k).mean : mean < cellOf(found, k).mean)) found = m;
  });
  return found;
}

function keyOf(m, column) {
  if (column < data.metrics.length) {
    const mean = cellOf(m, column).mean;
    return mean === null ? Infinity : data.metrics[column].higher ? -mean : mean;
  }
  const value = column === data.metrics.length ? data.methods[m].rank[measured(state.granularity)] : data.methods[m].calls;
  return value === null ? Infinity : value;
}

function showLevels() {
  const head = $("levels").tHead, body = $("levels").tBodies[0];
  head.replaceChildren();
  body.replaceChildren();
  const headings = [...data.metrics.map((metric) => `${metric.label} ${metric.higher ? "↑" : "↓"}`), "Mean rank ↓", "Calls"];
  const row = add(head, "tr");
  add(row, "th", "Method", { scope: "col" });
  headings.forEach((text, column) => {
    const button = add(add(row, "th", "", { scope: "col", title: data.metrics[column]?.title ?? "" }), "button", text, { type: "button" });
    button.addEventListener("click", () => { state.sort = column; showLevels(); });
  });
  const column = state.sort ?? data.metrics.length, order = data.methods.map((_, m) => m).sort((a, b) => keyOf(a, column) - keyOf(b, column) || a - b);
  const winners = data.metrics.map((_, k) => best(k));
  for (const m of order) {
    const line = add(body, "tr"), method = data.methods[m];
    add(line, "th", method.label, { scope: "row" });
    data.metrics.forEach((metric, k) => {
      const cell = cellOf(m, k), here = add(line, "td", cell.mean === null ? "–" : `${fixed(cell.mean)} ± ${fixed(cell.spread)}`, { class: winners[k] === m ? "best" : "" });
      if (cell.mean !== null) add(here, "small", `${fixed(cell.low)} to ${fixed(cell.high)}${cell.count < data.judged ? `, n ${cell.count}` : ""}`);
    });
    add(line, "td", fixed(method.rank[measured(state.granularity)]));
    add(line, "td", method.calls === null ? "–" : method.calls.toFixed(0));
  }
}

// ---- pairs ----

function pairOf(a, b, k) {
  if (a === b) return null;
  const place = (low, high) => (low * data.methods.length + high) * data.metrics.length * 2 + k * 2 + measured(state.granularity);
  if (a < b) return data.pairs[place(a, b)] ?? null;
  const pair = data.pairs[place(b, a)];
  return pair ? [-pair[0], -pair[2], -pair[1], 1 - pair[3], pair[4]] : null;
}

function showPairs() {
  const a = +$("against").value, k = +$("by").value, body = $("pairs").tBodies[0];
  body.replaceChildren();
  const rows = data.methods.map((_, b) => [b, pairOf(a, b, k)]).filter(([, pair]) => pair);
  const reach = Math.max(1e-12, ...rows.flatMap(([, pair]) => [Math.abs(pair[1]), Math.abs(pair[2])]));
  const x = (value) => 130 + 122 * value / reach;
  for (const [b, [mean, low, high, wins, count]] of rows.sort((one, other) => one[1][0] - other[1][0])) {
    const line = add(body, "tr");
    add(line, "th", data.methods[b].label, { scope: "row" });
    add(line, "td", `${mean > 0 ? "+" : ""}${fixed(mean)} [${fixed(low)}, ${fixed(high)}]`);
    const svg = add(add(line, "td"), "svg", "", { viewBox: "0 0 260 18", "aria-hidden": "true" });
    add(svg, "line", "", { class: "zero", x1: 130, x2: 130, y1: 0, y2: 18 });
    add(svg, "line", "", { class: "range", x1: x(low), x2: x(high), y1: 9, y2: 9 });
    add(svg, "circle", "", { class: "mean", cx: x(mean), cy: 9, r: 4 });
    add(line, "td", `${(100 * wins).toFixed(0)} %`);
    add(line, "td", String(count));
  }
}

// ---- all ----

function showGranularity() {
  $("ranks").dataset.shown = data.granularities.length > 1 ? measured(state.granularity) : "";
  showLevels();
  showPairs();
}

function start() {
  $("verdict").textContent = data.verdict;
  for (const warning of data.warnings) add($("warnings"), "li", warning);
  $("warnings").hidden = data.warnings.length === 0;
  for (const [name, text] of data.facts) {
    const row = add($("parameters").tBodies[0], "tr");
    add(row, "th", name, { scope: "row" });
    add(row, "td", text);
  }
  data.granularities.forEach((granularity, i) => {
    const label = add($("granularities"), "label"), input = add(label, "input", "", { type: "radio", name: "granularity", value: granularity });
    input.checked = i === 0;
    label.append(granularity === "equal" ? " equal granularity" : " as it is");
    input.addEventListener("change", () => { state.granularity = granularity; showGranularity(); });
  });
  data.methods.forEach((method, m) => add($("against"), "option", method.label, { value: m }));
  data.metrics.forEach((metric, k) => add($("by"), "option", metric.label, { value: k }));
  $("against").addEventListener("change", showPairs);
  $("by").addEventListener("change", showPairs);
  for (const input of document.querySelectorAll("input[name=scale]")) input.addEventListener("change", () => { state.scale = input.value; redraw(); });
  const say = () => { $("alpha-text").textContent = `${$("alpha").value} %`; };
  $("alpha").addEventListener("input", () => { state.alpha = $("alpha").value / 100; say(); redraw(); });
  $("tile").addEventListener("input", () => document.body.style.setProperty("--tile", `${$("tile").value}px`));
  say();
  buildGrid();
  $("grid-section").hidden = data.pictures.length === 0;
  showGranularity();
  Promise.all(images.map((image) => image.decode().catch(() => {}))).then(redraw);
}
start();
