"""What a person at the keyboard does with a cluster: names, modes of nodes, moves. Pure."""
