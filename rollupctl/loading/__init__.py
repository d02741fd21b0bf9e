"""Events in, exactly once: formats, compression, the ledger, and what happens to bad rows."""
