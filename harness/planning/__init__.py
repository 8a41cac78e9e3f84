"""What would be asked, under which key, and what that would cost: pure functions of files and settings."""
