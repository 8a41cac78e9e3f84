"""A prompt evaluation harness: says whether an edited agent prompt got better, and how sure it is."""
