"use strict";
// Every cell of the sweep, two parameters at a time; of all cells that share both values the best in sample is shown.
const data = JSON.parse(document.getElementById("data").textContent);
const { axes, rows, metrics, quote } = data;
const style = getComputedStyle(document.documentElement);
const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

function options(select, names, chosen) {
  names.forEach((name, index) => select.add(new Option(name, index, false, index === chosen)));
  select.addEventListener("change", draw);
}
options(byId("x"), axes.map((axis) => axis.name), 0);
options(byId("y"), [...axes.map((axis) => axis.name), "–"], axes.length > 1 ? 1 : axes.length);
options(byId("metric"), metrics.map((metric) => metric.name), 0);
options(byId("part"), rows.some((row) => row.later) ? ["in sample", "out of sample"] : ["all rows"], 0);

function value(row, metric, part) {
  const outcome = part ? row.later : row.first;
  return outcome ? outcome[metric] : null;
}
function colourOf(v, low, high, inverted) {
  if (v === null) return "transparent";
  const good = style.getPropertyValue("--buy").trim(), bad = style.getPropertyValue("--sell").trim();
  let part = low < 0 && high > 0 ? v / (v > 0 ? high : -low) : high > low ? (2 * (v - low)) / (high - low) - 1 : 0;
  if (inverted) part = -part;
  return `color-mix(in oklab, ${part >= 0 ? good : bad} ${Math.round(12 + 68 * Math.abs(part))}%, var(--card))`;
}
function draw() {
  const x = +byId("x").value, y = +byId("y").value, metric = +byId("metric").value, part = +byId("part").value;
  const best = new Map();
  for (const row of rows) {
    const key = row.cell[x] + "|" + (y < axes.length ? row.cell[y] : "");
    const held = best.get(key);
    if (!held || (value(row, 0, 0) ?? -Infinity) > (value(held, 0, 0) ?? -Infinity)) best.set(key, row);
  }
  const values = [...best.values()].map((row) => value(row, metric, part)).filter((v) => v !== null);
  const low = Math.min(...values), high = Math.max(...values), inverted = metrics[metric].inverted;
  const columns = axes[x].values, lines = y < axes.length && y !== x ? axes[y].values : [""];
  const table = document.createElement("table");
  table.className = "heat";
  const head = table.createTHead().insertRow();
  head.append(Object.assign(document.createElement("th"), { textContent: lines[0] === "" ? "" : axes[y].name }));
  for (const column of columns) head.append(Object.assign(document.createElement("th"), { textContent: column }));
  const body = table.createTBody();
  for (const line of [...lines].reverse()) {
    const tr = body.insertRow();
    tr.append(Object.assign(document.createElement("th"), { textContent: line }));
    for (const column of columns) {
      const cell = tr.insertCell(), row = best.get(column + "|" + (y < axes.length && y !== x ? line : y < axes.length ? column : ""));
      const v = row ? value(row, metric, part) : null;
      cell.textContent = v === null ? "–" : number.format(v);
      cell.style.background = colourOf(v, low, high, inverted);
      if (row) cell.title = row.problem || axes.map((axis, i) => `${axis.name} = ${row.cell[i]}`).join("\n") + "\n" +
        metrics.map((m, i) => `${m.name}: ${number.format(value(row, i, 0))}` +
          (row.later ? ` in sample, ${number.format(value(row, i, 1))} out of sample` : "")).join("\n");
    }
  }
  byId("heat").replaceChildren(table);
  byId("xname").textContent = axes[x].name + " →";
  scatter();
}
function scatter() {
  const canvas = byId("scatter");
  if (!canvas) return;
  const both = rows.filter((row) => row.first && row.later), ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = 320;
  canvas.width = width * ratio; canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const span = (part) => { const all = both.map((row) => value(row, 0, part)); return [Math.min(...all), Math.max(...all)]; };
  const [x0, x1] = span(0), [y0, y1] = span(1);
  const px = (v) => 70 + ((v - x0) / (x1 - x0 || 1)) * (width - 90), py = (v) => height - 40 - ((v - y0) / (y1 - y0 || 1)) * (height - 60);
  pen.strokeStyle = style.getPropertyValue("--line"); pen.fillStyle = style.getPropertyValue("--soft"); pen.font = "12px system-ui";
  pen.strokeRect(64, 14, width - 78, height - 48);
  for (const [v, at] of [[x0, "left"], [x1, "right"]]) { pen.textAlign = at; pen.fillText(number.format(v), px(v), height - 18); }
  pen.textAlign = "right"; for (const v of [y0, y1]) pen.fillText(number.format(v), 60, py(v) + 4);
  pen.textAlign = "center"; pen.fillText(`profit in sample (${quote})`, width / 2, height - 4);
  pen.fillStyle = style.getPropertyValue("--equity"); pen.globalAlpha = 0.7;
  for (const row of both) { pen.beginPath(); pen.arc(px(value(row, 0, 0)), py(value(row, 0, 1)), 3.5, 0, 7); pen.fill(); }
}
new ResizeObserver(scatter).observe(document.body);
draw();
