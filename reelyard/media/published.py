"""The values that the published API names, whether this version can make them or not.

A value of these lists that the catalogue doesn't hold is refused as "not supported yet", any other as unknown.
Source: the lists of valid values in the published API description. Codecs that came after it stand beside its own.
"""

CONTAINER_CODES: frozenset[str] = frozenset(
    (
        *("3g2", "3gp", "avi", "dvd-ntsc-iso", "dvd-ntsc-mpg", "dvd-pal-iso", "dvd-pal-mpg", "fl9", "flv"),
        *("matroska", "mov", "mp4", "mpegts", "mxf", "ogg", "webm", "wmv", "wmv9"),
        *("mjpeg", "mpeg2video"),  # video alone
        *("aac", "flac", "m4a", "mp3", "wav", "wma"),  # audio alone
    )
)

VIDEO_CODEC_CODES: frozenset[str] = frozenset(
    (
        *("copy", "none", "flv", "h263", "h264", "h264base", "huffyuv", "libtheora", "libvpx", "mjpeg"),
        *("mpeg1video", "mpeg2video", "mpeg4", "mpgNtscDvd", "mpgPalDvd", "VC-1", "VC-1Adv", "VC-1Simple"),
        *("wmv1", "wmv2", "xvid"),
        *("hevc", "av1", "vp9"),  # ours
    )
)

AUDIO_CODEC_CODES: frozenset[str] = frozenset(
    (
        *("copy", "none", "aac", "ac3", "amr-nb", "flac", "mp2", "mp3", "pcm-s16BE", "pcm-s16LE", "pcm-u8"),
        *("vorbis", "wmaLossless", "wmaProfessional", "wmaStandard", "wmav2", "wmaVoice"),
        "opus",  # ours
    )
)

#: What an output may ask for, in thousandths of a frame a second, and the exact rate that each names.
FRAME_RATES: dict[int, str] = {
    10000: "10/1",
    11988: "12000/1001",
    12000: "12/1",
    14985: "15000/1001",
    15000: "15/1",
    20000: "20/1",
    23976: "24000/1001",
    24000: "24/1",
    25000: "25/1",
    29970: "30000/1001",
    30000: "30/1",
}

#: Hz that an output may ask for; encoders that lack one get their nearest.
SAMPLE_RATES: tuple[int, ...] = (8000, 11025, 16000, 22000, 22050, 24000, 32000, 44000, 44100, 48000, 192000)

#: What FrameRateID and AudioSampleRateID say for "as the source".
AS_SOURCE = -1
