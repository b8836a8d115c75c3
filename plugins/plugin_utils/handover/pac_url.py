"""What a browser tells a PAC about a URL: in the one spelling of the URL standard, without user and fragment."""

from __future__ import annotations

from ipaddress import ip_address


class UrlError(ValueError):
    """No browser would open this; the message says what to write, or what to install."""


# Of these a browser keeps path and query from the PAC.
_ENCRYPTED = ("https:", "wss:")


def as_shown(url: str) -> tuple[str, str]:
    """Return the URL and the host that FindProxyForURL is called with. Raises UrlError."""
    try:
        import ada_url  # noqa: PLC0415 - only this check needs it, and a controller without it can do all else
    except ImportError:
        raise UrlError("the package ada-url is not installed on the controller: pip install ada-url") from None
    try:
        known = ada_url.URL(url)
    except ValueError:
        known = None
    if known is None or not known.hostname:
        raise UrlError(f"{url!r} is no URL; allowed: http://host/path, https://host/path")
    known.username = known.password = known.hash = ""
    if known.protocol in _ENCRYPTED:
        known.pathname, known.search = "/", ""
    # Chromium escapes this one as well.
    known.pathname = known.pathname.replace("|", "%7C")
    # `href` keeps a lone # or ? of an empty part, and so do browsers; but they drop the # with the fragment.
    return known.href.rstrip("#"), known.hostname.strip("[]")


def never_asked(host: str) -> bool:
    """Tell whether browsers connect to this host directly without asking a PAC: the machine itself, and its link."""
    if f".{host}".rstrip(".").endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_link_local
