"""Codecs that few nodes can make: refused while none can, and encoded on one that can."""

from reelyard.cluster.work import Queue
from reelyard.media.errors import ErrorCode
from reelyard.media.output import OutputRequest
from tests.contract.lifecycle_rig import MP4, Held, Rig

VC1 = OutputRequest(output_format_id=0, container="wmv9", video_codec="VC-1", audio_codec="wmav2")
LOSSLESS = OutputRequest(output_format_id=0, container="wma", audio_codec="wmaLossless")
XVID = OutputRequest(output_format_id=0, container="avi", video_codec="xvid", audio_codec="mp3")


def test_a_codec_that_no_node_has_is_refused_and_the_rest_accepted(rig: Rig) -> None:
    rig.node("free", encoders=("wmav2",))

    created = rig.create(VC1, MP4, LOSSLESS)

    vc1, mp4, lossless = created.jobs
    assert (vc1.job_id, lossless.job_id) == (0, 0)
    assert mp4.job_id
    assert vc1.error is not None
    assert lossless.error is not None
    assert (vc1.error.code, vc1.error.field) == (ErrorCode.CODEC_UNAVAILABLE, "video_codec")
    assert "'VC-1'" in vc1.error.message
    assert "can hold wmv2, wmv1" in vc1.error.message
    assert (lossless.error.code, lossless.error.field) == (ErrorCode.CODEC_UNAVAILABLE, "audio_codec")
    assert "can hold wmav2, wmaStandard" in lossless.error.message


def test_a_codec_that_a_node_has_is_encoded_there_and_nowhere_else(rig: Rig) -> None:
    other = rig.node("free", encoders=("wmav2",))
    able = rig.node("licensed", encoders=("wmav2", "wmv3"))
    created = rig.create(VC1)
    rig.do(other, Queue.INGEST)

    (hint,) = rig.hints(Queue.ENCODE_CPU)
    assert rig.try_claim(other, hint) == "elsewhere"
    (hint,) = rig.hints(Queue.ENCODE_CPU)
    held = rig.try_claim(able, hint)

    assert created.jobs[0].error is None
    assert isinstance(held, Held)
    assert "pass_on" in rig.events("task", hint.task_id)


def test_an_ordinary_encoder_that_a_node_lacks_sends_the_task_on_too(rig: Rig) -> None:
    lacking = rig.node("small")
    able = rig.node("whole", encoders=("libxvid", "libmp3lame"))
    rig.create(XVID)
    rig.do(lacking, Queue.INGEST)

    (hint,) = rig.hints(Queue.ENCODE_CPU)
    assert rig.try_claim(lacking, hint) == "elsewhere"
    (hint,) = rig.hints(Queue.ENCODE_CPU)
    assert isinstance(rig.try_claim(able, hint), Held)


def test_a_task_that_no_node_can_do_is_not_passed_round_for_ever(rig: Rig) -> None:
    first = rig.node("small")
    rig.node("small too")
    rig.create(XVID)
    rig.do(first, Queue.INGEST)

    (hint,) = rig.hints(Queue.ENCODE_CPU)

    assert isinstance(rig.try_claim(first, hint), Held), "it fails there, and its job says what is missing"
