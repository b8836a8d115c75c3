"""One call of Ansible: what was sent, who runs it, with which arguments, and what models are registered for it."""
