"""What hakube does, to watch: `make demo`.

On a Debian machine, as root, three machines boot in a lab and become a cluster (`machines.py`).
Elsewhere, or with DEMO=files, folders stand for the machines (`files.py`).
"""
