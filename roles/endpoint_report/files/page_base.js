"use strict";
// Data, words and small helpers. Text of endpoints goes into the page as text nodes and attributes only, never as HTML.
const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const NEWS = ["", "new", "still", "fixed"];
const MOVED = ["", "desired", "endpoint", "both"];
const SEVERITIES = ["high", "medium", "low"];
const STATES = ["not_good", "not_measured", "good", "retired"];
// Of each status: its class, and the sign beside its word (the last character keeps a sign from becoming an emoji).
const STATUSES = new Map([
  ["drifted", ["not_good", "≠"]], ["waiver_expired", ["not_good", "◆"]], ["error", ["not_good", "×"]],
  ["managed_elsewhere", ["not_good", "⇄"]],
  ["unreachable", ["not_measured", "?"]], ["stale", ["not_measured", "◷"]], ["offsite", ["not_measured", "↗\ufe0e"]],
  ["waived", ["good", "◇"]], ["fixed", ["good", "✓"]], ["compliant", ["good", "✓"]], ["not_applicable", ["good", "–"]],
]);
const STATUS_ORDER = [...STATUSES.keys()];
const STATE_SIGNS = { not_good: "!", not_measured: "?", good: "✓", retired: "–" };
const LONG = 300;
let language = DATA.language;
let W = WORDS[language];

const byId = (id) => document.getElementById(id);
const classOf = (status) => STATUSES.get(status)[0];

// The tables of page_data.py: a body by its names, made when it is first asked for.
const TEXTS = ["control", "instance", "scope", "role", "title", "severity", "status", "reason", "evidence", "next", "why", "user"];
const bodies = DATA.bodies.map((places) => {
  if (!places) return null;
  const body = {};
  TEXTS.forEach((name, n) => { body[name] = DATA.strings[places[n]]; });
  [body.expected, body.actual, body.before] = places.slice(TEXTS.length);
  return body;
});
const endpoints = DATA.endpoints.map(([name, owner, life, state, worst, at, counts]) =>
  ({ name, owner, life, state, worst, at, counts }));
const rowOf = (n) => {
  const [endpoint, body, since = 0, marks = 0, waiver = 0, mover = 0] = DATA.rows[n];
  return {
    endpoint: endpoints[endpoint], body: bodies[body], since: DATA.strings[since], waiver: DATA.rowWaivers[waiver],
    news: NEWS[marks & 3], moved: MOVED[(marks >> 2) & 3], flapping: marks >> 4 === 1,
    movedBy: DATA.strings[mover],
  };
};

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== "" && child !== null && child !== undefined));
  return node;
}

function button(words, action, attributes) {
  const node = element("button", { type: "button", ...attributes }, words);
  node.addEventListener("click", action);
  return node;
}

// "{n} rows" with values; what has no value stays as it is.
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? values[name] : whole));
// The reader's own habits where they are of the page's language; else those that leave no doubt about day and month.
const locale = () => navigator.languages.find((one) => one.startsWith(language)) || { en: "en-GB", ja: "ja-JP" }[language];
const number = (n) => new Intl.NumberFormat(locale()).format(n);

function titleOf(body) {
  if (Object.hasOwn(W.controls, body.control)) return W.controls[body.control];
  const [role, ending] = [body.role, body.control.slice(body.role.length + 1)];
  if (body.control === `${role}.${ending}` && Object.hasOwn(W.controls_of_any_role, ending)) return W.controls_of_any_role[ending];
  return body.title || body.control;
}

const utc = (at) => `${at.slice(0, 16).replace("T", " ")} UTC`;
const local = (at) => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
const time = (at) => element("time", { datetime: at, title: utc(at) }, local(at));

function duration(from, to) {
  const minutes = Math.floor((new Date(to) - new Date(from)) / 60000);
  for (const [name, size] of [["day", 1440], ["hour", 60], ["minute", 1]]) {
    const n = Math.floor(minutes / size);
    if (n >= 1) return n === 1 ? W[name] : fill(W[`${name}s`], { n: number(n) });
  }
  return W.moment;
}

function sign(text) {
  const part = document.createDocumentFragment();
  part.append(element("span", { class: "sign", "aria-hidden": "true" }, text), " ");
  return part;
}
const statusTag = (status) =>
  element("span", { class: `tag is-${classOf(status)}` }, sign(STATUSES.get(status)[1]), W.status[status]);

// A long text: its beginning (or what is given instead), and all of it when somebody asks.
function folded(whole, short) {
  const count = fill(W.whole, { n: number(whole.length) });
  const rest = element("details", { class: "whole" }, element("summary", {}, count));
  rest.addEventListener("toggle", () => {
    if (rest.childElementCount === 1) rest.append(element("div", { class: "all", tabindex: "0", role: "region", "aria-label": count }, whole));
  }, { once: true });
  const part = document.createDocumentFragment();
  part.append(...(short || [`${whole.slice(0, LONG)}…`]), rest);
  return part;
}
const text = (whole) => (whole.length > LONG ? folded(whole) : whole);
const brief = (whole) => (whole.length > 80 ? `${whole.slice(0, 80)}…` : whole);

// A value of reports/difference.py: the same and different parts in turn.
function value(place) {
  const parts = DATA.values[place];
  if (!parts) return "";
  if (parts.length === 1 && !parts[0]) return element("span", { class: "not-set" }, W.not_read);
  if (!parts.length) return element("span", { class: "not-set" }, W.not_set);
  const nodes = parts.map((part, n) => (n % 2 ? element("mark", {}, part) : part)).filter((part) => part !== "");
  const whole = DATA.whole[place];
  return whole === undefined ? element("span", {}, ...nodes) : folded(whole, nodes);
}
const valueText = (place) => (DATA.values[place] ? DATA.whole[place] ?? DATA.values[place].join("") : "");

function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-w]")) node.textContent = W[node.dataset.w];
  for (const node of document.querySelectorAll("[data-w-label]")) node.setAttribute("aria-label", W[node.dataset.wLabel]);
  for (const node of document.querySelectorAll("[data-w-placeholder]")) node.placeholder = W[node.dataset.wPlaceholder];
  for (const node of document.querySelectorAll("[data-language]")) node.setAttribute("aria-pressed", String(node.dataset.language === language));
  document.title = [W.title, DATA.now.slice(0, 10)].filter(Boolean).join(" ");
}
