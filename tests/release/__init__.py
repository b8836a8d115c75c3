"""Whether this checkout can be released: `make release-check`."""
