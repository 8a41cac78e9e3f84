"""Files that ship inside the package: dated prices, and attacks on judges."""
