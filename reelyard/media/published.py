"""Rates that the published API names; its containers and codecs are the catalogue's."""

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
