"""The encoder node: takes tasks, runs ffmpeg, moves bytes; keeps no state that matters."""
