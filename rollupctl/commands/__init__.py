"""The commands, grouped by what they work on. Each parses, calls, prints."""
