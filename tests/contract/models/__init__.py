"""What the project's own PowerShell does to a machine of the lab: `python -m lab up --models tests/contract/models`."""
