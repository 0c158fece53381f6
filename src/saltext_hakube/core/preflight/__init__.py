"""Preflight: the traps of this topology, found before they bite. Each check is a pure function."""
