// SPDX-License-Identifier: Apache-2.0
// The picture: photograph, map or path, borders and ranks over it, its legend and controls.
const photo = $("photo"), canvas = $("canvas"), lines = $("lines");
let photoPixels, shownLabels, shownValues, values; // at the size of the photograph in this page

// Place in the model's input of a pixel of the shown photograph.
function inputAt(px, py) {
  const place = data.placement, x = (px + 0.5) * data.photo.width / canvas.width, y = (py + 0.5) * data.photo.height / canvas.height;
  return [(x - place.offset_x) / place.scale_x, (y - place.offset_y) / place.scale_y];
}
const hold = (value, size) => Math.min(Math.max(value, 0), size - 1);

// Region and value for every shown pixel, once: borders by bilinear vote, values by bilinear mean.
function carryBack() {
  shownLabels = new Int32Array(canvas.width * canvas.height).fill(-1);
  shownValues = new Float32Array(canvas.width * canvas.height).fill(NaN);
  for (let py = 0, at = 0; py < canvas.height; py++)
    for (let px = 0; px < canvas.width; px++, at++) {
      const [x, y] = inputAt(px, py);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const left = Math.floor(x - 0.5), top = Math.floor(y - 0.5), fx = x - 0.5 - left, fy = y - 0.5 - top;
      const x0 = hold(left, width), x1 = hold(left + 1, width), y0 = hold(top, height) * width, y1 = hold(top + 1, height) * width;
      const at4 = [y0 + x0, y0 + x1, y1 + x0, y1 + x1], w = [(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy];
      let best = -1, highest = -1, value = 0;
      for (let i = 0; i < 4; i++) {
        value += w[i] * map[at4[i]];
        let sum = 0;
        for (let j = 0; j < 4; j++) if (labels[at4[j]] === labels[at4[i]]) sum += w[j];
        if (sum > highest) { highest = sum; best = labels[at4[i]]; }
      }
      shownLabels[at] = best;
      shownValues[at] = value;
    }
  values = Float32Array.from(map).map((v) => data.scale.signed ? Math.abs(v) : v).filter(Number.isFinite).sort();
}

function position(value) { // 0..1 on the colour bar
  const scale = data.scale;
  if (scale.constant || !Number.isFinite(value)) return NaN;
  return Math.min(1, Math.max(0, scale.signed ? 0.5 + 0.5 * value / scale.high : (value - scale.low) / (scale.high - scale.low)));
}

function paint() {
  if (!photoPixels) return;
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const from = photoPixels.data, to = image.data, table = colourTables[state.colours];
  const limit = state.threshold > 0 && values.length ? values[Math.min(values.length - 1, Math.floor(state.threshold * values.length))] : -Infinity;
  for (let at = 0, i = 0; at < shownLabels.length; at++, i += 4) {
    let red = from[i], green = from[i + 1], blue = from[i + 2];
    const label = shownLabels[at];
    const lightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    if (state.grey) red = green = blue = lightness;
    if (label < 0) {
      red = green = blue = 0.35 * lightness; // the model did not see this
    } else if (state.mode === "map") {
      const value = shownValues[at], place = position(value);
      const strength = data.scale.signed ? Math.abs(value) : value;
      const shown = strength >= limit && (state.sign === "both" || (state.sign === "positive" ? value > 0 : value < 0));
      if (shown) {
        const entry = 3 * Math.round(place * (colourSteps - 1)), neutral = Number.isNaN(place);
        const a = state.alpha;
        red = a * (neutral ? 128 : table[entry]) + (1 - a) * red;
        green = a * (neutral ? 128 : table[entry + 1]) + (1 - a) * green;
        blue = a * (neutral ? 128 : table[entry + 2]) + (1 - a) * blue;
      }
    } else if (state.mode === "path") {
      const among = rank[label] < state.step;
      if (among !== (state.direction === "show")) { red *= 0.22; green *= 0.22; blue *= 0.22; }
    }
    to[i] = red; to[i + 1] = green; to[i + 2] = blue; to[i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  describe();
}

// Corner cutting, twice: the traced borders run through the middles of pixel edges.
function smooth(points, closed) {
  for (let round = 0; round < 2; round++) {
    const cut = closed ? [] : [points[0]], segments = closed ? points.length : points.length - 1;
    for (let i = 0; i < segments; i++) {
      const a = points[i], b = points[(i + 1) % points.length];
      cut.push([0.75 * a[0] + 0.25 * b[0], 0.75 * a[1] + 0.25 * b[1]], [0.25 * a[0] + 0.75 * b[0], 0.25 * a[1] + 0.75 * b[1]]);
    }
    if (!closed) cut.push(points[points.length - 1]);
    points = cut;
  }
  return points;
}
const borders = data.borders.map(([first, second, closed, ...steps]) => {
  let x = 0, y = 0;
  const points = [];
  for (let i = 0; i < steps.length; i += 2) points.push([(x += steps[i]) / 2, (y += steps[i + 1]) / 2]);
  const place = data.placement, toPhoto = ([px, py]) => `${(px * place.scale_x + place.offset_x).toFixed(1)} ${(py * place.scale_y + place.offset_y).toFixed(1)}`;
  return { pair: [first, second], path: "M" + smooth(points, closed).map(toPhoto).join("L") + (closed ? "Z" : "") };
});

function stroke(chosen, colour, size) {
  const path = chosen.map((border) => border.path).join("");
  if (!path) return;
  lines.append(element("path", { d: path, stroke: "#000", "stroke-opacity": "0.55", "stroke-width": size * 2.4 }));
  lines.append(element("path", { d: path, stroke: colour, "stroke-width": size }));
}

function drawLines() {
  lines.replaceChildren();
  const among = (region) => rank[region] < state.step;
  if (state.borders) stroke(borders, "rgba(255,255,255,.85)", 1);
  if (state.mode === "path") stroke(borders.filter(({ pair }) => among(pair[0]) !== among(pair[1])), "#ffb000", 1.8);
  if (state.picked >= 0) stroke(borders.filter(({ pair }) => pair.includes(state.picked)), "#ffffff", 2.2);
  if (!state.numbers) return;
  const place = data.placement, base = 0.026 * Math.sqrt(data.photo.width * data.photo.height), table = colourTables[data.colour_map];
  for (let at = count - 1; at >= 0; at--) {
    const region = data.order[at], [ax, ay, radius] = data.anchors[region];
    const x = ax * place.scale_x + place.offset_x, y = ay * place.scale_y + place.offset_y;
    const size = Math.max(Math.min(base, 1.5 * radius * Math.min(Math.abs(place.scale_x), Math.abs(place.scale_y))), 0.4 * base);
    const entry = 3 * Math.round((count > 1 ? 1 - at / (count - 1) : 1) * (colourSteps - 1));
    const rgb = [table[entry], table[entry + 1], table[entry + 2]], text = String(at + 1), wide = (0.62 * text.length + 0.6) * size;
    const bright = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] > 128;
    lines.append(element("rect", { x: x - wide / 2, y: y - 0.65 * size, width: wide, height: 1.3 * size, rx: 0.4 * size, fill: `rgb(${rgb})`, stroke: "#000", "stroke-width": 0.05 * size }));
    lines.append(element("text", { x, y, fill: bright ? "#000" : "#fff", style: `font-size:${size}px` }, text));
  }
}

function describe() {
  const target = className(data.target);
  const texts = {
    map: `Saliency map for ${target} over the photograph, opacity ${Math.round(100 * state.alpha)} %. ${data.scale.constant ? "The map is constant and drawn neutral." : `Colours: ${state.colours} from ${number(data.scale.low)} to ${number(data.scale.high)}${data.scale.signed ? ", white is zero" : ""}; scaled for viewing only.`}`,
    path: `${state.direction === "show" ? "Only the" : "Without the"} first ${state.step} of ${count} regions; the rest is dimmed here and was filled for the model.`,
    photo: `The photograph ${data.photo.name}, ${data.photo.width} × ${data.photo.height} pixels. What is grey and dark the model did not see.`,
  };
  $("caption").textContent = texts[state.mode];
  canvas.setAttribute("aria-label", texts[state.mode]);
  $("legend").hidden = state.mode !== "map" || data.scale.constant;
  $("legend").style.display = $("legend").hidden ? "none" : "";
  $("legend-low").textContent = number(data.scale.low);
  $("legend-high").textContent = number(data.scale.high);
  const bar = $("legend-bar").getContext("2d"), image = bar.createImageData(colourSteps, 1), table = colourTables[state.colours];
  for (let i = 0; i < colourSteps; i++) image.data.set([table[3 * i], table[3 * i + 1], table[3 * i + 2], 255], 4 * i);
  bar.putImageData(image, 0, 0);
  $("alpha-text").textContent = `${Math.round(100 * state.alpha)} %`;
  const cut = values && values.length ? values[Math.min(values.length - 1, Math.floor(state.threshold * values.length))] : NaN;
  $("threshold-text").textContent = state.threshold > 0 ? `${Math.round(100 * state.threshold)} %, below ${number(cut)}` : "nothing hidden";
}

function regionText(region) {
  const place = rank[region];
  return `Region ${region}, rank ${place + 1} of ${count}: ${data.where[region]}, ${percent(data.region_area[region])} of the picture; ` +
    `score with the regions so far ${number(data.insertion[place + 1])}, without them ${number(data.deletion[place + 1])}.`;
}
function regionUnder(event) {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left) / box.width * canvas.width), y = Math.floor((event.clientY - box.top) / box.height * canvas.height);
  if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return [-1, NaN];
  return [shownLabels[y * canvas.width + x], shownValues[y * canvas.width + x]];
}
canvas.addEventListener("mousemove", (event) => {
  const [region, value] = regionUnder(event);
  if (region !== state.picked) set({ picked: region });
  $("hover").textContent = region < 0 ? "The model did not see this part." : `${regionText(region)} Value of the map ${number(value)}.`;
});
canvas.addEventListener("mouseleave", () => set({ picked: -1 }));

// Controls.
for (const id of Object.keys(colourTables)) $("colours").append(element("option", { value: id }, id));
$("colours").value = state.colours;
$("sign").parentElement.hidden = !data.scale.signed;
for (const name of ["mode", "direction"])
  for (const input of document.getElementsByName(name)) input.addEventListener("change", () => set({ [name]: input.value }));
for (const name of ["alpha", "threshold"]) $(name).addEventListener("input", () => set({ [name]: $(name).value / 100 }));
for (const name of ["colours", "sign"]) $(name).addEventListener("change", () => set({ [name]: $(name).value }));
for (const name of ["borders", "numbers", "grey"]) $(name).addEventListener("change", () => set({ [name]: $(name).checked }));
$("step").max = count;
$("step").value = state.step;
$("step").addEventListener("input", () => goTo(+$("step").value));

function goTo(step) {
  for (const input of document.getElementsByName("mode")) input.checked = input.value === "path";
  $("step").value = step;
  set({ step, mode: "path" });
}
let timer = 0;
function play(on) {
  clearInterval(timer);
  $("play").textContent = on ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", String(on));
  if (!on) return;
  if (state.step >= count) goTo(0);
  timer = setInterval(() => { if (state.step >= count) play(false); else goTo(state.step + 1); }, Math.max(90, Math.min(450, 12000 / count)));
}
$("play").addEventListener("click", () => play($("play").getAttribute("aria-pressed") !== "true"));

function download(name, url) {
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
$("save-data").addEventListener("click", () => {
  const raw = { ...data.result, raw: { map: Array.from(map, (v) => Number.isFinite(v) ? v : null), labels: Array.from(labels), size: data.size } };
  download("explanation.json", URL.createObjectURL(new Blob([JSON.stringify(raw)], { type: "application/json" })));
});
$("save-picture").addEventListener("click", () => {
  const copy = element("canvas"), drawn = new Image();
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const svg = lines.cloneNode(true);
  svg.setAttribute("width", canvas.width);
  svg.setAttribute("height", canvas.height);
  const style = "path{fill:none;stroke-linejoin:round;vector-effect:non-scaling-stroke}text{font:700 10px sans-serif;text-anchor:middle;dominant-baseline:central}";
  svg.prepend(Object.assign(document.createElementNS("http://www.w3.org/2000/svg", "style"), { textContent: style }));
  drawn.onload = () => { context.drawImage(drawn, 0, 0); download("picture.png", copy.toDataURL("image/png")); };
  drawn.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
});

listeners.push((changes) => {
  if (Object.keys(changes).some((key) => key !== "picked")) paint();
  drawLines();
});
function start() {
  canvas.width = photo.naturalWidth;
  canvas.height = photo.naturalHeight;
  lines.setAttribute("viewBox", `0 0 ${data.photo.width} ${data.photo.height}`);
  lines.setAttribute("preserveAspectRatio", "none");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(photo, 0, 0);
  photoPixels = context.getImageData(0, 0, canvas.width, canvas.height);
  carryBack();
  paint();
  drawLines();
}
if (photo.complete && photo.naturalWidth) start();
else photo.addEventListener("load", start);
