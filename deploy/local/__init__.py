"""Private servers on free loopback ports, and the whole cluster on one machine (`make up`, `make down`).

Development and test code: nothing of the product imports it.
"""
