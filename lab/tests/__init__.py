"""The tests of the lab; no part of the distribution."""
