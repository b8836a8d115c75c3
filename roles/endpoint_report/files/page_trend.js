// The trend as a step chart: one panel for each class, each on its own scale, so that 3 drifts beside 1,000 good controls
// can be seen. Pattern, mark and words tell the panels apart, not colour alone.
const PANELS = [["not_good", 2], ["not_measured", 3], ["good", 1]];
const PANEL = 74;
const GAP = 34;
const LEFT = 4;
const RIGHT = 64;

function drawn(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function stepPath(points, x, y, end) {
  let path = "";
  points.forEach(([at, n], place) => { path += place ? `H${x(at)}V${y(n)}` : `M${x(at)} ${y(n)}`; });
  return `${path}H${end}`;
}

// Lines for "not good", dots for "not measured", nothing but a tint for "good".
function pattern(state) {
  const shape = { not_good: drawn("path", { d: "M0 6L6 0" }), not_measured: drawn("circle", { cx: 3, cy: 3, r: 1 }), good: drawn("path", { d: "" }) }[state];
  shape.setAttribute("class", "shape");
  return drawn("pattern", { id: `pattern-${state}`, width: 6, height: 6, patternUnits: "userSpaceOnUse", class: `ink-${state}` },
    drawn("rect", { width: 6, height: 6, class: "tint" }), shape);
}

function panel(state, column, top, width, x) {
  const points = DATA.trend.map((point) => [Date.parse(point[0]), point[column]]);
  const most = Math.max(1, ...points.map(([, n]) => n));
  const y = (n) => Math.round((top + PANEL - (n / most) * PANEL) * 10) / 10;
  const end = width - RIGHT;
  const line = stepPath(points, x, y, end);
  const last = points[points.length - 1][1];
  const marks = points.map(([at, n]) => ({
    not_good: drawn("rect", { x: x(at) - 2.5, y: y(n) - 2.5, width: 5, height: 5 }),
    not_measured: drawn("path", { d: `M${x(at)} ${y(n) - 3.5}l3.5 3.5l-3.5 3.5l-3.5 -3.5z` }),
    good: drawn("circle", { cx: x(at), cy: y(n), r: 2.5 }),
  }[state]));
  return drawn("g", { class: `ink-${state}` },
    drawn("text", { x: LEFT, y: top - 9, class: "panel-name" }, `${STATE_SIGNS[state]} ${W.state[state]}`),
    drawn("text", { x: end, y: top - 9, "text-anchor": "end", class: "panel-most" }, fill(W.trend_most, { n: number(most) })),
    drawn("path", { d: `M${LEFT} ${top + PANEL}H${end}`, class: "base" }),
    drawn("path", { d: `${line}V${top + PANEL}H${x(points[0][0])}Z`, fill: `url(#pattern-${state})`, class: "area" }),
    drawn("path", { d: line, class: "line" }), ...marks,
    drawn("text", { x: end + 8, y: Math.min(y(last) + 5, top + PANEL), class: "panel-last" }, number(last)));
}

function renderTrend() {
  const chart = byId("chart");
  byId("trend-details").hidden = DATA.trend.length === 0;
  if (!DATA.trend.length) { chart.replaceChildren(element("p", { class: "muted" }, W.trend_none)); return; }
  const width = Math.max(280, Math.min(1180, chart.clientWidth || 900));
  const first = Date.parse(DATA.trend[0][0]);
  const span = Math.max(1, Date.parse(DATA.now) - first);
  const x = (at) => Math.round((LEFT + ((at - first) / span) * (width - LEFT - RIGHT)) * 10) / 10;
  const height = PANELS.length * (PANEL + GAP) + 26;
  const words = PANELS.map(([state, column]) => fill(W.trend_line, {
    what: W.state[state], first: number(DATA.trend[0][column]), last: number(DATA.trend[DATA.trend.length - 1][column]),
    most: number(Math.max(...DATA.trend.map((point) => point[column]))),
  })).join("; ");
  const day = (at, anchor, where) => drawn("text", { x: where, y: height - 6, "text-anchor": anchor, class: "day" }, local(at));
  chart.replaceChildren(drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words },
    drawn("defs", {}, ...PANELS.map(([state]) => pattern(state))),
    ...PANELS.map(([state, column], n) => panel(state, column, n * (PANEL + GAP) + 26, width, x)),
    day(DATA.trend[0][0], "start", LEFT), day(DATA.now, "end", width - RIGHT)));
  renderTrendTable();
}

function renderTrendTable() {
  byId("trend-head").replaceChildren(element("tr", {}, element("th", { scope: "col" }, W.time),
    ...PANELS.map(([state]) => element("th", { scope: "col", class: "number" }, W.state[state]))));
  byId("trend-rows").replaceChildren(...[...DATA.trend].reverse().map((point) => element("tr", {},
    element("th", { scope: "row" }, time(point[0])), ...PANELS.map(([, column]) => element("td", { class: "number" }, number(point[column]))))));
}
