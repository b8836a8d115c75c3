"""Simulated Windows machines, behind a WinRM listener."""
