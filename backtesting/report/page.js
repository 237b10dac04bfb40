"use strict";
// One canvas per panel, one shared span of time. Numbers here are for drawing only; exact ones are in the tables.
const data = JSON.parse(document.getElementById("data").textContent);
const { worth, orders, fills, strategies, quote, base } = data;
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue("--" + name).trim();
const whole = [worth.t[0], worth.t[worth.t.length - 1] || worth.t[0] + 1];
let span = [...whole];
let pointer = null;
const shown = { ladder: true, fills: true };
strategies.forEach((name, index) => (shown["s" + index] = true));

const LEFT = 8, RIGHT = 74, TOP = 18, BOTTOM = 6;
const panels = [
  { title: `price (${quote}), ladder and fills`, height: 340, draw: drawPrice,
    values: () => [worth.hi, worth.lo], lines: [] },
  { title: `equity and buy-and-hold (${quote})`, height: 190, lines: [["e", "equity"], ["h", "hold"]] },
  { title: `inventory (${base})`, height: 120, lines: [["b", "base"]], step: true, zero: true },
  { title: "drawdown (%)", height: 120, lines: [["d", "sell"]], zero: true, axis: true, fill: true },
];

function bisect(times, time) {
  let low = 0, high = times.length;
  while (low < high) { const middle = (low + high) >> 1; if (times[middle] < time) low = middle + 1; else high = middle; }
  return low;
}
function visible() {
  return [Math.max(0, bisect(worth.t, span[0]) - 1), Math.min(worth.t.length - 1, bisect(worth.t, span[1]))];
}
function bounds(panel) {
  const [first, last] = visible();
  let low = Infinity, high = -Infinity;
  for (const values of panel.values ? panel.values() : panel.lines.map(([key]) => worth[key]))
    for (let i = first; i <= last; i++) { low = Math.min(low, values[i]); high = Math.max(high, values[i]); }
  if (panel.zero) { low = Math.min(low, 0); high = Math.max(high, 0); }
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - room, high + room];
}
const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 7 });
const date = (time) => new Date(time).toISOString().replace("T", " ").slice(0, 16);

function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(+value.toPrecision(12));
  return found;
}
const STEPS = [1, 5, 15, 60, 180, 360, 720, 1440, 2880, 7200, 14400, 43200, 86400, 259200, 525600].map((m) => m * 6e4);

function prepare(panel) {
  const ratio = window.devicePixelRatio || 1, width = panel.canvas.clientWidth;
  panel.canvas.width = width * ratio; panel.canvas.height = panel.height * ratio;
  const pen = panel.canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, panel.height);
  pen.font = "12px system-ui, sans-serif";
  const [low, high] = bounds(panel), bottom = panel.height - BOTTOM - (panel.axis ? 18 : 0);
  const x = (time) => LEFT + ((time - span[0]) / (span[1] - span[0])) * (width - LEFT - RIGHT);
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - TOP);
  return { pen, width, bottom, low, high, x, y };
}
function grid(panel, view) {
  const { pen, width, bottom, low, high, x, y } = view;
  pen.strokeStyle = colour("line"); pen.fillStyle = colour("soft"); pen.lineWidth = 1;
  for (const value of ticks(low, high, panel.height / 45)) {
    pen.beginPath(); pen.moveTo(LEFT, y(value)); pen.lineTo(width - RIGHT, y(value)); pen.stroke();
    pen.fillText(number.format(value), width - RIGHT + 6, y(value) + 4);
  }
  const step = STEPS.find((step) => (span[1] - span[0]) / step <= width / 130) || STEPS[STEPS.length - 1];
  for (let time = Math.ceil(span[0] / step) * step; time <= span[1]; time += step) {
    pen.beginPath(); pen.moveTo(x(time), TOP); pen.lineTo(x(time), bottom); pen.stroke();
    if (panel.axis) pen.fillText(step < 864e5 ? date(time).slice(5) : date(time).slice(0, 10), x(time) + 3, bottom + 15);
  }
  pen.fillStyle = colour("soft");
  pen.fillText(panel.title, LEFT, 12);
}
function line(view, values, name, options = {}) {
  const { pen, x, y } = view, [first, last] = visible();
  pen.strokeStyle = colour(name); pen.lineWidth = options.width || 1.4; pen.beginPath();
  for (let i = first; i <= last; i++) {
    if (i === first) pen.moveTo(x(worth.t[i]), y(values[i]));
    else { if (options.step) pen.lineTo(x(worth.t[i]), y(values[i - 1])); pen.lineTo(x(worth.t[i]), y(values[i])); }
  }
  pen.stroke();
  if (options.fill) {
    pen.lineTo(x(worth.t[last]), y(0)); pen.lineTo(x(worth.t[first]), y(0)); pen.globalAlpha = 0.15;
    pen.fillStyle = colour(name); pen.fill(); pen.globalAlpha = 1;
  }
}
function drawPrice(view) {
  const { pen, x, y, width, low, high } = view, [first, last] = visible();
  if (shown.ladder) {
    pen.lineWidth = 1; pen.globalAlpha = Math.max(0.16, Math.min(0.6, 60 / (orders.t0.length + 1)));
    for (const side of [0, 1]) {
      pen.strokeStyle = colour(side ? "sell" : "buy"); pen.beginPath();
      for (let i = 0; i < orders.t0.length; i++) {
        if (orders.side[i] !== side || !shown["s" + orders.s[i]] || orders.t1[i] < span[0] || orders.t0[i] > span[1])
          continue;
        if (orders.p[i] < low || orders.p[i] > high) continue;
        pen.moveTo(Math.max(LEFT, x(orders.t0[i])), y(orders.p[i]));
        pen.lineTo(Math.min(width - RIGHT, x(orders.t1[i])), y(orders.p[i]));
      }
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }
  pen.fillStyle = colour("price"); pen.globalAlpha = 0.22; pen.beginPath();
  for (let i = first; i <= last; i++) pen.lineTo(x(worth.t[i]), y(worth.hi[i]));
  for (let i = last; i >= first; i--) pen.lineTo(x(worth.t[i]), y(worth.lo[i]));
  pen.fill(); pen.globalAlpha = 1;
  line(view, worth.p, "price", { width: 1.1 });
  if (!shown.fills) return;
  for (let i = 0; i < fills.t.length; i++) {
    if (!shown["s" + fills.s[i]] || fills.t[i] < span[0] || fills.t[i] > span[1]) continue;
    const at = x(fills.t[i]), level = y(fills.p[i]), up = fills.side[i] ? -1 : 1;
    pen.fillStyle = colour(fills.side[i] ? "sell" : "buy");
    pen.beginPath(); pen.moveTo(at, level); pen.lineTo(at - 4, level + 7 * up); pen.lineTo(at + 4, level + 7 * up); pen.fill();
  }
}
function nearestFill(view, place) {
  let best = null, distance = 100;
  for (let i = 0; i < fills.t.length; i++) {
    if (!shown["s" + fills.s[i]]) continue;
    const d = (view.x(fills.t[i]) - place[0]) ** 2 + (view.y(fills.p[i]) - place[1]) ** 2;
    if (d < distance) { distance = d; best = i; }
  }
  return best;
}
function draw() {
  for (const panel of panels) {
    const view = (panel.view = prepare(panel)), { pen, width, bottom } = view;
    grid(panel, view);
    pen.save(); pen.beginPath(); pen.rect(LEFT, TOP - 6, width - LEFT - RIGHT, bottom - TOP + 10); pen.clip();
    if (panel.draw) panel.draw(view);
    for (const [key, name] of panel.lines) line(view, worth[key], name, { step: panel.step, fill: panel.fill });
    if (pointer) {
      pen.strokeStyle = colour("soft"); pen.setLineDash([3, 3]); pen.beginPath();
      pen.moveTo(pointer.x, TOP - 6); pen.lineTo(pointer.x, bottom); pen.stroke(); pen.setLineDash([]);
    }
    pen.restore();
  }
  tell();
}
function tell() {
  const told = document.getElementById("told");
  if (!pointer) { told.textContent = "Wheel: zoom · drag: move · double click: whole time · point at a fill to read it"; return; }
  const view = panels[0].view;
  const time = span[0] + ((pointer.x - LEFT) / (view.width - LEFT - RIGHT)) * (span[1] - span[0]);
  const i = Math.min(worth.t.length - 1, Math.max(0, bisect(worth.t, time)));
  let text = `${date(worth.t[i])} UTC · price ${number.format(worth.p[i])} · equity ${number.format(worth.e[i])}` +
    ` · buy-and-hold ${number.format(worth.h[i])} · ${number.format(worth.b[i])} ${base} · drawdown ${worth.d[i].toFixed(1)} %`;
  const near = pointer.panel === 0 && shown.fills ? nearestFill(view, [pointer.x, pointer.y]) : null;
  if (near !== null)
    text = `${date(fills.t[near])} UTC · ${strategies[fills.s[near]]} ${fills.side[near] ? "sold" : "bought"}` +
      ` ${fills.v[near]} ${base} at ${number.format(fills.p[near])} ${quote}, fee ${fills.f[near]}`;
  told.textContent = text;
}
let queued = false;
function redraw() { if (!queued) { queued = true; requestAnimationFrame(() => { queued = false; draw(); }); } }
function move(begin, end) {
  const size = Math.min(end - begin, whole[1] - whole[0]);
  begin = Math.max(whole[0], Math.min(begin, whole[1] - size));
  span = [begin, begin + size]; redraw();
}
panels.forEach((panel, index) => {
  const canvas = (panel.canvas = document.createElement("canvas"));
  canvas.style.height = panel.height + "px";
  canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", panel.title);
  document.getElementById("panels").append(canvas);
  const perPixel = () => (span[1] - span[0]) / (canvas.clientWidth - LEFT - RIGHT);
  let drag = null;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const part = (event.offsetX - LEFT) / (canvas.clientWidth - LEFT - RIGHT), at = span[0] + part * (span[1] - span[0]);
    const size = Math.max(6e4, (span[1] - span[0]) * (event.deltaY > 0 ? 1.25 : 0.8));
    move(at - part * size, at + (1 - part) * size);
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => { drag = [event.offsetX, ...span]; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => (drag = null));
  canvas.addEventListener("pointermove", (event) => {
    pointer = { x: event.offsetX, y: event.offsetY, panel: index };
    if (drag) { const by = (drag[0] - event.offsetX) * perPixel(); move(drag[1] + by, drag[2] + by); } else redraw();
  });
  canvas.addEventListener("pointerleave", () => { pointer = null; redraw(); });
  canvas.addEventListener("dblclick", () => move(...whole));
});
for (const box of document.querySelectorAll("#bar input"))
  box.addEventListener("change", () => { shown[box.name] = box.checked; redraw(); });
document.getElementById("whole").addEventListener("click", () => move(...whole));
new ResizeObserver(redraw).observe(document.getElementById("panels"));
redraw();
