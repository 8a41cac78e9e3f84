"""When the next call may start: limits learned from a server's headers, or from its refusals alone."""
