"""The live page: its files, and the one feed that every open page reads."""
