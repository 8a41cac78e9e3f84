"""Files that ship inside the package: dated prices."""
