// SPDX-License-Identifier: Apache-2.0
// Everything beside the picture: verdict, curves, sets, classes, ranking, mistake, provenance.
const target = className(data.target), kind = data.target.score_kind;
const chartBox = { width: 640, height: 300, left: 52, right: 26, top: 14, bottom: 44 };
const chart = $("chart");
chart.setAttribute("viewBox", `0 0 ${chartBox.width} ${chartBox.height}`);

function headline() {
  const verdict = $("verdict"), strong = (text) => element("strong", {}, text);
  $("headline").textContent = data.mistake ? `What would have made it “${target}”?` : `Why “${target}”?`;
  const whole = data.predicted, said = data.top.length ? data.top[0].probability : null;
  if (whole.index >= 0) verdict.append("Of the whole picture the model says ", strong(className(whole)), said === null ? "" : ` (probability ${number(said)})`, ". ");
  const set = data.subsets.find((entry) => entry.regions === data.minimal && entry.regions > 0);
  if (set && data.mistake)
    verdict.append("For ", strong(target), ` (${kind} ${number(data.target.full)}) the path is highest with the first `, strong(`${set.regions} of ${count} regions`),
      ` (${percent(set.area)} of the picture): `, strong(number(set.score)), ".");
  else if (set)
    verdict.append("With only the ", strong(`${set.regions} most important of ${count} regions`), ` (${percent(set.area)} of the picture) its ${kind} of ${target} is `,
      strong(number(set.score)), `, against ${number(data.target.full)} with all.`);
  if (data.warnings.length) {
    $("warnings").hidden = false;
    for (const warning of data.warnings) $("warnings").append(element("li", {}, warning));
  }
}

// Ticks at 1, 2 or 5 times a power of ten.
function niceAxis(low, high) {
  if (!(high > low)) { low -= 0.5; high += 0.5; }
  const raw = (high - low) / 5, power = 10 ** Math.floor(Math.log10(raw)), factor = raw / power;
  const step = power * (factor > 5 ? 10 : factor > 2 ? 5 : factor > 1 ? 2 : 1);
  return { low: step * Math.floor(low / step + 1e-9), high: step * Math.ceil(high / step - 1e-9), step };
}
const curves = [["insertion", data.insertion, "shown"], ["deletion", data.deletion, "removed"]];
if (data.second) curves.push(["second", data.second, className(data.predicted)]);
const everyScore = curves.flatMap(([, scores]) => scores).concat(data.target.full, data.target.blank).filter((v) => v !== null);
const scoreAxis = niceAxis(kind === "probability" ? 0 : Math.min(...everyScore), Math.max(...everyScore));
const chartX = (area) => chartBox.left + area * (chartBox.width - chartBox.left - chartBox.right);
const chartY = (score) => chartBox.height - chartBox.bottom - (score - scoreAxis.low) / (scoreAxis.high - scoreAxis.low) * (chartBox.height - chartBox.top - chartBox.bottom);

function drawChart() {
  chart.replaceChildren();
  const right = chartBox.width - chartBox.right, bottom = chartBox.height - chartBox.bottom;
  for (let i = 0; i <= Math.round((scoreAxis.high - scoreAxis.low) / scoreAxis.step); i++) {
    const value = scoreAxis.low + i * scoreAxis.step, y = chartY(value);
    chart.append(element("line", { class: "grid", x1: chartBox.left, x2: right, y1: y, y2: y }));
    chart.append(element("text", { x: chartBox.left - 8, y: y + 4, "text-anchor": "end" }, number(value)));
  }
  for (let share = 0; share <= 100; share += 20)
    chart.append(element("text", { x: chartX(share / 100), y: bottom + 18, "text-anchor": "middle" }, `${share} %`));
  chart.append(element("text", { x: chartX(0.5), y: bottom + 36, "text-anchor": "middle" }, "share of the picture shown, or removed"));
  const levels = [];
  for (const [name, score] of [["whole picture", data.target.full], ["nothing", data.target.blank]]) {
    const y = chartY(score);
    chart.append(element("line", { class: "level", x1: chartBox.left, x2: right, y1: y, y2: y }));
    levels.push(element("text", { class: "halo", x: right - 4, y: y - 6, "text-anchor": "end" }, `${name} ${number(score)}`));
  }
  for (const [name, scores, text] of curves.slice().reverse()) {
    const points = scores.map((score, i) => score === null ? null : [chartX(data.areas[i]), chartY(score)]).filter(Boolean);
    chart.append(element("polyline", { class: `curve ${name}`, points: points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ") }));
    scores.forEach((score, i) => {
      if (score === null) return;
      const dot = element("circle", { class: name, cx: chartX(data.areas[i]), cy: chartY(score), r: 2.6 });
      dot.append(element("title", {}, `${text}: ${i} regions, ${percent(data.areas[i])}, ${kind} ${number(score)}`));
      chart.append(dot);
    });
  }
  chart.append(...levels);
  const x = chartX(data.areas[state.step]);
  chart.append(element("line", { class: "cursor", x1: x, x2: x, y1: chartBox.top, y2: bottom }));
  $("chart-text").replaceChildren();
  const texts = [`● shown (insertion), area below the curve ${number(data.insertion_auc)}, higher is better`, `● removed (deletion), ${number(data.deletion_auc)}, lower is better`];
  if (data.second) texts.push(`● ${className(data.predicted)}, with the same regions shown`);
  texts.forEach((text, i) => $("chart-text").append(element("span", { style: `color:var(--${["insertion", "deletion", "second"][i]})` }, text)));
  chart.setAttribute("aria-label", `Curves of the ${kind} of ${target}. ${texts.map((text) => text.slice(2)).join("; ")}. Whole picture ${number(data.target.full)}, nothing shown ${number(data.target.blank)}.`);
}
chart.addEventListener("click", (event) => {
  const box = chart.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * chartBox.width;
  let best = 0;
  data.areas.forEach((area, i) => { if (Math.abs(chartX(area) - x) < Math.abs(chartX(data.areas[best]) - x)) best = i; });
  goTo(best);
});

function fillSubsets() {
  for (const entry of data.subsets) {
    if (entry.regions < 0) {
      $("subsets").append(element("p", { class: "small" }, `${entry.title}: there is none.`));
      continue;
    }
    const button = element("button", { type: "button" });
    button.append(element("b", {}, String(entry.regions)), element("div", {}, entry.title),
      element("span", {}, `${percent(entry.area)} of the picture, ${kind} ${entry.removed ? "without them" : "with only them"} ${number(entry.score)}`));
    button.addEventListener("click", () => {
      for (const input of document.getElementsByName("direction")) input.checked = (input.value === "remove") === entry.removed;
      set({ direction: entry.removed ? "remove" : "show" });
      goTo(entry.regions);
    });
    $("subsets").append(button);
  }
}

function fillClasses() {
  $("classes-section").hidden = !data.top.length;
  for (const entry of data.top) {
    const row = element("tr", entry.index === data.target.index ? { class: "target" } : {}), bar = element("div", { class: "bar" });
    bar.style.setProperty("--share", `${100 * entry.probability}%`);
    const cell = element("td");
    cell.append(bar);
    row.append(element("td", {}, className(entry) + (entry.index === data.target.index ? " ◂ explained" : "")), cell, element("td", {}, number(entry.probability)));
    $("classes").tBodies[0].append(row);
  }
}

// Four decimals for probabilities, so that columns can be compared by eye.
const cell = (value) => value === null || !Number.isFinite(value) ? "–" : kind === "probability" ? value.toFixed(4) : number(value);

function fillRanking() {
  data.order.forEach((region, place) => {
    const row = element("tr"), button = element("button", { type: "button", "aria-label": `Show the first ${place + 1} regions` }, String(place + 1)), first = element("td");
    const now = data.insertion[place + 1], before = data.insertion[place], change = now === null || before === null ? NaN : now - before, rise = cell(change);
    button.addEventListener("click", () => { goTo(place + 1); $("hover").textContent = regionText(region); });
    first.append(button);
    row.append(first, element("td", {}, String(region)), element("td", {}, data.where[region]), element("td", {}, percent(data.region_area[region])),
      element("td", {}, cell(now)), element("td", { class: +rise > 0 ? "up" : +rise < 0 ? "down" : "" }, +rise > 0 ? `+${rise}` : rise.replace("-", "−").replace(/^−(0\.?0*)$/, "$1")), element("td", {}, cell(data.deletion[place + 1])));
    row.addEventListener("mouseenter", () => set({ picked: region }));
    row.addEventListener("mouseleave", () => set({ picked: -1 }));
    button.addEventListener("focus", () => set({ picked: region }));
    button.addEventListener("blur", () => set({ picked: -1 }));
    $("ranking").tBodies[0].append(row);
  });
}

function fillMistake() {
  if (!data.mistake) return;
  const mistake = data.mistake, body = $("mistake-body");
  $("mistake").hidden = false;
  body.append(element("p", {}, `The model answers ${className(data.predicted)}, not ${target}. The ${kind} of ${target} is highest once ${percent(mistake.peak_area)} of the picture is shown. ` +
    `The ${count - mistake.peak_step} regions after step ${mistake.peak_step} take it down again: if ${target} is right, they are what misleads the model.`));
  const table = element("table"), head = element("tr"), row = element("tr");
  head.append(element("th", { scope: "col" }, "Highest within a revealed area of"));
  row.append(element("th", { scope: "row" }, `${kind} of ${target}`));
  ["25 %", "50 %", "75 %", "100 %"].forEach((text, i) => { head.append(element("th", { scope: "col" }, text)); row.append(element("td", {}, number(mistake.highest[i]))); });
  table.append(head, row);
  const button = element("button", { type: "button" }, "Show the regions that mislead");
  button.addEventListener("click", () => {
    for (const input of document.getElementsByName("direction")) input.checked = input.value === "remove";
    set({ direction: "remove" });
    goTo(mistake.peak_step);
  });
  body.append(table, button);
}

function fillProvenance() {
  $("method-text").textContent = data.method.title ? `${data.method.title}. ${data.method.summary} ${data.method.citation}` : "";
  for (const [name, value] of data.facts) {
    const row = element("tr");
    row.append(element("th", { scope: "row" }, name), element("td", {}, value));
    $("parameters").tBodies[0].append(row);
  }
}

function followStep() {
  const step = state.step, scores = state.direction === "show" ? data.insertion : data.deletion;
  $("step-text").textContent = `${step} of ${count} regions ${state.direction === "show" ? "shown" : "removed"}, ${percent(data.areas[step])} of the picture: ${kind} of ${target} ${number(scores[step])}`;
  $("step").setAttribute("aria-valuetext", $("step-text").textContent);
  [...$("ranking").tBodies[0].rows].forEach((row, place) => row.classList.toggle("on", place < step));
}
listeners.push((changes) => {
  if ("step" in changes || "direction" in changes) { drawChart(); followStep(); }
});
headline();
fillSubsets();
fillClasses();
fillRanking();
fillMistake();
fillProvenance();
drawChart();
followStep();
