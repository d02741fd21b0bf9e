"""The benchmarks: `./run bench`, or `python -m bench`."""
