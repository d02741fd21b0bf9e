"use strict";
// Questions of the analytics, where they are installed: alerts, unusual buckets, funnels, cohorts. app.js has the state.

const RANGES = { "1 day": "14 days", "1 week": "12 weeks", "1 month": "12 months" }; // of cohorts
const MOST_STEPS = 20;
const LEAST = 4; // standard deviations from usual
const EVERY = 30000; // milliseconds between questions

const Analyses = {
  kinds: [],
  found: [], // unusual buckets
  width: 0, // of such a bucket, in milliseconds
  asking: null, // an AbortController
  drawn: {}, // the question that each panel shows the answer of
  shownSteps: null,
  suggested: null, // the site whose types of events are offered

  // Follows the controls.
  begin() {
    for (const name of ["funnel", "cohorts"]) $(name).addEventListener("toggle", () => this.opened(name));
    $("funnel-form").addEventListener("submit", (event) => {
      event.preventDefault();
      change({ steps: this.steps().filter(Boolean), within: $("within").value });
    });
    $("within").addEventListener("change", () => change({ steps: this.steps().filter(Boolean), within: $("within").value }));
    $("period").addEventListener("change", () => change({ period: $("period").value }));
    setInterval(() => { if (this.kinds.length && document.visibilityState === "visible" && current()) this.again(); }, EVERY);
  },

  // Shows what the state says, and asks.
  show() {
    const installed = this.kinds.length > 0;
    $("analyses").hidden = $("unusual-label").hidden = !installed;
    if (!installed) return;
    $("unusual").checked = !state.unusual;
    $("unusual").disabled = !state.site || !this.hourly();
    $("unusual-label").title = $("unusual").disabled ? "Choose a site, and a rollup that is kept by hour or by day" : "";
    $("within").value = state.within;
    $("period").value = state.period;
    this.showSteps();
    for (const name of ["funnel", "cohorts"]) $(name).open = this.isOpen(name);
    this.found = [];
    this.tellUnusual();
    this.ask();
  },

  isOpen(name) { return state.open.split(",").includes(name); },

  toggle(name) { if (this.kinds.length) { $(name).open = !$(name).open; $(name).querySelector("summary").focus(); } },

  // What is open is in the address, without a new entry of the history.
  opened(name) {
    if ($(name).open === this.isOpen(name)) return;
    const others = state.open.split(",").filter((each) => each && each !== name);
    state.open = [...others, ...($(name).open ? [name] : [])].join();
    writeAddress(true);
    if ($(name).open) this.askPanel(name, this.signal());
  },

  signal() {
    this.asking ??= new AbortController();
    return this.asking.signal;
  },

  ask() {
    this.asking?.abort();
    this.asking = null;
    this.drawn = {};
    this.again();
  },

  again() {
    const signal = this.signal();
    this.askAlerts(signal);
    this.askUnusual(signal);
    for (const name of ["funnel", "cohorts"]) if (this.isOpen(name)) this.askPanel(name, signal);
  },

  // Alerts

  async askAlerts(signal) {
    try {
      const answer = await Data.get("analytics/alerts", state.site ? { site_id: state.site } : {}, signal);
      const shown = answer.rows.filter((each) => each.state !== "normal");
      $("alerts").hidden = !shown.length;
      $("alerts").replaceChildren(...shown.slice(0, 20).map((each) => this.alert(each, answer.time_zone)),
        ...(shown.length > 20 ? [element("p", { className: "alert", textContent: `and ${shown.length - 20} more` })] : []));
    } catch (error) {
      if (signal.aborted || error.status === 404) return; // the page says so itself
      $("alerts").hidden = false;
      $("alerts").replaceChildren(element("p", { className: "alert", textContent: `Alerts cannot be shown. ${error.message}` }));
    }
  },

  alert({ rule, state: now, since, value, comparison, threshold, tenant, silenced, severity, description, note }, zone) {
    const about = [description, note].filter(Boolean).join(" – ");
    const measured = value == null ? "" : ` ${format(value)} (${comparison} ${format(threshold)})`;
    const whose = !state.site && tenant ? `, tenant ${tenant}` : "";
    return element("p", { className: `alert ${now.replace(" ", "-")}` },
      element("span", { className: "state", textContent: `${now}${silenced ? ", silenced" : ""}: ` }),
      `${rule}${whose}${measured} `,
      element("span", { className: "since", textContent: `${severity ?? ""} since ${moment(Date.parse(since), zone, true)}${about ? ` · ${about}` : ""}` }));
  },

  // Unusual buckets

  // The rollup of the family whose buckets are compared: by hour or, for steps of days, by day.
  hourly() {
    const family = rollups.filter((each) => each.family === current().family);
    const [hour, day] = ["01:00:00", "1 day"].map((bucket) => family.find((each) => each.bucket === bucket));
    const long = /day|week|month|year/.test(listen.last?.grain ?? state.grain);
    return (long ? day ?? hour : hour ?? day) ?? null;
  },

  async askUnusual(signal) {
    const rollup = this.hourly(), name = state.measure;
    if ($("unusual").disabled || state.unusual || !rollup) { this.mark([]); return; }
    const { compare, ...asked } = question({ rollup: rollup.name, measure: name, least: LEAST });
    try {
      const answer = await Data.get("analytics/anomalies", asked, signal);
      this.width = rollup.bucket === "1 day" ? 86400000 : 3600000;
      this.mark(answer.rows, answer.time_zone);
    } catch (error) {
      if (signal.aborted || error.status === 404) return;
      this.mark([]);
      $("unusual-told").hidden = false;
      $("unusual-told").textContent = `What is unusual cannot be shown. ${error.message}`;
    }
  },

  mark(rows, zone) {
    const before = JSON.stringify(this.found);
    this.found = rows;
    this.tellUnusual(zone);
    if (before !== JSON.stringify(rows) && listen.last && current()) drawSeries(listen.last);
  },

  tellUnusual(zone) {
    const rows = this.found.slice().reverse();
    $("unusual-told").hidden = !rows.length;
    $("unusual-told").replaceChildren(element("span", { className: "ring", ariaHidden: "true" }),
      `Unusual, compared with the same time of the week in 8 weeks before`,
      element("ul", {}, ...rows.slice(0, 5).map((each) => element("li", {
        textContent: `${moment(Date.parse(each.bucket), zone, this.width < 86400000)}: ${format(each.value)}, usually ${format(each.median)}`,
      })), ...(rows.length > 5 ? [element("li", { textContent: `and ${rows.length - 5} more` })] : [])));
  },

  // The values of the series that are marked. Where steps are finer than buckets it is the one that stands out most, where
  // they are coarser the one that contains the bucket.
  marks(times, values) {
    if (!this.found.length) return null;
    const marked = times.map(() => null);
    for (const { bucket, z } of this.found) {
      const from = Date.parse(bucket) / 1000, to = from + this.width / 1000;
      let best = -1;
      for (let i = 0; i < times.length && times[i] < to; i += 1) {
        if (values[i] == null) continue;
        const inside = times[i] >= from;
        if (best < 0 || !inside || times[best] < from || (z > 0 ? values[i] > values[best] : values[i] < values[best])) best = i;
      }
      if (best >= 0) marked[best] = values[best];
    }
    return marked;
  },

  // Panels

  async askPanel(name, signal) {
    const target = $(`${name}-answer`);
    if (!state.site) { this.tell(target, "Choose a site: this question is about the users of one site."); return; }
    const asked = name === "funnel" ? this.funnelQuestion() : [["site_id", state.site], ["range", RANGES[state.period] ?? RANGES["1 week"]], ["period", state.period]];
    if (!asked) { this.tell(target, "Name a step."); return; }
    if (this.drawn[name] !== String(asked)) target.setAttribute("aria-busy", "true");
    if (!target.firstChild) this.tell(target, "Counting …");
    try {
      const answer = await Data.get(`analytics/${name === "funnel" ? "funnel" : "retention"}`, asked, signal);
      if (name === "funnel") this.drawFunnel(target, answer); else this.drawCohorts(target, answer);
      this.drawn[name] = String(asked);
    } catch (error) {
      if (signal.aborted) return;
      this.tell(target, error.message, "failed");
    }
    target.removeAttribute("aria-busy");
  },

  tell(target, text, className = "empty") {
    target.removeAttribute("aria-busy");
    target.replaceChildren(element("p", { className, textContent: text }));
  },

  // Funnel

  // Fields are written again when the address has other steps, so that what is being typed stays.
  showSteps() {
    if (this.shownSteps === String(state.steps)) return;
    this.shownSteps = String(state.steps);
    const steps = state.steps.length ? state.steps : ["pageview"];
    $("steps").replaceChildren(...[...steps, ""].slice(0, MOST_STEPS).map((step, i) => this.stepField(step, i)));
  },

  stepField(step, i) {
    const input = element("input", {
      value: step, maxLength: 300, autocomplete: "off", spellcheck: false, placeholder: i ? "order, path:/cart*" : "pageview",
      oninput: () => this.moreSteps(), onfocus: () => this.suggest(),
    });
    input.setAttribute("list", "step-names");
    return element("label", {}, `Step ${i + 1}`, input);
  },

  // An empty field follows the last step.
  moreSteps() {
    const steps = this.steps();
    if (steps.at(-1) && steps.length < MOST_STEPS) $("steps").append(this.stepField("", steps.length));
  },

  steps() { return [...$("steps").querySelectorAll("input")].map((each) => each.value.trim()); },

  // Types of events of the site, most frequent first.
  async suggest() {
    const rollup = rollups.find((each) => each.dimensions.some((d) => d.name === "event_type") && each.family === each.name);
    const measure = rollup?.measures.find((each) => each.type === "number")?.name;
    if (!measure || this.suggested === state.site) return;
    this.suggested = state.site;
    try {
      const asked = { site_id: state.site, range: "30 days", grain: "total", dimensions: "event_type", measures: measure, order: `-${measure}`, limit: 30 };
      const answer = await Data.get(`rollups/${encodeURIComponent(rollup.name)}`, asked);
      $("step-names").replaceChildren(...answer.rows.filter((each) => each.event_type).map((each) => element("option", { value: each.event_type })));
    } catch { this.suggested = null; } // asked again at the next field
  },

  funnelQuestion() {
    const steps = this.steps().filter(Boolean);
    if (!steps.length) return null;
    const range = state.from ? [["from", state.from], ["to", state.to]] : [["range", state.range]];
    return [["site_id", state.site], ...range, ["within", state.within], ...steps.map((each) => ["step", each])];
  },

  drawFunnel(target, answer) {
    const percent = (rate) => (rate == null ? "–" : `${format(Math.round(rate * 1000) / 10)} %`);
    const most = Math.max(1, ...answer.rows.map((each) => each.users));
    const head = ["Step", "Users", "of the first", "of the step before", "half since the first within"];
    const cells = (each, i) => [format(each.users), percent(each.of_first), i ? percent(each.of_previous) : "", i ? lasting(each.median_seconds) : ""];
    target.replaceChildren(element("table", { className: "funnel" },
      element("thead", {}, element("tr", {}, ...head.map((text, i) => element("th", { textContent: text, className: `${i ? "n" : ""} ${i > 3 ? "late" : ""}` })))),
      element("tbody", {}, ...answer.rows.map((each, i) => element("tr", {},
        element("td", {}, each.name, element("progress", { className: "bar", max: most, value: each.users, ariaHidden: "true" })),
        ...cells(each, i).map((text, n) => element("td", { className: `n ${n > 2 ? "late" : ""}`, textContent: text })))))));
  },

  // Cohorts

  drawCohorts(target, answer) {
    if (!answer.rows.length) { this.tell(target, "No new users in this time."); return; }
    const cohorts = new Map();
    for (const row of answer.rows) cohorts.set(row.cohort, [...(cohorts.get(row.cohort) ?? []), row]);
    const unit = state.period.replace(/^1 /, ""), last = Math.max(...answer.rows.map((each) => each.n));
    const head = ["Since", "Users", ...Array.from({ length: last + 1 }, (_, n) => (n ? `+${n}` : `this ${unit}`))];
    target.replaceChildren(element("table", { className: "grid" },
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col", textContent: text })))),
      element("tbody", {}, ...[...cohorts].map(([cohort, rows]) => element("tr", {},
        element("th", { scope: "row", textContent: moment(Date.parse(cohort), answer.time_zone, false) }),
        element("td", { textContent: format(rows[0].size) }),
        ...rows.map((each) => {
          if (each.users == null) return element("td", { textContent: "…", title: `This ${unit} is not over` });
          const cell = element("td", { className: "rate", textContent: `${Math.round(each.rate * 100)} %`, title: `${format(each.users)} of ${format(each.size)} users` });
          cell.style.setProperty("--rate", each.rate);
          return cell;
        }))))));
  },
};

// A duration in one unit.
function lasting(seconds) {
  if (seconds == null) return "–";
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= length) return `${format(Math.round(seconds / length * 10) / 10)} ${unit}`;
  return `${format(Math.round(seconds))} s`;
}
