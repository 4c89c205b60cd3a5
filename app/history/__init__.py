"""Reading back what the files hold."""
