"""Reads `ffmpeg -progress pipe:1`: key=value lines in blocks that end with `progress=continue` or `progress=end`."""

from collections.abc import Callable


class ProgressReader:
    """How far one ffmpeg run is.

    `out_time_us` is microseconds of output (ffmpeg's `out_time_ms` is microseconds too, so it is not used);
    it may be missing or `N/A` at first. A run that was not told to stop ends with `progress=end`: without it the
    output is not whole, whatever the exit status says.
    """

    def __init__(self, on_block: Callable[["ProgressReader"], None] | None = None) -> None:
        self.frames = 0
        self.out_time_us = 0
        self.total_bytes = 0
        self.ended = False
        self._on_block = on_block

    def feed(self, line: str) -> bool:
        """Take one line; True when frames, time or bytes grew."""
        key, _, value = line.strip().partition("=")
        if key == "progress":
            self.ended = value == "end"
            if self._on_block is not None:
                self._on_block(self)
            return self.ended
        if key == "frame":
            return self._grow("frames", value)
        if key == "out_time_us":
            return self._grow("out_time_us", value)
        if key == "total_size":
            return self._grow("total_bytes", value)
        return False

    def permille(self, *, frames: int, duration_us: int) -> int:
        """Progress of 1000 against what is expected: by frames where there are any, else by time.

        999 at most: the last step is taken by the stage when the output was verified.
        """
        if frames > 0:
            share = self.frames * 1000 // frames
        elif duration_us > 0:
            share = self.out_time_us * 1000 // duration_us
        else:
            share = 0
        return max(0, min(999, share))

    def _grow(self, name: str, value: str) -> bool:
        try:
            number = int(value)
        except ValueError:  # N/A before the first packet
            return False
        if number <= getattr(self, name):
            return False
        setattr(self, name, number)
        return True
