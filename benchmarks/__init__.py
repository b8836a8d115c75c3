"""What the playbooks cost, measured on the lab, against a ping and against a playbook of stock modules."""
