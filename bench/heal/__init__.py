"""A fault on real machines, and what the healing makes of it, while Salt runs."""
