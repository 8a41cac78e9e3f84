"""The store: one SQLite file that keeps every answer and verdict under its content key."""
