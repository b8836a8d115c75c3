"""What an endpoint is, and what was asked of it."""
