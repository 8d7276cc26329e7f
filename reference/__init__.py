"""The second implementation of protocol e2c/1: everything a client does with keys, in Python, from docs/protocol.md.

Pure functions from values to values; only `client.py` talks to a server. Tests and benches use it, the server never
imports it.
"""
