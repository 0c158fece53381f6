"""What is true without a machine: values, meanings and plans. No Salt, processes, clock or files."""
