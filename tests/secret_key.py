"""The key that encrypts credentials in the databases of tests."""

from scheduler.store.sealed import Sealer

SECRET_KEY = "a2VlcGluZyBjcmVkZW50aWFscyBvZiB0ZXN0cyBzYWY="
SEALER = Sealer((SECRET_KEY,))
