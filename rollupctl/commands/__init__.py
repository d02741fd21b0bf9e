"""The commands, grouped by subject. Each parses its arguments, calls the package, and prints."""
