"""A lab of simulated Windows and Mac endpoints that Ansible talks to as it talks to real ones. See README.md."""
