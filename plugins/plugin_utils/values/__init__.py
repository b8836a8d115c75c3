"""What two systems spell differently and mean the same: addresses, firewall rules, proxies, versions."""
