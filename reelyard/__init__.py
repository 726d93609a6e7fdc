"""Reelyard: what its three services share."""
