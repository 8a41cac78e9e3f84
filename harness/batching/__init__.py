"""A run by Message Batches: what is missing goes out in batches, and comes back on whatever day."""
