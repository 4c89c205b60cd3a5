"""Orders, outcomes, accounts and time as plain values; no input or output."""
