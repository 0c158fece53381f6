"""Pacemaker's alert agent: alert.sh, a program of its own, in a language that starts at once."""
