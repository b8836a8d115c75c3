"""A web server for the lab's PAC file (proxy auto-configuration) and installer files, as an organisation has one.

`proxy.pac` in the state directory is what it serves, read anew at each request, so that a test can change it.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

PAC_FILE = "proxy.pac"
MIME_TYPE = "application/x-ns-proxy-autoconfig"

EXAMPLE = """\
// Addresses inside and plain names go direct, one domain by the proxy, everything else direct.
function FindProxyForURL(url, host) {
  if (isPlainHostName(host) || dnsDomainIs(host, ".inside.example.org")) return "DIRECT";
  if (shExpMatch(host, "192.0.2.*")) return "DIRECT";
  if (dnsDomainIs(host, ".example.ac.jp")) return "PROXY proxy.example.org:8080";
  return "DIRECT";
}
"""


class PacServer:
    """Serves one file, and those of one folder below /downloads, to everybody on this machine; anything else is 404."""

    def __init__(self, file: Path, downloads: Path) -> None:
        """`file` is made with the example's content when it is not there; `downloads` has to exist."""
        self._file = file
        self._downloads = downloads
        if not file.exists():
            file.write_text(EXAMPLE, encoding="utf-8")
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and return the port; 0 asks for any free one. Raises OSError when it is taken."""
        application = web.Application()
        application.router.add_get(f"/{PAC_FILE}", self._answer)
        application.router.add_static("/downloads", self._downloads)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._file.read_bytes(), headers={"Content-Type": MIME_TYPE})


def url(port: int) -> str:
    """Return where the file is served."""
    return f"http://127.0.0.1:{port}/{PAC_FILE}"
