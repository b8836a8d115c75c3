"""What should be so, and the comparison."""
