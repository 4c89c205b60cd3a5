"""The one poller: the latest account, positions, prices and connection of the terminal."""
