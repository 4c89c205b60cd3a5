"""What the simulated market is made of: recorded hours, fitted figures, and the script that made both."""
