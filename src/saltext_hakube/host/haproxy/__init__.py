"""haproxy on this machine: its unit, its file, its running process."""
