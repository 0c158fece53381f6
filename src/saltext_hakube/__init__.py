"""Highly available Kubernetes APIs with Salt: haproxy, a VIP and Pacemaker as one plan."""

# Nothing else belongs here: Salt imports this package once per loader at every start, and an
# error in it would be logged some twenty times per command.
__version__ = "0.1.0"
