"""Simulated Macs: real SSH and real Python modules over a machine's own directory tree. Start with README.md.

Nothing is imported here: every stand-in tool starts an interpreter that imports parts of this package.
"""
