"""Which worker fetches which piece of a file."""

import threading

import pytest

from encoder_node.fetch.piece_list import Piece, PieceList


def spans(pieces: list[Piece | None]) -> list[tuple[int, int]]:
    return [(piece.start, piece.end) for piece in pieces if piece is not None]


def test_pieces_cover_the_file_without_gap_or_overlap() -> None:
    pieces = PieceList(total=25, piece_bytes=10, workers=1)

    assert spans([pieces.take() for _ in range(4)]) == [(0, 10), (10, 20), (20, 25)]


def test_a_file_of_whole_pieces_has_no_empty_one() -> None:
    pieces = PieceList(total=20, piece_bytes=10, workers=1)

    assert spans([pieces.take() for _ in range(3)]) == [(0, 10), (10, 20)]


def test_a_piece_that_was_given_back_is_the_next_one() -> None:
    pieces = PieceList(total=30, piece_bytes=10, workers=2)
    first, second = pieces.take(), pieces.take()
    assert first is not None
    assert second is not None
    first.at = 4

    assert pieces.retire(first)

    taken = pieces.take()
    assert taken is first
    assert taken.at == 4


def test_the_last_worker_cannot_leave_its_piece() -> None:
    pieces = PieceList(total=20, piece_bytes=10, workers=2)
    first, second = pieces.take(), pieces.take()
    assert first is not None
    assert second is not None

    assert pieces.retire(first)
    assert not pieces.retire(second)


def test_a_worker_that_finds_nothing_has_left() -> None:
    pieces = PieceList(total=10, piece_bytes=10, workers=2)
    only = pieces.take()
    assert only is not None

    assert pieces.take() is None
    assert not pieces.retire(only)


def test_a_stream_gives_way_once_another_brought_bytes() -> None:
    pieces = PieceList(total=30, piece_bytes=10, workers=2)
    pieces.take_at(0)
    pieces.take()
    pieces.prove()

    assert pieces.take_at(10) is None
    assert spans([pieces.take_at(20)]) == [(20, 30)]


def test_a_stream_waits_for_a_worker_that_may_yet_be_refused_and_takes_over() -> None:
    pieces = PieceList(total=20, piece_bytes=10, workers=2)
    pieces.take_at(0)
    other = pieces.take()
    assert other is not None
    taken: list[Piece | None] = []
    stream = threading.Thread(target=lambda: taken.append(pieces.take_at(10)))
    stream.start()

    assert pieces.retire(other)
    stream.join(30)

    assert taken == [other]


def test_pieces_are_told_in_their_order_whichever_ends_first() -> None:
    pieces = PieceList(total=30, piece_bytes=10, workers=1)
    taken = [piece for piece in (pieces.take(), pieces.take(), pieces.take()) if piece is not None]
    for piece in reversed(taken):
        pieces.finish(piece)

    assert list(pieces.in_order()) == taken


def test_the_first_error_ends_everything() -> None:
    pieces = PieceList(total=20, piece_bytes=10, workers=2)
    pieces.take()
    pieces.fail(ValueError("first"))
    pieces.fail(ValueError("second"))

    assert pieces.failed
    assert pieces.take() is None
    assert pieces.take_at(10) is None
    with pytest.raises(ValueError, match="first"):
        list(pieces.in_order())
