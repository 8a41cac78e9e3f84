"""Numbers in, numbers out, all in points (0 to 100); the one home of numpy and scipy."""
