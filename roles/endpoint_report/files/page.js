// Filters, language, fragment, printing: what makes the page act. Loaded last.
const form = byId("filters");

function options(select, choices) {
  const chosen = select.value;
  select.replaceChildren(...choices.map(([choice, words]) => element("option", { value: choice }, brief(words))));
  select.value = chosen;
}

function renderOptions() {
  const used = (name) => [...new Set(bodies.filter(Boolean).map((body) => body[name]))];
  const owners = [...new Set(endpoints.map((one) => one.owner))].sort();
  const controls = used("control").sort().map((control) => {
    const body = bodies.find((one) => one && one.control === control);
    return [control, `${brief(control)}: ${titleOf(body)}`];
  });
  const statuses = STATUS_ORDER.filter((status) => used("status").includes(status));
  const listed = {
    control: controls,
    status: statuses.map((status) => [status, W.status[status]]),
    owner: owners.map((owner) => [owner || NOBODY, owner || W.nobody]),
    severity: SEVERITIES.map((severity) => [severity, W.severity[severity]]),
    news: ["new", "still", "fixed", "flapping"].map((news) => [news, W.news[news]]),
  };
  for (const [name, choices] of Object.entries(listed)) {
    const every = name === "status" && !filters.good ? W.not_good_only : W.any;
    options(form.elements[name], [["", every], ...choices]);
  }
}

// The filters stand in the address, so that a link shows what its sender saw.
function writeFragment() {
  const wanted = new URLSearchParams(Object.entries(filters).filter(([, chosen]) => chosen));
  if (language !== DATA.language) wanted.set("lang", language);
  history.replaceState(null, "", `#${wanted}`);
}

function readFragment() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const name of FILTERS) filters[name] = wanted.get(name) || "";
  return Object.hasOwn(WORDS, wanted.get("lang") || "") ? wanted.get("lang") : DATA.language;
}

function writeForm() {
  for (const name of FILTERS.filter((one) => form.elements[one])) {
    const field = form.elements[name];
    if (field.type === "checkbox") field.checked = Boolean(filters[name]);
    else field.value = filters[name];
    // A link may name what this report does not have; a filter that the form cannot show is none.
    if (field.value !== filters[name] && field.tagName === "SELECT") { field.value = ""; filters[name] = ""; }
  }
}

function setFilters(changes, focusColumn) {
  Object.assign(filters, changes);
  renderOptions();
  writeForm();
  writeFragment();
  renderTable();
  if (focusColumn) byId("columns").querySelector(`[data-sort="${focusColumn}"]`).focus();
}

function goTo(id) {
  const head = byId(`${id}-title`);
  head.scrollIntoView({ block: "start" });
  head.focus({ preventScroll: true });
}

function showRows(wanted) {
  setFilters({ ...Object.fromEntries(FILTERS.map((name) => [name, ""])), ...wanted });
  goTo("findings");
}

function renderAll() {
  translate();
  haystacks = null;
  byId("verdict").textContent = DATA.verdicts[language];
  if (DATA.now) {
    const words = DATA.first === DATA.now ? W.measured : W.measured_between;
    byId("measured").replaceChildren(...words.split(/(\{\w+\})/).map((part) => ({ "{when}": time(DATA.now), "{first}": time(DATA.first) }[part] || part)));
  }
  DATA.coming.forEach(([control, what, n], at) => {
    const say = fill(W.coming, { what: Object.hasOwn(W.coming_of, control) ? W.coming_of[control] : what, n: number(n) });
    byId("coming").childNodes[2 * at].textContent = say;
  });
  const [day, days, isOld] = DATA.table;
  if (day) byId("table").textContent = fill(isOld ? W.table_old : W.table, { day, n: number(days) });
  renderFigures();
  renderGrid();
  renderNews();
  setFilters({});
  renderTrend();
  renderWaivers();
}

function setLanguage(code) {
  language = code;
  W = WORDS[code];
  renderAll();
}

let waiting = false;
form.addEventListener("input", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const fields = FILTERS.filter((name) => form.elements[name]);
    const wanted = fields.map((name) => [name, form.elements[name].type === "checkbox" ? (form.elements[name].checked ? "1" : "") : form.elements[name].value]);
    Object.assign(filters, Object.fromEntries(wanted));
    renderOptions();
    writeFragment();
    renderTable();
  });
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
  event.preventDefault();
  setFilters(Object.fromEntries(FILTERS.map((name) => [name, ""])));
});
byId("more").addEventListener("click", (event) => {
  const which = event.target.dataset.more;
  if (!which) return;
  const before = rendered;
  renderUpTo(which === "all" ? Infinity : rendered + PAGE);
  // The button may be gone now; go on reading where the new rows begin.
  const row = byId("body").children[before];
  row.tabIndex = -1;
  row.focus({ preventScroll: which === "all" });
});
document.querySelector(".languages").addEventListener("click", (event) => {
  if (event.target.dataset.language) setLanguage(event.target.dataset.language);
});
// Links inside the page must not overwrite the filters in its address.
for (const link of document.querySelectorAll('a[href^="#"]')) {
  link.addEventListener("click", (event) => { event.preventDefault(); goTo(link.getAttribute("href").slice(1)); });
}
addEventListener("hashchange", () => setLanguage(readFragment()));

// What is printed is every row that fits the filters, not only those on the screen so far.
let beforePrint = null;
function printing(now) {
  if (now && beforePrint === null) { beforePrint = rendered; renderUpTo(Infinity); }
  if (!now && beforePrint !== null) { renderUpTo(beforePrint); beforePrint = null; }
}
addEventListener("beforeprint", () => printing(true));
addEventListener("afterprint", () => printing(false));
matchMedia("print").addEventListener("change", (event) => printing(event.matches));
let lastWidth = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== lastWidth && !matchMedia("print").matches) { lastWidth = innerWidth; renderTrend(); }
});

setUpGrid();
for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
setLanguage(readFragment());
