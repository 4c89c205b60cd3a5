"""One typed status, read by API and command line alike."""
