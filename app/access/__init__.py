"""Keys and scopes."""
