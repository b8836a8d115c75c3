// The functions that a browser gives to a proxy auto-config file, after the description that Netscape published in 1996.
// Names resolve from a fixed table alone (__addresses), so that a check gives the same answer on every controller.
var __addresses, __client, __unknown = {};

function isPlainHostName(host) {
  return host.indexOf(".") < 0 && host.indexOf(":") < 0;
}

function dnsDomainIs(host, domain) {
  return host.length >= domain.length && host.slice(host.length - domain.length) === domain;
}

function localHostOrDomainIs(host, full) {
  return host === full || full.indexOf(host + ".") === 0;
}

function dnsDomainLevels(host) {
  return host.split(".").length - 1;
}

function convert_addr(address) {
  var parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (!parts) return null;
  var number = 0;
  for (var i = 1; i < 5; i++) {
    if (+parts[i] > 255) return null;
    number = number * 256 + +parts[i];
  }
  return number | 0;
}

function dnsResolve(host) {
  if (convert_addr(host) !== null) return host;
  var name = host.toLowerCase();
  if (Object.prototype.hasOwnProperty.call(__addresses, name)) return __addresses[name];
  __unknown[name] = true;
  return null;
}

function isResolvable(host) {
  return dnsResolve(host) !== null;
}

function myIpAddress() {
  return __client;
}

function isInNet(host, network, mask) {
  var address = convert_addr(dnsResolve(host) || "");
  var wanted = convert_addr(network);
  var bits = convert_addr(mask);
  return address !== null && wanted !== null && bits !== null && (address & bits) === (wanted & bits);
}

function shExpMatch(text, pattern) {
  var expression = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, "[^]*").replace(/\?/g, "[^]");
  return new RegExp("^" + expression + "$").test(text);
}

function alert() {}

// Times are the controller's own, or GMT when the last argument says so.
function __now(args) {
  var gmt = args[args.length - 1] === "GMT";
  if (gmt) args.pop();
  var now = new Date();
  return gmt ? new Date(now.getTime() + now.getTimezoneOffset() * 60000) : now;
}

// Lists of numbers, the most significant first. A range that ends before it begins goes over midnight, Sunday or New Year.
function __within(from, now, to) {
  function compare(a, b) {
    for (var i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
    return 0;
  }
  var after = compare(from, now) <= 0, before = compare(now, to) <= 0;
  return compare(from, to) <= 0 ? after && before : after || before;
}

function weekdayRange() {
  var args = [].slice.call(arguments), now = __now(args);
  var days = args.map(function (day) { return ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"].indexOf(day); });
  return __within([days[0]], [now.getDay()], [days[days.length - 1]]);
}

function dateRange() {
  var args = [].slice.call(arguments), now = __now(args);
  var months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
  function place(part) { return typeof part === "string" ? 1 : part > 31 ? 0 : 2; }
  function ordered(parts) {
    return parts.slice().sort(function (a, b) { return place(a) - place(b); }).map(function (part) {
      return typeof part === "string" ? months.indexOf(part) : part;
    });
  }
  var half = args.length === 1 ? args : args.slice(0, args.length / 2);
  var today = half.map(place).sort().map(function (at) { return [now.getFullYear(), now.getMonth(), now.getDate()][at]; });
  return __within(ordered(half), today, ordered(args.slice(-half.length)));
}

function timeRange() {
  var args = [].slice.call(arguments), now = __now(args);
  if (args.length === 1) return now.getHours() === args[0];
  var half = args.length / 2, parts = [now.getHours(), now.getMinutes(), now.getSeconds()];
  function filled(from) { return [0, 1, 2].map(function (i) { return i < half ? args[from + i] : 0; }); }
  return __within(filled(0), parts, filled(half));
}
