"""What `harness view` serves: reports, runs and trends, to this machine alone; nothing can be changed."""
