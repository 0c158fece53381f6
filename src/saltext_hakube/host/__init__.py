"""The doors to a machine: processes, files, the CIB, haproxy, the network, systemd, pcsd."""
