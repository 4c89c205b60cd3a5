"""The terminal behind one port: worker processes, the gateway, and the table of outcomes."""
