"use strict";
// The chart: one measure over time, the period before, and the unfinished last step drawn as such.

const LEGEND = 34; // pixels below the chart

class Chart {
  // `onZoom(from, to)` gets the seconds of a range that was dragged, `onReset()` a double click.
  constructor(element, onZoom, onReset) {
    this.element = element;
    this.onZoom = onZoom;
    this.onReset = onReset;
    this.plot = null;
    this.shape = "";
    new ResizeObserver(() => this.resize()).observe(element);
  }

  color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  resize() {
    if (this.plot && this.element.clientWidth > 0) this.plot.setSize(this.size());
  }

  size() {
    return { width: Math.max(this.element.clientWidth, 200), height: Math.max(this.element.clientHeight - LEGEND, 160) };
  }

  // `data`: {times, values, previous | null, marks | null, unfinished, zone, label, grain}.
  draw(data) {
    this.last = data;
    const finished = data.values.map((v, i) => (data.unfinished && i === data.values.length - 1 ? null : v));
    const open = data.values.map((v, i) => (data.unfinished && i >= data.values.length - 2 ? v : null));
    const series = [data.times, finished, open, data.previous || data.times.map(() => null), data.marks || data.times.map(() => null)];
    const shape = [data.label, data.zone, data.grain, Boolean(data.previous), Boolean(data.marks), document.documentElement.dataset.theme].join("|");
    if (this.plot && shape === this.shape) {
      this.plot.setData(series);
      return;
    }
    this.redraw(series, data, shape);
  }

  redraw(series, data, shape) {
    this.clear();
    this.shape = shape;
    const text = this.color("--muted"), grid = { stroke: this.color("--line"), width: 1 };
    const accent = this.color("--accent"), points = { show: data.times.length < 40, size: 5 };
    const number = (u, v) => (v == null ? "–" : format(v));
    const short = data.grain && /day|month|year|week/.test(data.grain);
    this.plot = new uPlot({
      ...this.size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone),
      cursor: { drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => { this.onReset(); return null; } } },
      legend: { live: true },
      axes: [
        { stroke: text, grid, ticks: grid, space: 70 },
        { stroke: text, grid, ticks: grid, size: 60, values: (u, ticks) => ticks.map((v) => compact(v)) },
      ],
      scales: { y: { range: (u, min, max) => [Math.min(0, min ?? 0), max > 0 ? max * 1.08 : 1] } },
      series: [
        { value: (u, v) => (v == null ? "–" : moment(v * 1000, data.zone, !short)) },
        { label: data.label, stroke: accent, width: 2, fill: this.color("--fill"), points, value: number, spanGaps: false },
        { label: "until now", stroke: accent, width: 2, dash: [4, 4], points, value: number, show: true },
        { label: "period before", stroke: text, width: 1.500, dash: [2, 3], points: { show: false }, value: number, show: Boolean(data.previous) },
        { label: "unusual", stroke: this.color("--bad"), paths: () => null, value: number, show: Boolean(data.marks),
          points: { show: true, size: 12, width: 2, stroke: this.color("--bad"), fill: "transparent" } },
      ],
      hooks: {
        setSelect: [(u) => {
          if (u.select.width > 4) {
            const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
            this.onZoom(from, to);
          }
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        }],
      },
    }, series, this.element);
  }

  clear() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    this.shape = "";
  }
}

const formatter = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const compactFormatter = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

function format(value) { return value == null ? "–" : formatter.format(value); }

function compact(value) { return value == null ? "" : compactFormatter.format(value); }

function moment(milliseconds, zone, withTime) {
  const options = { timeZone: zone, dateStyle: "medium", ...(withTime ? { timeStyle: "short" } : {}) };
  return new Intl.DateTimeFormat(undefined, options).format(milliseconds);
}
