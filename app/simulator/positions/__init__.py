"""What a fill does to positions and money."""
