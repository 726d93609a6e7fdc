"""`reelyard demo`: one clip through the whole product on this machine, seen from a client's side.

Only the published REST API is used, and nothing of the services' code: what works here works for anybody.
"""
