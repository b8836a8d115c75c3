"""What leaves the house with a laptop."""
