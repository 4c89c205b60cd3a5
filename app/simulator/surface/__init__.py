"""The functions of the package, with its rules for arguments and its ways to fail."""
