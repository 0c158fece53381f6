"""haproxy.cfg as values, judged by haproxy itself where it can judge."""
