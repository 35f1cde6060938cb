// SPDX-License-Identifier: Apache-2.0
// Raw values of the page and small helps. Nothing here draws.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

function bytesOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
const map = new Float32Array(bytesOf(data.map).buffer); // [height, width]
const labels = data.labels_type === "u16" ? new Uint16Array(bytesOf(data.labels).buffer)
                                          : new Int32Array(bytesOf(data.labels).buffer);
const [height, width] = data.size;
const count = data.order.length;
const rank = new Array(count); // region -> place in the order, from 0
data.order.forEach((region, place) => { rank[region] = place; });
const colourTables = Object.fromEntries(Object.entries(data.colours).map(([id, table]) => [id, bytesOf(table)]));
const colourSteps = 257; // odd: the middle entry is zero of a signed map

function element(name, attributes = {}, text = "") {
  const svg = ["path", "line", "circle", "text", "g", "rect", "title", "polyline"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== "") made.textContent = text;
  return made;
}
const number = (value) => value === null || !Number.isFinite(value) ? "–" : String(+value.toPrecision(3));
const percent = (share) => share === null ? "–" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const className = (entry) => entry.name || `class ${entry.index}`;

// What the reader has chosen. Every change goes through set(), which redraws.
const state = { mode: "map", alpha: 0.5, colours: data.scale.signed ? data.diverging : data.colour_map, threshold: 0, sign: "both",
  borders: false, numbers: false, grey: false, step: data.minimal, direction: "show", picked: -1 };
const listeners = [];
function set(changes) {
  Object.assign(state, changes);
  for (const listener of listeners) listener(changes);
}
