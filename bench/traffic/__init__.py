"""What a client of the API notices while haproxy's configuration changes and servers fail."""
