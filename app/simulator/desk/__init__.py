"""Takes a trade request, checks it, executes it."""
