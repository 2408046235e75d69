"""What people can do, a plain function each: load through the one door, decide, save, tell."""
