"use strict";
// The page: its state is the address, so that a link shows the same.

const $ = (id) => document.getElementById(id);
const DEFAULTS = { rollup: "", site: "", range: "24 hours", from: "", to: "", grain: "auto", measure: "", compare: "", unusual: "", open: "", within: "1 day", period: "1 week" };
const state = { ...DEFAULTS, filters: {}, steps: [] };
let rollups = [];
let stream = null; // an AbortController
let loading = null; // another
let chart = null;
let refreshed = 0;
let waiting = 0;

// State and address

function readAddress() {
  const given = new URLSearchParams(location.search);
  for (const name of Object.keys(DEFAULTS)) state[name] = given.get(name) ?? DEFAULTS[name];
  state.steps = given.getAll("step");
  state.filters = {};
  for (const [name, value] of given) if (name.startsWith("filter.")) state.filters[name.slice(7)] = value;
}

function writeAddress(replace) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(DEFAULTS)) if (state[name] !== value) params.set(name, state[name]);
  for (const [name, value] of Object.entries(state.filters)) params.set(`filter.${name}`, value);
  for (const step of state.steps) params.append("step", step);
  const address = params.size ? `?${params}` : location.pathname;
  if (replace) history.replaceState(null, "", address); else history.pushState(null, "", address);
}

function change(changes) {
  Object.assign(state, changes);
  writeAddress(false);
  show();
}

function current() { return rollups.find((each) => each.name === state.rollup); }

function numbers() { return current().measures.filter((each) => each.type === "number"); }

function question(more) {
  const asked = {};
  if (state.site) asked.site_id = state.site;
  if (state.from) { asked.from = state.from; asked.to = state.to; } else asked.range = state.range;
  if (state.compare) asked.compare = "previous";
  for (const [name, value] of Object.entries(state.filters)) asked[`filter.${name}`] = value;
  return { ...asked, ...more };
}

// Drawing

function show() {
  const rollup = current();
  if (!rollup) return;
  if (!numbers().some((each) => each.name === state.measure)) state.measure = numbers()[0]?.name ?? "";
  $("site").value = state.site;
  $("rollup").value = state.rollup;
  $("range").value = state.from ? "custom" : state.range;
  $("grain").value = state.grain;
  $("compare").checked = Boolean(state.compare);
  $("reset").hidden = !state.from;
  document.title = `${state.site || "All sites"} – Analytics Dashboard`;
  showFilters();
  showSkeleton(rollup);
  Analyses.show();
  listen();
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function showFilters() {
  $("filters").replaceChildren(...Object.entries(state.filters).map(([name, value]) => element("button", {
    type: "button", textContent: `${name}: ${value || "unknown"} ×`, title: "Remove this filter",
    onclick: () => { const filters = { ...state.filters }; delete filters[name]; change({ filters }); },
  })));
}

// Cards and panels are there before their numbers are, so that nothing moves.
function showSkeleton(rollup) {
  const names = numbers().map((each) => each.name);
  if ($("totals").dataset.names !== names.join()) {
    $("totals").dataset.names = names.join();
    $("totals").replaceChildren(...names.map((name) => element("button", {
      type: "button", className: "total", onclick: () => change({ measure: name }),
    }, element("span", { className: "name", textContent: words(name) }), element("span", { className: "number", textContent: "–" }),
    element("span", { className: "change", textContent: " " }))));
  }
  [...$("totals").children].forEach((card, i) => card.setAttribute("aria-pressed", String(names[i] === state.measure)));
  const wanted = [...rollup.measures.filter((each) => each.type === "list"), ...rollup.dimensions].map((each) => each.name);
  if ($("lists").dataset.names !== rollup.name + wanted.join()) {
    $("lists").dataset.names = rollup.name + wanted.join();
    $("lists").replaceChildren(...wanted.map((name) => {
      const panel = element("section", { className: "panel" }, element("h2", { textContent: words(name) }), element("table", {}));
      panel.dataset.name = name;
      panel.setAttribute("aria-label", words(name));
      return panel;
    }));
  }
}

function words(name) {
  const text = name.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
}

function drawSeries(answer) {
  const rows = answer.rows, name = state.measure;
  const times = rows.map((row) => Date.parse(row.bucket) / 1000);
  const now = Date.parse(answer.now), end = Date.parse(answer.to);
  const unfinished = now < end && rows.length > 0;
  const shown = unfinished ? rows.filter((row) => Date.parse(row.bucket) <= now) : rows;
  const previous = state.compare ? rows.map((row) => row.previous?.[name] ?? null) : null;
  const values = rows.map((row, i) => (i < shown.length ? row[name] : null));
  const cut = state.compare ? rows.length : shown.length;
  chart.draw({
    times: times.slice(0, cut), values: values.slice(0, cut), previous: previous?.slice(0, cut), unfinished: unfinished && cut === shown.length,
    zone: answer.time_zone, label: words(name), grain: answer.grain,
    marks: Analyses.marks(times.slice(0, cut), values.slice(0, cut)),
  });
  $("chart-title").textContent = `${words(name)} by ${stepWords(answer.grain)}`;
  $("empty").hidden = rows.some((row) => row[name]);
  drawTable(answer, shown);
}

function stepWords(grain) {
  const clock = /^(\d\d):(\d\d):(\d\d)$/.exec(grain);
  if (!clock) return grain.replace(/^1 /, "");
  const [hours, minutes, seconds] = clock.slice(1).map(Number);
  const [n, unit] = hours ? [hours, "hour"] : minutes ? [minutes, "minute"] : [seconds, "second"];
  return n === 1 ? unit : `${n} ${unit}s`;
}

function drawTable(answer, rows) {
  if (!$("details").open) { $("table").replaceChildren(); return; }
  const names = answer.measures;
  const head = element("tr", {}, element("th", { textContent: "Time" }), ...names.map((n) => element("th", { className: "n", textContent: words(n) })));
  const withTime = !/day|month|year/.test(answer.grain);
  const body = rows.slice().reverse().map((row) => element("tr", {},
    element("td", { textContent: moment(Date.parse(row.bucket), answer.time_zone, withTime) }),
    ...names.map((n) => element("td", { className: "n", textContent: format(row[n]) }))));
  $("table").replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}

function drawTotals(answer) {
  const row = answer.rows[0] ?? {};
  numbers().forEach(({ name }, i) => {
    const card = $("totals").children[i], told = card.querySelector(".change");
    card.querySelector(".number").textContent = format(row[name]);
    told.className = "change";
    const before = row.previous?.[name];
    if (!state.compare) told.textContent = " ";
    else if (!before) told.textContent = `before: ${format(before)}`;
    else {
      const percent = Math.round((row[name] / before - 1) * 100);
      told.textContent = `${percent >= 0 ? "▲" : "▼"} ${Math.abs(percent)} % from ${format(before)}`;
      told.classList.add(percent >= 0 ? "up" : "down");
    }
  });
  for (const { name } of current().measures.filter((each) => each.type === "list")) {
    drawList(name, (row[name] ?? []).map(({ item, value, previous: before }) => ({ label: item, value, before })), null);
  }
}

function drawBreakdown(name, answer) {
  drawList(name, answer.rows.map((row) => ({ label: row[name], value: row[state.measure], before: row.previous?.[state.measure] })), name);
}

function drawList(name, items, dimension) {
  const panel = [...$("lists").children].find((each) => each.dataset.name === name);
  if (!panel) return;
  const table = panel.querySelector("table"), most = Math.max(1, ...items.map((each) => each.value ?? 0));
  if (!items.length) {
    table.replaceChildren(element("tbody", {}, element("tr", {}, element("td", { className: "empty", textContent: "Nothing in this range." }))));
    return;
  }
  table.replaceChildren(element("tbody", {}, ...items.slice(0, 10).map(({ label, value, before }) => {
    const text = element("span", { textContent: label ?? "unknown" });
    const cell = dimension ? element("button", {
      type: "button", className: "row-button", title: `Show only ${label ?? "unknown"}`,
      onclick: () => change({ filters: { ...state.filters, [dimension]: label ?? "" } }),
    }, text) : text;
    return element("tr", {}, element("td", {}, cell, element("progress", { className: "bar", max: most, value: value ?? 0, ariaHidden: "true" })),
      element("td", { className: "n", textContent: format(value) }), ...(state.compare ? [trend(value, before)] : []));
  })));
}

// How a number of a list differs from the one of the period before.
function trend(value, before) {
  if (!before) return element("td", { className: "n change", textContent: value ? "new" : "", title: "Not in the list of the period before" });
  const percent = Math.round((value / before - 1) * 100);
  const [kind, sign] = percent > 0 ? ["up", "▲"] : percent < 0 ? ["down", "▼"] : ["", "="];
  return element("td", { className: `n change ${kind}`, textContent: `${sign} ${Math.abs(percent)} %`, title: `before: ${format(before)}` });
}

// Asking

function listen() {
  stream?.abort();
  stream = new AbortController();
  refreshed = 0;
  document.body.classList.add("waiting");
  $("chart").classList.add("loading");
  const asked = question({ grain: state.grain, measures: numbers().map((each) => each.name).join() });
  const { signal } = stream;
  Data.follow(`rollups/${encodeURIComponent(state.rollup)}/stream`, asked, signal, (answer) => {
    problem(null);
    $("chart").classList.remove("loading");
    drawSeries(answer);
    listen.last = answer;
    refreshSoon();
  }, tellState).catch((error) => { if (!signal.aborted) problem(error); });
}

function tellState(kind, text) {
  $("live").className = `live ${kind === "live" ? "on" : "off"}`;
  const said = { live: "live", lost: "connection lost, trying again", problem: text };
  $("live-text").textContent = said[kind];
}

// Totals and lists follow the stream, once a second at most.
function refreshSoon() {
  const due = refreshed + 1000 - Date.now();
  if (waiting) return;
  if (due <= 0) { refresh(); return; }
  waiting = setTimeout(() => { waiting = 0; refresh(); }, due);
}

async function refresh() {
  refreshed = Date.now();
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading, rollup = current(), path = `rollups/${encodeURIComponent(rollup.name)}`;
  const all = rollup.measures.filter((each) => each.type === "number" || each.type === "list").map((each) => each.name);
  try {
    await Promise.all([
      Data.get(path, question({ grain: "total", measures: all.join() }), signal).then(drawTotals),
      ...rollup.dimensions.map(({ name }) => Data.get(path, question({
        grain: "total", dimensions: name, measures: state.measure, order: `-${state.measure}`, limit: 10,
      }), signal).then((answer) => drawBreakdown(name, answer))),
    ]);
    document.body.classList.remove("waiting");
  } catch (error) {
    if (error.name !== "AbortError") problem(error);
  }
}

function problem(error) {
  $("problem").hidden = !error;
  $("key-form").hidden = !(error?.status === 401 || error?.status === 403);
  if (!error) return;
  $("problem-text").textContent = error.message;
  $("chart").classList.remove("loading");
  document.body.classList.remove("waiting");
  tellState("problem", "not live");
  if (error.status === 404 && state.site) {
    $("problem-text").textContent = `${error.message} Send it a test event with the form below, or choose another.`;
    document.querySelector("#send [name=site_id]").value = state.site;
  }
}

async function start() {
  readAddress();
  try {
    const [catalog, sites, analyses] = await Promise.all([Data.get("rollups"), Data.get("sites"), Data.get("analytics")]);
    Analyses.kinds = analyses.analyses;
    rollups = catalog.rollups.filter((each) => each.measures.some((m) => m.type === "number"));
    $("sites").replaceChildren(...sites.sites.map((each) => element("option", { value: each.site_id, label: each.name })));
    // Members of a family answer alike: one of them is offered.
    const families = rollups.filter((each) => each.family === each.name || !each.family);
    $("rollup").replaceChildren(...families.map((each) => element("option", { value: each.name, textContent: words(each.name.replace(/_(1min|5min|1hr|1day)$/, "")) })));
    if (!current()) state.rollup = (families.find((each) => each.name.startsWith("site_views")) ?? families[0])?.name ?? "";
    else if (!families.includes(current())) state.rollup = current().family;
    if (!new URLSearchParams(location.search).has("site") && sites.sites.length === 1) state.site = sites.sites[0].site_id;
    if (!state.rollup) { problem(new Error("No rollup is declared yet.")); return; }
    writeAddress(true);
    problem(null);
    show();
  } catch (error) {
    problem(error);
  }
}

// Controls

function reset() { if (state.from) change({ from: "", to: "" }); }

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  chart?.clear();
  if (listen.last && current()) drawSeries(listen.last);
}

function toggleTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme);
  setTheme(theme);
}

chart = new Chart($("chart"), (from, to) => {
  change({ from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(), grain: "auto" });
}, reset);
const dark = matchMedia("(prefers-color-scheme: dark)");
setTheme(localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"));
dark.addEventListener("change", () => { if (!localStorage.getItem("theme")) setTheme(dark.matches ? "dark" : "light"); });

$("site").addEventListener("change", () => change({ site: $("site").value.trim(), filters: {} }));
$("rollup").addEventListener("change", () => change({ rollup: $("rollup").value, measure: "", filters: {} }));
$("range").addEventListener("change", () => change({ range: $("range").value, from: "", to: "", grain: "auto" }));
$("grain").addEventListener("change", () => change({ grain: $("grain").value }));
$("compare").addEventListener("change", () => change({ compare: $("compare").checked ? "1" : "" }));
$("unusual").addEventListener("change", () => change({ unusual: $("unusual").checked ? "" : "off" }));
$("theme").addEventListener("click", toggleTheme);
$("reset").addEventListener("click", reset);
$("retry").addEventListener("click", () => (rollups.length ? show() : start()));
$("details").addEventListener("toggle", () => listen.last && drawSeries(listen.last));
$("key-form").addEventListener("submit", (event) => { event.preventDefault(); Data.key = $("key").value.trim(); start(); });

$("send").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value.trim()));
  const sent = $("sent");
  sent.className = "";
  sent.textContent = "Sending …";
  try {
    const answer = await Data.send(fields);
    sent.className = "good";
    sent.textContent = answer.status === "stored" ? "Stored." : "Accepted; the database will have it soon.";
    if (state.site !== fields.site_id && (!state.site || !$("problem").hidden)) change({ site: fields.site_id, filters: {} });
    else if (!$("problem").hidden || !rollups.length) start();
  } catch (error) {
    sent.className = "bad";
    sent.textContent = error.message;
  }
});

addEventListener("popstate", () => { readAddress(); if (!current()) start(); else show(); });
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const ranges = [...$("range").options].filter((each) => !each.hidden).map((each) => each.value);
  if (event.key === "/") { event.preventDefault(); $("site").focus(); }
  else if (event.key === "c") change({ compare: state.compare ? "" : "1" });
  else if (event.key === "u" && !$("unusual").disabled) change({ unusual: state.unusual ? "" : "off" });
  else if (event.key === "f" || event.key === "r") Analyses.toggle(event.key === "f" ? "funnel" : "cohorts");
  else if (event.key === "t") toggleTheme();
  else if (event.key === "Escape") reset();
  else if (ranges[Number(event.key) - 1]) change({ range: ranges[Number(event.key) - 1], from: "", to: "", grain: "auto" });
});

Analyses.begin();
start();
