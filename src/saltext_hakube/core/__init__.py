"""What is true without a machine: values, meanings, plans. No Salt, processes, clock, files."""
