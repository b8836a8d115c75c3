// The table of findings: which rows, in which order, and as many of them as are asked for.
const COLUMNS = ["status", "host", "control", "expected", "actual", "reason", "since"];
const FILTERS = ["q", "host", "control", "status", "owner", "severity", "news", "good", "sort"];
const PAGE = 100;
const NOBODY = "-";
const filters = Object.fromEntries(FILTERS.map((name) => [name, ""]));
let found = [];
let rendered = 0;

// Most urgent first: not good, not measured, good; in each by severity. Endpoints and records are in order already.
const CLASSES = ["not_good", "not_measured", "good"];
const urgency = bodies.map((body) => (body ? CLASSES.indexOf(classOf(body.status)) * 1000
  + SEVERITIES.indexOf(body.severity) * 100 + STATUS_ORDER.indexOf(body.status) : 0));
const ordered = DATA.rows.map((_row, n) => n).sort((a, b) => urgency[DATA.rows[a][1]] - urgency[DATA.rows[b][1]]);
const goodRows = DATA.rows.filter((row) => classOf(bodies[row[1]].status) === "good").length;

// What a filter is compared with, once per endpoint, body and waiver, and not once per row.
let haystacks = null;
function makeHaystacks() {
  haystacks = {
    endpoints: endpoints.map((one) => `${one.name}\n${one.owner}\n${W.life[one.life]}`.toLowerCase()),
    bodies: bodies.map((body) => (body ? [
      ...TEXTS.map((name) => body[name]), titleOf(body), W.status[body.status],
      valueText(body.expected), valueText(body.actual), valueText(body.before),
    ].join("\n").toLowerCase() : "")),
    waivers: DATA.rowWaivers.map((waiver) => (waiver ? Object.values(waiver).join("\n").toLowerCase() : "")),
  };
}

function hostTest(wanted) {
  const exact = /^"(.*)"$/.exec(wanted);
  if (exact) return (name) => name === exact[1];
  const part = wanted.toLowerCase();
  return (name) => name.toLowerCase().includes(part);
}

function bodyTest(body) {
  if (!body) return false;
  if (filters.control && body.control !== filters.control) return false;
  if (filters.severity && body.severity !== filters.severity) return false;
  if (filters.status) return body.status === filters.status;
  // What was fixed, or flaps, is good now, and yet it is what was asked for.
  return Boolean(filters.good) || ["fixed", "flapping"].includes(filters.news) || classOf(body.status) !== "good";
}

function newsTest(marks, body) {
  if (filters.news === "flapping") return marks >> 4 === 1;
  const news = NEWS[marks & 3];
  return news === filters.news || (filters.news === "fixed" && body.status === "fixed");
}

function find() {
  const isHost = hostTest(filters.host);
  const owner = filters.owner === NOBODY ? "" : filters.owner;
  const hosts = endpoints.map((one) => isHost(one.name) && (!filters.owner || one.owner === owner));
  const kinds = bodies.map(bodyTest);
  if (!haystacks && filters.q) makeHaystacks();
  const terms = filters.q.toLowerCase().split(/\s+/).filter(Boolean).map((term) => {
    const has = (hay) => hay.includes(term);
    return [haystacks.endpoints.map(has), haystacks.bodies.map(has), haystacks.waivers.map(has)];
  });
  const rows = ordered.filter((n) => {
    const [endpoint, body, , marks = 0, waiver = 0] = DATA.rows[n];
    return hosts[endpoint] && kinds[body] && (!filters.news || newsTest(marks, bodies[body]))
      && terms.every(([ofEndpoint, ofBody, ofWaiver]) => ofEndpoint[endpoint] || ofBody[body] || ofWaiver[waiver]);
  });
  return sorted(rows);
}

const ranks = new Map();
function bodyRank(column) {
  if (!ranks.has(column)) {
    const key = {
      control: (body) => `${body.control}\n${body.instance}`, reason: (body) => body.reason,
      expected: (body) => valueText(body.expected), actual: (body) => valueText(body.actual),
    }[column];
    const texts = bodies.map((body) => (body ? key(body) : ""));
    const places = new Map([...new Set(texts)].sort().map((one, n) => [one, n]));
    ranks.set(column, texts.map((one) => places.get(one)));
  }
  return ranks.get(column);
}

function sorted(rows) {
  const column = filters.sort.replace(/^-/, "");
  if (!COLUMNS.includes(column)) return rows;
  const way = filters.sort.startsWith("-") ? -1 : 1;
  let key;
  if (column === "status") key = (row) => urgency[row[1]];
  else if (column === "host") key = (row) => row[0];
  else if (column === "since") key = (row) => Date.parse(DATA.strings[row[2] || 0]) || 0;
  else { const rank = bodyRank(column); key = (row) => rank[row[1]]; }
  const keys = new Map(rows.map((n) => [n, key(DATA.rows[n])]));
  return rows.sort((a, b) => way * (keys.get(a) - keys.get(b)));
}

function small(label, ...content) {
  return element("div", { class: "small" }, label ? element("span", { class: "label" }, `${label} `) : "", ...content);
}

// A host's name breaks before its domain, not at a hyphen in the middle of its own name.
function hostName(name) {
  const dot = name.indexOf(".");
  return dot < 1 || name.length > 80 ? [text(name)]
    : [element("span", { class: "label-of-host" }, name.slice(0, dot)), element("wbr"), name.slice(dot)];
}

function controlCell(body) {
  const parts = [element("div", { class: "title" }, text(titleOf(body)))];
  parts.push(element("div", { class: "id" }, text(body.control + (body.instance ? ` [${body.instance}]` : ""))));
  if (body.scope === "default") parts.push(small("", W.scope_default));
  else if (body.scope !== "machine") parts.push(small("", text(fill(W.scope_user, { who: body.user ? `${body.user} (${body.scope})` : body.scope }))));
  return parts;
}

function reasonCell({ body, waiver }) {
  const parts = [];
  const step = body.next || (Object.hasOwn(W.next, body.status) ? W.next[body.status] : "");
  if (body.reason) parts.push(element("div", {}, text(body.reason)));
  if (step) parts.push(element("div", { class: "step" }, element("span", { class: "label" }, `${W.next_step} `), text(step)));
  if (body.why) parts.push(small(W.why, whyLinks(body.why)));
  if (waiver) {
    const about = [waiver.owner, waiver.reason, waiver.ticket, fill(W.until, { date: waiver.expires })].filter(Boolean);
    parts.push(small(W.waiver_is, text(about.join(" · "))));
  }
  return parts;
}

// The sections that are referred to stand at the end of this page, so that the links work wherever it is opened.
function whyLinks(why) {
  const parts = document.createDocumentFragment();
  why.split("; ").forEach((part, n) => {
    const [link] = part.split(": ", 1);
    const place = Object.hasOwn(DATA.sources, link) ? `source-${DATA.sources[link]}` : "";
    if (n) parts.append("; ");
    if (!place) { parts.append(text(part)); return; }
    const node = element("a", { href: `#${place}` }, link);
    node.addEventListener("click", (event) => { event.preventDefault(); goTo(place); });
    parts.append(node, part.slice(link.length));
  });
  return parts;
}

// Whose doing it was: a run of this project, by its playbook and name, or somebody else.
function doing({ moved, movedBy }) {
  const [playbook, run] = movedBy.split(" ");
  if (!Object.hasOwn(W.moved_by, playbook)) return [W.moved[moved]];
  return [fill(W.moved_by[playbook], { run }), ...(moved === "both" ? [W.moved.desired] : [])];
}

function sinceCell(row) {
  const { since, moved, flapping } = row;
  const parts = [];
  if (since) parts.push(element("div", { class: "duration" }, duration(since, DATA.now)), small("", time(since)));
  if (moved) parts.push(...doing(row).map((words) => small("", text(words))));
  if (flapping) parts.push(element("div", { class: "small flapping" }, `↺\ufe0e ${W.flapping}`));
  return parts;
}

function renderRow(n) {
  const row = rowOf(n);
  const { body, endpoint } = row;
  const status = [statusTag(body.status), small("", `${W.severity_label}: ${W.severity[body.severity]}`)];
  if (row.news) status.push(element("div", { class: `small news is-${row.news}` }, W.news[row.news]));
  const host = [element("div", { class: "host" }, ...hostName(endpoint.name))];
  if (endpoint.owner) host.push(small("", text(endpoint.owner)));
  if (endpoint.life !== "in_house") host.push(small("", W.life[endpoint.life]));
  const actual = [element("div", { class: "value" }, value(body.actual))];
  if (body.before) actual.push(small(W.before, element("span", { class: "value" }, value(body.before))));
  if (body.evidence) actual.push(small(W.evidence, text(body.evidence)));
  const cells = {
    status, host, control: controlCell(body), expected: [element("div", { class: "value" }, value(body.expected))],
    actual, reason: reasonCell(row), since: sinceCell(row),
  };
  return element("tr", { role: "row", class: `is-${classOf(body.status)}` }, ...COLUMNS.map((name) => (name === "host"
    ? element("th", { scope: "row", role: "rowheader", "data-label": W.column[name] }, ...cells[name])
    : element("td", { role: "cell", "data-label": W.column[name] }, ...cells[name]))));
}

function renderUpTo(limit) {
  const body = byId("body");
  const until = Math.min(limit, found.length);
  if (rendered > until) body.replaceChildren(...[...body.children].slice(0, until));
  else {
    const rows = document.createDocumentFragment();
    for (let n = rendered; n < until; n += 1) rows.append(renderRow(found[n]));
    body.append(rows);
  }
  rendered = until;
  const left = found.length - rendered;
  byId("more").hidden = left === 0;
  const [some, all] = byId("more").querySelectorAll("button");
  some.textContent = fill(W.show_more, { n: number(Math.min(PAGE, left)) });
  all.textContent = fill(W.show_all_rows, { n: number(found.length) });
}

function renderHead() {
  const column = filters.sort.replace(/^-/, "");
  byId("columns").replaceChildren(...COLUMNS.map((name) => {
    const way = name !== column ? "none" : filters.sort.startsWith("-") ? "descending" : "ascending";
    const arrow = { none: "↕", ascending: "↑", descending: "↓" }[way] + "\ufe0e";
    const sort = button(W.column[name], () => setFilters({ sort: way === "ascending" ? `-${name}` : name }, name), {
      "data-sort": name, title: fill(W.sort_by, { what: W.column[name] }),
    });
    sort.append(element("span", { class: "arrow", "aria-hidden": "true" }, arrow));
    return element("th", { scope: "col", role: "columnheader", "aria-sort": way, class: `column-${name}` }, sort);
  }));
}

function describeFilters() {
  const words = [];
  if (filters.q) words.push(`${W.search} “${filters.q}”`);
  if (filters.host) words.push(`${W.host} “${filters.host}”`);
  if (filters.control) words.push(`${W.control} ${filters.control}`);
  if (filters.status) words.push(`${W.status_label} ${W.status[filters.status]}`);
  if (filters.owner) words.push(`${W.owner} ${filters.owner === NOBODY ? W.nobody : filters.owner}`);
  if (filters.severity) words.push(`${W.severity_label} ${W.severity[filters.severity]}`);
  if (filters.news) words.push(`${W.news_label} ${W.news[filters.news]}`);
  return words.length ? fill(W.filtered, { what: words.join(", ") }) : "";
}

function renderTable() {
  found = find();
  rendered = 0;
  byId("body").replaceChildren();
  byId("findings-title").textContent = filters.good ? W.findings_all : W.findings;
  renderHead();
  renderUpTo(PAGE);
  const words = [fill(W.shown, { n: number(found.length), all: number(DATA.rows.length) })];
  if (!filters.good && !filters.status && goodRows) words.push(fill(W.shown_compliant, { n: number(goodRows) }));
  byId("count").textContent = [...words, describeFilters()].filter(Boolean).join(" · ");
  byId("nothing").hidden = found.length > 0;
  byId("nothing").textContent = describeFilters() ? W.nothing_found : W.all_good;
  byId("rows").hidden = found.length === 0;
}
