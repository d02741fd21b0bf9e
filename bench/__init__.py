"""What is measured, and how: `./run bench`, or `python -m bench`."""
