// Everything but the table: the fleet at a glance, what is new, the trend, the waivers.
const HOSTS_NAMED = 6;
const GROUPS_SHOWN = 12;
const exactly = (name) => `"${name}"`;

function renderFigures() {
  const { controls, good, endpoints: all, measured } = DATA.summary;
  const figures = STATES.filter((state) => state !== "retired" || DATA.states.retired).map((state) =>
    element("div", { class: `figure is-${state}` },
      element("dt", {}, sign(STATE_SIGNS[state]), W.state[state]),
      element("dd", {}, element("strong", {}, number(DATA.states[state])), ` ${fill(W.of_endpoints, { n: number(all) })}`)));
  const line = [element("strong", {}, number(good)), ` ${fill(W.of_controls, { n: number(controls), measured: number(measured) })}`];
  const note = all > measured ? element("p", { class: "muted" }, fill(W.not_counted, { n: number(all - measured) })) : "";
  byId("figures").replaceChildren(element("dl", { "aria-label": W.endpoints_figure }, ...figures), element("p", { class: "controls" }, ...line), note);
}

function describeEndpoint(one) {
  const counts = STATUS_ORDER.filter((status) => one.counts[status]).map((status) => `${number(one.counts[status])} ${W.status[status]}`);
  const life = one.life === "in_house" || one.life === one.state ? "" : W.life[one.life];
  return [brief(one.name), W.state[one.state], life, brief(one.owner), counts.join(", "), local(one.at)].filter(Boolean).join(" · ");
}

// One cell an endpoint and one stop of the Tab key for all of them: arrow keys move inside.
function renderGrid() {
  const grid = byId("grid");
  const order = endpoints.map((_one, n) => n).sort((a, b) => STATES.indexOf(endpoints[a].state) - STATES.indexOf(endpoints[b].state));
  grid.className = `grid ${order.length > 300 ? "tiny" : order.length > 60 ? "little" : "large"}`;
  grid.replaceChildren(...order.map((n, place) => element("button", {
    type: "button", class: `cell is-${endpoints[n].state}`, "data-endpoint": n, tabindex: place ? "-1" : "0",
    "aria-label": `${brief(endpoints[n].name)}, ${W.state[endpoints[n].state]}`,
  }, order.length > 60 ? "" : STATE_SIGNS[endpoints[n].state])));
  byId("cell").textContent = W.grid_hint;
}

function setUpGrid() {
  const grid = byId("grid");
  const describe = (event) => {
    const cell = event.target.closest(".cell");
    if (cell) byId("cell").textContent = describeEndpoint(endpoints[cell.dataset.endpoint]);
  };
  grid.addEventListener("mouseover", describe);
  grid.addEventListener("focusin", describe);
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    const one = endpoints[cell.dataset.endpoint];
    showRows({ host: exactly(one.name), good: one.state === "good" || one.state === "retired" ? "1" : "" });
  });
  grid.addEventListener("keydown", (event) => {
    const cells = [...grid.children];
    const here = cells.indexOf(event.target);
    const perLine = Math.max(1, cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop));
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perLine, ArrowUp: -perLine, Home: -here, End: cells.length - 1 - here }[event.key];
    const next = cells[here + step];
    if (step === undefined || here < 0) return;
    event.preventDefault();
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

function newsItem(kind, [control, status, rows]) {
  const first = rowOf(rows[0]);
  const names = [...new Set(rows.map((n) => endpoints[DATA.rows[n][0]].name))];
  const title = titleOf(first.body);
  const hosts = names.slice(0, HOSTS_NAMED).map(brief).join(", ");
  const more = names.length > HOSTS_NAMED ? ` ${fill(W.more_hosts, { n: number(names.length - HOSTS_NAMED) })}` : "";
  const wanted = { control, status, news: kind === "expired" ? "new" : kind };
  const reason = rows.length === 1 && kind !== "fixed" && first.body.reason;
  return element("li", {}, statusTag(status),
    element("div", { class: "what" },
      element("div", { class: "title" }, text(title)),
      element("div", { class: "hosts" }, element("b", {}, hosts), more),
      reason ? element("div", { class: "small" }, brief(first.body.reason)) : ""),
    button(fill(W.show_rows, { n: number(rows.length) }), () => showRows(wanted),
      { "aria-label": fill(W.show_rows_of, { what: `${title}, ${hosts}${more}` }) }));
}

function newsList(kind) {
  const groups = DATA.news[kind];
  const count = groups.reduce((sum, group) => sum + group[2].length, 0);
  const head = element("h3", {}, W.news[kind], element("span", { class: "number" }, number(count)));
  const list = element("ul", {}, ...groups.slice(0, GROUPS_SHOWN).map((group) => newsItem(kind, group)));
  const rest = groups.slice(GROUPS_SHOWN).reduce((sum, group) => sum + group[2].length, 0);
  const all = rest ? button(fill(W.show_all_rows, { n: number(count) }), () => showRows({ news: kind === "expired" ? "new" : kind })) : "";
  return element("section", { class: `kind is-${kind}` }, head, count ? list : element("p", { class: "muted" }, W.none), all);
}

function renderNews() {
  const parts = [];
  const { known, new: fresh, expired } = DATA.news;
  if (!known) parts.push(element("p", { class: "nothing-new" }, W.no_history));
  else if (!fresh.length && !expired.length) parts.push(element("p", { class: "nothing-new" }, sign("✓"), W.nothing_new));
  if (fresh.length) parts.push(newsList("new"));
  const others = ["fixed", "flapping", "expired"].filter((kind) => known || DATA.news[kind].length);
  parts.push(element("div", { class: "others" }, ...others.map(newsList)));
  byId("news-lists").replaceChildren(...parts);
}

function renderWaivers() {
  const columns = ["state", "control", "hosts", "owner", "reason", "expires", "ticket"];
  const order = Object.keys(W.waiver_state);
  const waivers = [...DATA.waivers].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (a.expires < b.expires ? -1 : 1));
  if (!waivers.length) { byId("waiver-list").replaceChildren(element("p", { class: "muted" }, W.waivers_none)); return; }
  const signs = { expired: "◆", soon: "◷", unmatched: "?", unused: "–", used: "◇" };
  const looks = { expired: "not_good", soon: "not_measured", unmatched: "not_measured", unused: "retired", used: "good" };
  const cell = (waiver, name) => {
    if (name === "state") return [element("span", { class: `tag is-${looks[waiver.state]}` }, sign(signs[waiver.state]), W.waiver_state[waiver.state])];
    if (name === "control") return [element("div", { class: "id" }, text(waiver.control + (waiver.instance ? ` [${waiver.instance}]` : "")))];
    return [text(waiver[name])];
  };
  byId("waiver-list").replaceChildren(element("table", { class: "plain stacked", role: "table", "aria-labelledby": "waivers-title" },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...columns.map((name) => element("th", { scope: "col", role: "columnheader" }, W.waiver_column[name])))),
    element("tbody", { role: "rowgroup" }, ...waivers.map((waiver) => element("tr", { role: "row" },
      ...columns.map((name) => element("td", { role: "cell", "data-label": W.waiver_column[name], class: name === "expires" ? "day" : false }, ...cell(waiver, name))))))));
}
