"""Two passes of one encode: when there are two, and how far each brings the whole."""

from dataclasses import dataclass

from reelyard.media.catalogue import COPY, video_encoder
from reelyard.media.plan import EncodePlan

#: Beginning of the names of the files, in the attempt's folder, that the first pass writes for the second.
LOG_NAME = "twopass"


@dataclass(frozen=True)
class Stretch:
    """A stretch of the whole, in thousandths."""

    start: int
    end: int

    def permille(self, share: int) -> int:
        """How far the whole is when so many thousandths of the stretch are done."""
        return self.start + self.of(share)

    def of(self, number: int) -> int:
        """The part of a number that falls to the stretch when the whole counts once."""
        return (self.end - self.start) * number // 1000


#: For a disc too: making its image of 60 s took 0.13 s, encoding them 5 s (measured).
ALL = Stretch(0, 1000)
#: Measured in processor time with x264's preset medium: 12 s and 26 s of the same clip.
FIRST_PASS, SECOND_PASS = Stretch(0, 350), Stretch(350, 1000)


def runs_twice(plan: EncodePlan) -> bool:
    """Whether ffmpeg runs twice for it. Hardware looks ahead within one run (NVENC's `multipass`)."""
    if plan.video is None or not plan.video.two_pass or plan.video.encoder == COPY:
        return False
    encoder = video_encoder(plan.video.codec, plan.video.encoder)
    return encoder.two_pass and not encoder.hardware
