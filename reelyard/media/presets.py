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
    OutputFormat(
        id=15,
        name="HEVC 1080p",
        description="H.265 at 3 Mbit/s, 1080 lines, with AAC stereo: half the size of H.264 for newer players",
        parameters=OutputRequest(
            container="mp4",
            video_codec="hevc",
            height=1080,
            video_bitrate_kbps=3000,
            audio_codec="aac",
            audio_bitrate_kbps=160,
            channels=2,
        ),
    ),
    OutputFormat(
        id=16,
        name="HEVC as source",
        description="H.265 of constant quality in the source's size and rate, with AAC",
        parameters=OutputRequest(container="mp4", video_codec="hevc", audio_codec="aac"),
    ),
    OutputFormat(
        id=17,
        name="AV1 as source",
        description="AV1 of constant quality in the source's size and rate, with Opus, in WebM",
        parameters=OutputRequest(container="webm", video_codec="av1", audio_codec="opus"),
    ),
    OutputFormat(
        id=18,
        name="VP9 720p",
        description="VP9 at 1.5 Mbit/s, 720 lines, with Opus stereo, in WebM",
        parameters=OutputRequest(
            container="webm", video_codec="vp9", height=720, video_bitrate_kbps=1500, audio_codec="opus", channels=2
        ),
    ),
    OutputFormat(
        id=19,
        name="QuickTime as source",
        description="H.264 of constant quality in the source's size and rate, with AAC, in QuickTime",
        parameters=OutputRequest(container="mov", video_codec="h264", audio_codec="aac"),
    ),
    OutputFormat(
        id=20,
        name="MPEG-TS 720p",
        description="H.264 at 2.5 Mbit/s, 720 lines, with AAC stereo in a transport stream",
        parameters=OutputRequest(
            container="mpegts",
            video_codec="h264",
            height=720,
            video_bitrate_kbps=2500,
            audio_codec="aac",
            audio_bitrate_kbps=128,
            channels=2,
        ),
    ),
    OutputFormat(
        id=21,
        name="3GP 240p",
        description="H.264 baseline at 300 kbit/s, 240 lines, with AAC mono: the first phones that play video",
        parameters=OutputRequest(
            container="3gp",
            video_codec="h264base",
            height=240,
            video_bitrate_kbps=300,
            audio_codec="aac",
            audio_bitrate_kbps=48,
            channels=1,
        ),
    ),
    OutputFormat(
        id=22,
        name="AVI Xvid",
        description="Xvid at 1.5 Mbit/s, 480 lines, with MP3 stereo: players of the DVD age",
        parameters=OutputRequest(
            container="avi",
            video_codec="xvid",
            height=480,
            video_bitrate_kbps=1500,
            audio_codec="mp3",
            audio_bitrate_kbps=128,
            channels=2,
        ),
    ),
    OutputFormat(
        id=23,
        name="Windows Media 480p",
        description="WMV 8 at 1.2 Mbit/s, 480 lines, with WMA stereo",
        parameters=OutputRequest(
            container="wmv",
            video_codec="wmv2",
            height=480,
            video_bitrate_kbps=1200,
            audio_codec="wmav2",
            audio_bitrate_kbps=128,
            channels=2,
        ),
    ),
    OutputFormat(
        id=24,
        name="Flash Video 360p",
        description="H.264 at 700 kbit/s, 360 lines, with AAC stereo in Flash Video",
        parameters=OutputRequest(
            container="fl9",
            video_codec="h264",
            height=360,
            video_bitrate_kbps=700,
            audio_codec="aac",
            audio_bitrate_kbps=96,
            channels=2,
        ),
    ),
    OutputFormat(
        id=25,
        name="Ogg Theora 480p",
        description="Theora at 1.2 Mbit/s, 480 lines, with Vorbis stereo",
        parameters=OutputRequest(
            container="ogg",
            video_codec="libtheora",
            height=480,
            video_bitrate_kbps=1200,
            audio_codec="vorbis",
            channels=2,
        ),
    ),
    OutputFormat(
        id=26,
        name="MXF",
        description="MPEG-2 at 25 Mbit/s in the source's size, with PCM of 48 kHz: editing rooms",
        parameters=OutputRequest(
            container="mxf", video_codec="mpeg2video", video_bitrate_kbps=25000, audio_codec="pcm-s16LE", channels=2
        ),
    ),
    OutputFormat(
        id=27,
        name="DVD PAL",
        description="A DVD's stream: MPEG-2, 720x576 at 25 frames a second, with AC-3 stereo",
        parameters=OutputRequest(container="dvd-pal-mpg", video_codec="mpgPalDvd", audio_codec="ac3", channels=2),
    ),
    OutputFormat(
        id=28,
        name="DVD NTSC",
        description="A DVD's stream: MPEG-2, 720x480 at 29.97 frames a second, with AC-3 stereo",
        parameters=OutputRequest(container="dvd-ntsc-mpg", video_codec="mpgNtscDvd", audio_codec="ac3", channels=2),
    ),
    OutputFormat(
        id=29,
        name="DVD PAL image",
        description="An image to burn: a DVD without a menu, 720x576 at 25 frames a second",
        parameters=OutputRequest(container="dvd-pal-iso", video_codec="mpgPalDvd", audio_codec="ac3", channels=2),
    ),
    OutputFormat(
        id=30,
        name="DVD NTSC image",
        description="An image to burn: a DVD without a menu, 720x480 at 29.97 frames a second",
        parameters=OutputRequest(container="dvd-ntsc-iso", video_codec="mpgNtscDvd", audio_codec="ac3", channels=2),
    ),
    OutputFormat(
        id=31,
        name="FLAC",
        description="Lossless sound in the source's rate, without the picture",
        parameters=OutputRequest(container="flac", audio_codec="flac"),
    ),
    OutputFormat(
        id=32,
        name="Wave",
        description="PCM of 16 bits, 44.1 kHz stereo, without the picture",
        parameters=OutputRequest(container="wav", audio_codec="pcm-s16LE", sample_rate_hz=44100, channels=2),
    ),
    OutputFormat(
        id=33,
        name="WMA 128",
        description="WMA at 128 kbit/s, 44.1 kHz stereo, without the picture",
        parameters=OutputRequest(
            container="wma", audio_codec="wmav2", audio_bitrate_kbps=128, sample_rate_hz=44100, channels=2
        ),
    ),
    OutputFormat(
        id=34,
        name="AAC 128",
        description="AAC at 128 kbit/s, 44.1 kHz stereo, as a bare stream (ADTS), without the picture",
        parameters=OutputRequest(
            container="aac", audio_codec="aac", audio_bitrate_kbps=128, sample_rate_hz=44100, channels=2
        ),
    ),
)


def preset(format_id: int) -> OutputFormat | None:
    """The built-in format of that ID; None when there is none, which includes 0."""
    return next((entry for entry in PRESETS if entry.id == format_id), None)
