"""The real engine, run from this process: its command, the providers that it attaches to, and what it calls back."""
