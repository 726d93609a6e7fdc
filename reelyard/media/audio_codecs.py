"""The audio codecs that an output may have, as data. What each fits in is in `containers`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class BitrateRange:
    """What an encoder takes at one sample rate, in bits a second; of each channel when `per_channel`.

    Where `steps` isn't empty, nothing between them.
    """

    lowest_bps: int
    highest_bps: int
    per_channel: bool = False
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AudioCodec:
    """A way to encode sound. Without a bitrate `default_bps_per_channel` holds, or `quality` where it isn't empty.

    A `lossless` codec knows no bitrate. A `scarce` encoder is in no ffmpeg that may be given away.
    """

    code: str
    display: str
    codec_name: str
    encoder: str
    max_channels: int
    bitrates: Mapping[int, BitrateRange]  # by sample rate in Hz; the keys are the rates that it can do
    default_bps_per_channel: int = 0
    quality: Mapping[str, str] = field(default_factory=dict)
    lossless: bool = False
    scarce: bool = False

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """The sample rates in Hz that it can do, rising."""
        return tuple(sorted(self.bitrates))


#: The rates of lossless codecs: all that sound is recorded with.
_ANY_RATE = (
    *(8000, 11025, 12000, 16000, 22000, 22050, 24000, 32000, 44000, 44100, 48000),
    *(64000, 88200, 96000, 176_400, 192_000),
)
_LOSSLESS = BitrateRange(lowest_bps=0, highest_bps=0)


def _at(rates: Iterable[int], valid: BitrateRange) -> Mapping[int, BitrateRange]:
    return MappingProxyType(dict.fromkeys(rates, valid))


def _steps(*kbps: int) -> BitrateRange:
    steps = tuple(rate * 1000 for rate in kbps)
    return BitrateRange(lowest_bps=steps[0], highest_bps=steps[-1], steps=steps)


def _per_channel(lowest_bps: int, highest_bps: int) -> BitrateRange:
    return BitrateRange(lowest_bps=lowest_bps, highest_bps=highest_bps, per_channel=True)


def _aac(sample_rate_hz: int) -> BitrateRange:
    # A channel's frame of 1024 samples holds 6144 bits at most: six bits a sample.
    return _per_channel(8_000, 6 * sample_rate_hz)


# MPEG-1, MPEG-2 and MPEG-2.5 layer III each have a table of bitrates; LAME rounds to the nearest of it (measured).
_MP3_MPEG1 = BitrateRange(lowest_bps=32_000, highest_bps=320_000)
_MP3_MPEG2 = BitrateRange(lowest_bps=8_000, highest_bps=160_000)
_MP3_MPEG25 = BitrateRange(lowest_bps=8_000, highest_bps=64_000)
# Layer II has such tables too, and its encoder refuses what isn't in them.
_MP2_MPEG1 = _steps(32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_MP2_MPEG2 = _steps(8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_AC3 = _steps(32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
# The eight modes of AMR: 4.75 to 12.2 kbit/s.
_AMR = BitrateRange(
    lowest_bps=4_750, highest_bps=12_200, steps=(4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200, 12_200)
)
# Below 24 kbit/s its encoder refuses (measured); a rate far above what the sound needs is filled up.
_WMA = BitrateRange(lowest_bps=24_000, highest_bps=256_000)


def _pcm(code: str, encoder: str) -> AudioCodec:
    return AudioCodec(
        code=code,
        display="PCM",
        codec_name=encoder,
        encoder=encoder,
        max_channels=8,
        bitrates=_at(_ANY_RATE, _LOSSLESS),
        lossless=True,
    )


def _wma(code: str) -> AudioCodec:
    return AudioCodec(
        code=code,
        display="WMA",
        codec_name="wmav2",
        encoder="wmav2",
        max_channels=2,
        bitrates=_at((8000, 11025, 16000, 22000, 22050, 24000, 32000, 44000, 44100, 48000), _WMA),
        default_bps_per_channel=64_000,
    )


def _scarce(code: str, display: str, name: str, *, lossless: bool = False) -> AudioCodec:
    return AudioCodec(
        code=code,
        display=display,
        codec_name=name,
        encoder=name,
        max_channels=2,
        bitrates=_at((8000, 16000, 22050, 44100, 48000), _LOSSLESS if lossless else _WMA),
        default_bps_per_channel=0 if lossless else 64_000,
        lossless=lossless,
        scarce=True,
    )


AUDIO_CODECS: Mapping[str, AudioCodec] = MappingProxyType(
    {
        codec.code: codec
        for codec in (
            AudioCodec(
                code="aac",
                display="AAC",
                codec_name="aac",
                encoder="aac",
                max_channels=8,
                bitrates=MappingProxyType(
                    {
                        rate: _aac(rate)
                        for rate in (
                            *(8000, 11025, 12000, 16000, 22050, 24000, 32000),
                            *(44100, 48000, 64000, 88200, 96000),
                        )
                    }
                ),
                default_bps_per_channel=64_000,
            ),
            AudioCodec(
                code="ac3",
                display="AC-3",
                codec_name="ac3",
                encoder="ac3",
                max_channels=6,
                bitrates=_at((32000, 44100, 48000), _AC3),
                default_bps_per_channel=96_000,
            ),
            AudioCodec(
                code="amr-nb",
                display="AMR",
                codec_name="amr_nb",
                encoder="libopencore_amrnb",
                max_channels=1,
                bitrates=_at((8000,), _AMR),
                default_bps_per_channel=12_200,
            ),
            AudioCodec(
                code="flac",
                display="FLAC",
                codec_name="flac",
                encoder="flac",
                max_channels=8,
                bitrates=_at(_ANY_RATE, _LOSSLESS),
                lossless=True,
            ),
            AudioCodec(
                code="mp2",
                display="MPEG Audio",
                codec_name="mp2",
                encoder="mp2",
                max_channels=2,
                bitrates=MappingProxyType(
                    {**_at((16000, 22050, 24000), _MP2_MPEG2), **_at((32000, 44100, 48000), _MP2_MPEG1)}
                ),
                default_bps_per_channel=96_000,
            ),
            AudioCodec(
                code="mp3",
                display="MPEG Audio",
                codec_name="mp3",
                encoder="libmp3lame",
                max_channels=2,
                bitrates=MappingProxyType(
                    {
                        **_at((8000, 11025, 12000), _MP3_MPEG25),
                        **_at((16000, 22050, 24000), _MP3_MPEG2),
                        **_at((32000, 44100, 48000), _MP3_MPEG1),
                    }
                ),
                default_bps_per_channel=64_000,
            ),
            AudioCodec(
                code="opus",
                display="Opus",
                codec_name="opus",
                encoder="libopus",
                max_channels=8,
                # It takes lower ones too, and every decoder gives 48 kHz back.
                bitrates=_at((48000,), _per_channel(6_000, 256_000)),
                default_bps_per_channel=64_000,
            ),
            _pcm("pcm-s16BE", "pcm_s16be"),
            _pcm("pcm-s16LE", "pcm_s16le"),
            _pcm("pcm-u8", "pcm_u8"),
            AudioCodec(
                code="vorbis",
                display="Vorbis",
                codec_name="vorbis",
                encoder="libvorbis",
                max_channels=8,
                # Measured: outside of these the encoder's set-up fails; above 48 kHz it takes no bitrate at all.
                bitrates=MappingProxyType(
                    {
                        8000: _per_channel(16_000, 32_000),
                        **_at((11025, 12000), _per_channel(16_000, 42_000)),
                        **_at((16000, 22050, 24000), _per_channel(16_000, 80_000)),
                        32000: _per_channel(32_000, 160_000),
                        **_at((44100, 48000), _per_channel(32_000, 192_000)),
                    }
                ),
                # A quality works at every sample rate and channel count; 4 is about 128 kbit/s of 44.1 kHz stereo.
                quality=MappingProxyType({"q:a": "4"}),
            ),
            _wma("wmav2"),
            _wma("wmaStandard"),  # the same bit stream under its other name
            _scarce("wmaLossless", "WMA Lossless", "wmalossless", lossless=True),
            _scarce("wmaProfessional", "WMA Pro", "wmapro"),
            _scarce("wmaVoice", "WMA Voice", "wmavoice"),
        )
    }
)
