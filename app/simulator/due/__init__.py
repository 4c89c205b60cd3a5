"""What comes due in the books by itself, and the queue it comes due in."""
