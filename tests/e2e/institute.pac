// A stand-in for the service's PAC, made after docs/sources/service.md#routes: the real one is not public.
function FindProxyForURL(url, host) {
  if (isPlainHostName(host) || shExpMatch(host, "172.20.*") || shExpMatch(host, "172.16.*")) return "DIRECT";
  if (dnsDomainIs(host, ".imr.tohoku.ac.jp")) return "DIRECT";
  if (dnsDomainIs(host, ".tohoku.ac.jp")) return "PROXY proxy.imr.tohoku.ac.jp:8080";
  return "DIRECT";
}
