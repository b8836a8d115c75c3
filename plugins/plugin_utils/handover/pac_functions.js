// The functions that a browser gives to a proxy auto-config file. What each answers was asked of Chromium 156, odd
// arguments included (tests/browser/test_pac.py asks again); what differs all the same is in roles/pac_check/README.md.
// Names resolve from a fixed table alone (__addresses), so that a check gives the same answer on every controller.
var __addresses = {}, __client = [], __unknown = {};
var wdays = { SUN: 0, MON: 1, TUE: 2, WED: 3, THU: 4, FRI: 5, SAT: 6 };
var months = { JAN: 0, FEB: 1, MAR: 2, APR: 3, MAY: 4, JUN: 5, JUL: 6, AUG: 7, SEP: 8, OCT: 9, NOV: 10, DEC: 11 };

function alert() {}

var console = {};
("assert clear context count countReset debug dir dirxml error group groupCollapsed groupEnd info log profile " +
  "profileEnd table time timeEnd timeLog timeStamp trace warn").split(" ").forEach(function (name) {
  console[name] = function () {};
});
console[Symbol.toStringTag] = "console";
// QuickJS has these, and no browser gives them to a PAC.
["performance", "queueMicrotask", "DOMException", "InternalError", "atob", "btoa"].forEach(function (name) {
  delete globalThis[name];
});

// ---- Names ----

function isPlainHostName(host) {
  if (typeof host !== "string") throw new TypeError("Bad parameters");
  return host.indexOf(".") < 0 && __address(host) === null;
}

function dnsDomainIs(host, domain) {
  return host.length >= domain.length && host.substring(host.length - domain.length) === domain;
}

function localHostOrDomainIs(host, full) {
  return host === full || full.indexOf(host + ".") === 0;
}

function dnsDomainLevels(host) {
  return host.split(".").length - 1;
}

// Only these three are the function's own; all else in a pattern is a regular expression.
function shExpMatch(text, pattern) {
  var own = { ".": "\\.", "*": ".*", "?": "." };
  return new RegExp("^" + pattern.replace(/[.*?]/g, function (sign) { return own[sign]; }) + "$").test(text);
}

// ---- Addresses ----

function isValidIpAddress(text) {
  var parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  return parts !== null && parts.slice(1).every(function (part) { return part <= 255; });
}

function convert_addr(text) {
  var parts = text.split(".");
  return [0, 1, 2, 3].reduce(function (number, at) { return (number << 8) | (parts[at] & 255); }, 0);
}

// The 16 bytes of an IPv6 address, the 4 of an IPv4 one in any form that inet_aton takes (127.1, 0x7f000001), or null.
function __address(text) {
  return text.indexOf(":") < 0 ? __ipv4(text) : __ipv6(text);
}

function __ipv4(text) {
  var parts = text.replace(/\.$/, "").split(".");
  var numbers = parts.map(function (part) {
    if (/^0x[0-9a-f]*$/i.test(part)) return part.length > 2 ? parseInt(part, 16) : 0;
    return /^0[0-7]*$/.test(part) ? parseInt(part, 8) : /^[1-9]\d*$/.test(part) ? parseInt(part, 10) : NaN;
  });
  var last = numbers.pop(), room = 4 - numbers.length;
  if (room < 1 || !(last < Math.pow(256, room)) || !numbers.every(function (part) { return part < 256; })) return null;
  for (var at = room - 1; at >= 0; at--) numbers.push(Math.floor(last / Math.pow(256, at)) % 256);
  return numbers;
}

function __ipv6(text) {
  var inner = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (inner) {
    if (!isValidIpAddress(inner[2])) return null;
    var four = inner[2].split(".").map(Number);
    text = inner[1] + (four[0] * 256 + four[1]).toString(16) + ":" + (four[2] * 256 + four[3]).toString(16);
  }
  var halves = text.split("::").map(function (half) { return half === "" ? [] : half.split(":"); });
  var groups = halves[0];
  if (halves.length > 2) return null;
  if (halves.length === 2) {
    var missing = 8 - halves[0].length - halves[1].length;
    if (missing < 1) return null;
    while (missing--) groups = groups.concat("0");
    groups = groups.concat(halves[1]);
  }
  if (groups.length !== 8) return null;
  if (!groups.every(function (group) { return /^[0-9a-f]{1,4}$/i.test(group); })) return null;
  return groups.reduce(function (bytes, group) {
    var number = parseInt(group, 16);
    return bytes.concat(number >> 8, number & 255);
  }, []);
}

// The one spelling of an IPv6 address: small letters, and :: for the first longest run of zeros (RFC 5952).
function __shortest(bytes) {
  var groups = [];
  for (var at = 0; at < 16; at += 2) groups.push((bytes[at] * 256 + bytes[at + 1]).toString(16));
  var runs = groups.join(":").match(/\b0(:0)+\b/g) || [];
  var longest = runs.reduce(function (one, other) { return other.length > one.length ? other : one; }, "");
  var text = groups.join(":");
  if (!longest) return text;
  var ends = new RegExp("(^|:)" + longest + "(:|$)").exec(text);
  return text.slice(0, ends.index) + "::" + text.slice(ends.index + ends[0].length);
}

function isInNet(host, network, mask) {
  if (!isValidIpAddress(network) || !isValidIpAddress(mask)) return false;
  var address = isValidIpAddress(host) ? host : dnsResolve(host);
  return address !== null && (convert_addr(address) & convert_addr(mask)) === (convert_addr(network) & convert_addr(mask));
}

function isInNetEx(address, prefix) {
  if (typeof address !== "string" || typeof prefix !== "string") return null;
  var parts = prefix.split("/").map(function (part) { return part.trim(); });
  if (parts.length !== 2 || !/^\d+$/.test(parts[1])) return false;
  var one = __address(address), other = __address(parts[0]), bits = +parts[1];
  if (one === null || other === null || bits > other.length * 8) return false;
  var mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
  if (one.length < other.length) one = mapped.concat(one);
  if (other.length < one.length) { other = mapped.concat(other); bits += 96; }
  function first(bytes) {
    return bytes.map(function (byte) { return (byte + 256).toString(2).slice(1); }).join("").slice(0, bits);
  }
  return first(one) === first(other);
}

// IPv6 before IPv4, each by number.
function sortIpAddressList(list) {
  if (typeof list !== "string" || /[^\0-\x7f]/.test(list)) return null;
  var texts = list.replace(/[ \t]/g, "").split(";").filter(Boolean);
  var known = texts.map(function (text) { return { text: text, bytes: __address(text) }; });
  if (!known.length || known.some(function (one) { return one.bytes === null; })) return false;
  return known.sort(function (a, b) {
    if (a.bytes.length !== b.bytes.length) return b.bytes.length - a.bytes.length;
    for (var at = 0; at < a.bytes.length; at++) if (a.bytes[at] !== b.bytes[at]) return a.bytes[at] - b.bytes[at];
    return 0;
  }).map(function (one) { return one.text; }).join(";");
}

// ---- What the network says ----

// All addresses of a name, as texts; those of an address are itself.
function __resolve(host) {
  var own = __address(host), name = host.toLowerCase().replace(/\.$/, "");
  if (own !== null) return [own.length === 4 ? own.join(".") : __shortest(own)];
  if (/(^|\.)localhost$/.test(name)) return ["::1", "127.0.0.1"];
  if (Object.prototype.hasOwnProperty.call(__addresses, name)) return __addresses[name];
  if (name) __unknown[name] = true;
  return [];
}

function __is_ipv4(address) { return address.indexOf(":") < 0; }

function dnsResolve(host) {
  var found = typeof host === "string" ? __resolve(host).filter(__is_ipv4) : [];
  return found.length ? found[0] : null;
}

function dnsResolveEx(host) {
  return typeof host === "string" ? __resolve(host).join(";") : undefined;
}

function isResolvable(host) {
  return dnsResolve(host) !== null;
}

function isResolvableEx(host) {
  return dnsResolveEx(host) !== "";
}

function myIpAddress() {
  return __client[0];
}

function myIpAddressEx() {
  return __client.join(";");
}

// ---- Times: the controller's own, or GMT when the last argument says so ----

function __now(args) {
  var now = new Date();
  if (args[args.length - 1] !== "GMT") return now;
  args.pop();
  return new Date(
    now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()
  );
}

// A range that ends before it begins goes over midnight, Sunday or New Year.
function __within(from, now, to) {
  return from <= to ? from <= now && now <= to : now <= to || from <= now;
}

function weekdayRange() {
  var args = [].slice.call(arguments), today = __now(args).getDay();
  var from = wdays[args[0]], to = args.length === 2 ? wdays[args[1]] : from;
  return from !== undefined && to !== undefined && __within(from, today, to);
}

function timeRange() {
  var args = [].slice.call(arguments), now = args.length ? __now(args) : null, hour = now && now.getHours();
  if (now === null) return false;
  if (args.length === 1) return hour == args[0];
  // Hours alone never go over midnight, and the last one counts to its end.
  if (args.length === 2) return args[0] <= hour && hour <= args[1];
  if (args.length !== 4 && args.length !== 6) throw "timeRange: bad number of arguments";
  var half = args.length / 2;
  function seconds(from, rest) { return args[from] * 3600 + args[from + 1] * 60 + +(half === 3 ? args[from + 2] : rest); }
  return __within(seconds(0, 0), hour * 3600 + now.getMinutes() * 60 + now.getSeconds(), seconds(half, 59));
}

// Each argument sets one field, in turn, of a range that is all of this year; a day that its month does not have runs into
// the next one, so a range to FEB ends on 2 or 3 March.
function dateRange() {
  var args = [].slice.call(arguments), asked = args.length, year = new Date().getFullYear(), now = __now(args);
  if (!asked) return false;
  if (args.length === 1) return __is_date(args[0], now);
  var half = args.length >> 1, from = new Date(year, 0, 1, 0, 0, 0), to = new Date(year, 11, 31, 23, 59, 59);
  args.slice(0, half).forEach(function (part) { __set_date(from, part); });
  args.slice(half).forEach(function (part) { __set_date(to, part); });
  if (args.length === 2 && parseInt(args[0]) < 32) {
    var month = new Date().getMonth();
    from.setMonth(month);
    to.setMonth(month);
  }
  return __within(+from, +now, +to);
}

function __month(name) { return months[name] === undefined ? -1 : months[name]; }

function __is_date(part, now) {
  var number = parseInt(part);
  if (isNaN(number)) return now.getMonth() === __month(part);
  return number < 32 ? now.getDate() === number : now.getFullYear() === number;
}

function __set_date(date, part) {
  var number = parseInt(part);
  if (isNaN(number)) date.setMonth(__month(part));
  else if (number < 32) date.setDate(number);
  else date.setFullYear(number);
}

// ---- What is asked of the PAC: of the function that the global object has, as browsers do ----

function __find(name, url, host) {
  // Windows alone has this one, and only there is FindProxyForURLEx asked.
  if (name === "FindProxyForURLEx") globalThis.getClientVersion = function () { return "1.0"; };
  try { return globalThis[name](url, host); } finally { delete globalThis.getClientVersion; }
}
