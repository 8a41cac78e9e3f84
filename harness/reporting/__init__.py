"""What people read: a Report in, text out. Nothing here touches a file, the network or the clock."""
