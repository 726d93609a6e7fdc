"""Builds the arguments of the ffmpeg run that turns a stranger's image into a PNG. Pure, as `encoder_node.command`."""

from pathlib import Path

from encoder_node.command import input_options

#: Demuxers that an overlay image may be read with: those of one file that is one picture, or begins with one. Their
#: names tell PNG, JPEG, GIF, WebP and BMP; `image2` is left out, since it opens further files by a pattern.
IMAGE_FORMATS = "png_pipe,apng,jpeg_pipe,gif,gif_pipe,webp_pipe,bmp_pipe"


def overlay_argv(source: Path, target: Path) -> list[str]:
    """Write the first picture of an image file as a PNG with an alpha channel."""
    # The allow-lists and limits are those of a source: the image is a stranger's as well.
    allowed = input_options() | {"format_whitelist": IMAGE_FORMATS}
    limits = [text for name, value in sorted(allowed.items()) for text in (f"-{name}", str(value))]
    return [
        *("ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-nostats"),
        *limits,
        *("-i", f"file:{source.absolute()}"),
        *("-map", "0:v:0", "-frames:v", "1"),
        *("-map_metadata", "-1"),  # a photograph's tags say where it was taken
        *("-c:v", "png", "-pix_fmt", "rgba"),  # one format, whatever came: the encoder's graph counts on it
        *("-f", "image2", "-update", "1"),  # one file, whose name is no pattern
        *("-y", f"file:{target.absolute()}"),
    ]
