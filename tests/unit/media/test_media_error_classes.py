import pytest

from reelyard.media.error_classes import ErrorClass, error_class
from reelyard.media.errors import BLAMES_NODE, ErrorCode


def test_no_code_is_no_error() -> None:
    assert error_class("") is ErrorClass.NONE


@pytest.mark.parametrize("code", [code for code in ErrorCode if code.value.startswith("source_")])
def test_whatever_is_wrong_with_a_source_is_its_users_to_mend(code: ErrorCode) -> None:
    assert error_class(code) is ErrorClass.USER_INPUT


@pytest.mark.parametrize("code", sorted(BLAMES_NODE))
def test_what_blames_a_node_is_the_operators_to_mend(code: ErrorCode) -> None:
    assert error_class(code) in {ErrorClass.ENCODE, ErrorClass.STORAGE}


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no_such_code"):
        error_class("no_such_code")
