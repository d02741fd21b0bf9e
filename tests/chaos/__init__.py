"""Many writers, rollups on several connections and kill -9 at random, then two independent counts.

Run it with `./run chaos --minutes 10`; a short version is part of the test suite.
"""
