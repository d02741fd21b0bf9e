"""The HTTP service: collect events, answer questions about rollups, show them on a page."""
