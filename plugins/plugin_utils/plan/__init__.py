"""What to do about the difference, what to remember first, how it is read back and goes back."""
