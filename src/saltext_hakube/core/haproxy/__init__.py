"""haproxy.cfg: its lines and sections, the sections that this project writes, and their options."""
