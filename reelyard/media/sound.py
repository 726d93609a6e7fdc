"""How a source's channels become the output's.

Where both layouts are known ffmpeg's matrix does it, as broadcasters do (ITU-R BS.775): centre and surrounds go into
left and right 3 dB lower, the LFE channel is left out, because players of stereo have nothing to show it on and its
peaks would cost level everywhere. The sum is brought down so that it can't clip (`rematrix_maxval`); for encoders that
take floating point ffmpeg would not.
"""

from reelyard.media.info import AudioTrack

#: ffmpeg's names of the layouts that outputs have, by number of channels.
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
#: One channel, as loud as it is, in every channel of the output. ffmpeg's own matrix would make it 3 dB lower.
SAME = "same"
#: Channels that nobody named, all alike in every channel of the output; `even:12` says how many there are.
EVEN = "even"

_MONO = 1
#: Up to here ffmpeg has a usual layout for a number of channels, which it takes where the file names none.
_USUAL_CHANNELS = 8
_UNKNOWN_LAYOUTS = frozenset({"", "unknown"})


def audio_mix(track: AudioTrack, channels: int) -> str:
    """The way from a track's channels to so many (`InputPlan.audio_mix`)."""
    if track.channels == _MONO:
        return SAME if channels > _MONO else ""
    if track.channels > _USUAL_CHANNELS and (
        track.channel_layout in _UNKNOWN_LAYOUTS or track.channel_layout.endswith("channels")
    ):
        return f"{EVEN}:{track.channels}"
    return ""


def mix_filters(mix: str, channels: int) -> list[str]:
    """The filters that do it, for an output of so many channels; they stand before the resampler."""
    way, _, count = mix.partition(":")
    layout = LAYOUTS[channels]
    if way == SAME:
        return [_pan(layout, channels, "c0")]
    if way == EVEN:
        share = 1 / int(count)
        return [_pan(layout, channels, "+".join(f"{share:.6f}*c{index}" for index in range(int(count))))]
    return []


def _pan(layout: str, channels: int, gains: str) -> str:
    return "|".join([f"pan={layout}", *(f"c{index}={gains}" for index in range(channels))])
