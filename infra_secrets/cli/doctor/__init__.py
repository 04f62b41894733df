"""`infra-secrets doctor`: what stands between this person and a working `pulumi up` or read.

It looks and changes nothing. It reads no value, and prints no value, token or key.
"""
