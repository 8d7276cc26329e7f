"""Judges files of test vectors: every case is built from its `in`, compared with its `out`, and opened back."""
