"""The page `docs/formats.md`, made from the catalogue; a test holds the two together."""

from reelyard.media.adjusting import decimal_text
from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, VIDEO_CODECS, AudioCodec, Container, VideoCodec
from reelyard.media.presets import PRESETS
from reelyard.media.published import FRAME_RATES, SAMPLE_RATES
from reelyard.media.values import (
    MAX_AUDIO_KBPS,
    MAX_SIDE,
    MAX_VIDEO_KBPS,
    MIN_AUDIO_KBPS,
    MIN_SIDE,
    MIN_VIDEO_KBPS,
    listed,
)

_PAGE = """# Formats

How one is added: [adding-a-format.md](adding-a-format.md). Made from `reelyard/media/catalogue.py` by
`python -c "from reelyard.media.document import formats_page; print(formats_page(), end='')" > docs/formats.md`.

## Containers

The first codec of each kind is what an output gets when none is named. `none` leaves a stream out. `copy` keeps the
source's stream as it is, where its codec is one of those listed.

{containers}

## Video codecs

{video}

- A codec whose encoder no free ffmpeg has is refused with `codec_unavailable`, unless a node of the cluster has one.
- A width or a height alone keeps the source's proportions, both together are taken as they are, neither means the \
source's own size as displayed. Sides are {min_side} to {max_side} pixels and are rounded to what the codec needs.
- Without a bitrate ({min_video} to {max_video} kbit/s) the quality is constant.
- Frame rates in thousandths: {frame_rates}; a codec or container that lacks one gets its nearest. -1 is the source's \
own, at most 60 a second. A source of varying rate gets the nearest standard one. Every output has a constant rate.

## Audio codecs

{audio}

- Sample rates in Hz: {sample_rates}; -1 is the source's own. A codec that lacks one gets its nearest.{rate_limits}
- A bitrate ({min_audio} to {max_audio} kbit/s) is brought into what the codec takes at the sample rate.
- Channels are 1 or 2. As the source means mono, stereo, 5.1 or 7.1 where the codec holds it, else stereo.

## Built-in output formats

{presets}
"""


def formats_page() -> str:
    """The whole page, in Markdown."""
    return _PAGE.format(
        containers=_table(
            ("code", "name", "ending", "video", "audio", "copies video", "copies audio"),
            [_container_row(container) for container in CONTAINERS.values()],
        ),
        video=_table(
            ("code", "name", "encoders, best first", "sizes", "frame rates"),
            [_video_row(c) for c in VIDEO_CODECS.values()],
        ),
        audio=_table(
            ("code", "name", "encoder", "sample rates (Hz)", "channels", "without a bitrate"),
            [_audio_row(c) for c in AUDIO_CODECS.values()],
        ),
        presets=_table(("ID", "name", "what it is"), [(p.id, p.name, p.description) for p in PRESETS]),
        frame_rates=listed(FRAME_RATES),
        sample_rates=listed(SAMPLE_RATES),
        rate_limits="".join(
            f" `{container.code}` holds {codec} with {listed(rates)} Hz only."
            for container in CONTAINERS.values()
            for codec, rates in container.sample_rates.items()
        ),
        min_side=MIN_SIDE,
        max_side=MAX_SIDE,
        min_video=MIN_VIDEO_KBPS,
        max_video=MAX_VIDEO_KBPS,
        min_audio=MIN_AUDIO_KBPS,
        max_audio=MAX_AUDIO_KBPS,
    )


def _container_row(container: Container) -> tuple[object, ...]:
    return (
        _code(container.code),
        container.display,
        f".{container.extension}",
        listed(container.video_codecs) or "none",
        listed(container.audio_codecs),
        listed(sorted(container.copy_video)) or "none",
        listed(sorted(container.copy_audio)),
    )


def _video_row(codec: VideoCodec) -> tuple[object, ...]:
    return (
        _code(codec.code),
        codec.display,
        _encoders([encoder.name for encoder in codec.encoders], scarce=codec.encoders[-1].scarce),
        listed(f"{width}x{height}" for width, height in codec.sizes)
        or f"multiples of {codec.size_multiple}, at most {codec.max_side}",
        listed(decimal_text(float(rate)) for rate in codec.frame_rates) or "all",
    )


def _audio_row(codec: AudioCodec) -> tuple[object, ...]:
    default = codec.default_bps_per_channel // 1000
    return (
        _code(codec.code),
        codec.display,
        _encoders([codec.encoder], scarce=codec.scarce),
        listed(codec.sample_rates),
        f"up to {codec.max_channels}",
        "lossless" if codec.lossless else f"{default} kbit/s a channel" if default else "constant quality",
    )


def _encoders(names: list[str], *, scarce: bool) -> str:
    return f"{listed(names)}: no free ffmpeg has it" if scarce else listed(names)


def _code(text: str) -> str:
    return f"`{text}`"


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
