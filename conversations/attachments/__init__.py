"""Attachments: blobs of ciphertext (protocol section 9) beside the conversation that they belong to."""
