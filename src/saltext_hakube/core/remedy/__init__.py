"""Self-healing, decided: what nodes report, what may be done about it, and what was done."""
