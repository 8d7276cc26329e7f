"""The second implementation of protocol e2c/1: everything a client does with keys, in Python, from docs/protocol.md.

Pure functions from values to values; only `client.py` and what it uses talk to a server. `python -m reference` is its
command line. The server never imports it.
"""
