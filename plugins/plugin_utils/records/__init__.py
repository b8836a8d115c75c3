"""What was found, since when, who answers for it."""
