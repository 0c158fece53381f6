"""Seconds without service after a fault on the VIP's holder, while Salt is stopped."""
