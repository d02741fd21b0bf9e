"""Rows out of the database, into files and pipes."""
