"""The second implementation of protocol e2c/1: what a client without a page does with keys, from docs/protocol.md.

Pure functions from values to values; only `client.py` and what it uses talk to a server. `python -m reference` is its
command line. The server never imports it. What it leaves to the page, and why, stands in docs/development.md
("Without a browser").
"""
