"""What preflight sees: facts of this machine and its peers, each gathered with a deadline."""
