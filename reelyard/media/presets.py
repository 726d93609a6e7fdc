"""The built-in output formats that OutputFormatID may name.

An ID is fixed for ever once published: change a format only by adding another. Heights leave the width to the source's
proportions. Every format is checked by a test through the same `resolve_output` as a client's request.
"""

from reelyard.media.output import OutputFormat, OutputRequest

#: IDs up to here are for built-in formats; those that accounts make have greater ones, and so the two never meet.
LAST_BUILT_IN_ID = 999

PRESETS: tuple[OutputFormat, ...] = (
    OutputFormat(
        id=1,
        name="MP4 1080p",
        description="H.264 at 5 Mbit/s, 1080 lines, with AAC stereo: full HD screens",
        parameters=OutputRequest(
            container="mp4",
            video_codec="h264",
            height=1080,
            video_bitrate_kbps=5000,
            audio_codec="aac",
            audio_bitrate_kbps=192,
            channels=2,
        ),
    ),
    OutputFormat(
        id=2,
        name="MP4 720p",
        description="H.264 at 2.5 Mbit/s, 720 lines, with AAC stereo: most web players",
        parameters=OutputRequest(
            container="mp4",
            video_codec="h264",
            height=720,
            video_bitrate_kbps=2500,
            audio_codec="aac",
            audio_bitrate_kbps=128,
            channels=2,
        ),
    ),
    OutputFormat(
        id=3,
        name="MP4 480p",
        description="H.264 at 1.2 Mbit/s, 480 lines, with AAC stereo: tablets and slower lines",
        parameters=OutputRequest(
            container="mp4",
            video_codec="h264",
            height=480,
            video_bitrate_kbps=1200,
            audio_codec="aac",
            audio_bitrate_kbps=128,
            channels=2,
        ),
    ),
    OutputFormat(
        id=4,
        name="MP4 360p",
        description="H.264 at 700 kbit/s, 360 lines, with AAC stereo: phones on mobile networks",
        parameters=OutputRequest(
            container="mp4",
            video_codec="h264",
            height=360,
            video_bitrate_kbps=700,
            audio_codec="aac",
            audio_bitrate_kbps=96,
            channels=2,
        ),
    ),
    OutputFormat(
        id=5,
        name="MP4 as source",
        description="H.264 of constant quality in the source's size and rate, with AAC",
        parameters=OutputRequest(container="mp4", video_codec="h264", audio_codec="aac"),
    ),
    OutputFormat(
        id=6,
        name="WebM 720p",
        description="VP8 at 2.5 Mbit/s, 720 lines, with Vorbis stereo: free formats for the web",
        parameters=OutputRequest(
            container="webm",
            video_codec="libvpx",
            height=720,
            video_bitrate_kbps=2500,
            audio_codec="vorbis",
            channels=2,
        ),
    ),
    OutputFormat(
        id=7,
        name="WebM 480p",
        description="VP8 at 1.2 Mbit/s, 480 lines, with Vorbis stereo",
        parameters=OutputRequest(
            container="webm",
            video_codec="libvpx",
            height=480,
            video_bitrate_kbps=1200,
            audio_codec="vorbis",
            channels=2,
        ),
    ),
    OutputFormat(
        id=8,
        name="WebM as source",
        description="VP8 of constant quality in the source's size and rate, with Vorbis",
        parameters=OutputRequest(container="webm", video_codec="libvpx", audio_codec="vorbis"),
    ),
    OutputFormat(
        id=9,
        name="Matroska as source",
        description="H.264 of constant quality in the source's size and rate, with AAC, in Matroska",
        parameters=OutputRequest(container="matroska", video_codec="h264", audio_codec="aac"),
    ),
    OutputFormat(
        id=10,
        name="MP3 128",
        description="MP3 at 128 kbit/s, 44.1 kHz stereo, without the picture",
        parameters=OutputRequest(
            container="mp3", audio_codec="mp3", audio_bitrate_kbps=128, sample_rate_hz=44100, channels=2
        ),
    ),
    OutputFormat(
        id=11,
        name="MP3 192",
        description="MP3 at 192 kbit/s, 44.1 kHz stereo, without the picture",
        parameters=OutputRequest(
            container="mp3", audio_codec="mp3", audio_bitrate_kbps=192, sample_rate_hz=44100, channels=2
        ),
    ),
    OutputFormat(
        id=12,
        name="M4A 128",
        description="AAC at 128 kbit/s, 44.1 kHz stereo, without the picture",
        parameters=OutputRequest(
            container="m4a", audio_codec="aac", audio_bitrate_kbps=128, sample_rate_hz=44100, channels=2
        ),
    ),
    OutputFormat(
        id=13,
        name="MP4 remux",
        description="The source's own streams in MP4, without encoding; for sources whose codecs fit",
        parameters=OutputRequest(container="mp4", video_codec="copy", audio_codec="copy"),
    ),
    OutputFormat(
        id=14,
        name="Matroska remux",
        description="The source's own streams in Matroska, without encoding; holds nearly every codec",
        parameters=OutputRequest(container="matroska", video_codec="copy", audio_codec="copy"),
    ),
)


def preset(format_id: int) -> OutputFormat | None:
    """The built-in format of that ID; None when there is none, which includes 0."""
    return next((entry for entry in PRESETS if entry.id == format_id), None)
