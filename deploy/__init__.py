"""How Reelyard is run: `local` for one machine without containers, `docker` for images and compose."""
