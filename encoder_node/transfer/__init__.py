"""Moves files between Reelyard and places outside of it: ftp, ftps, sftp, s3, and PUT over http(s)."""
