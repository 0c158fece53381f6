"""The tests, from one function to three real nodes."""
