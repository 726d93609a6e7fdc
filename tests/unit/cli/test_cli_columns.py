from reelyard.cli.columns import columns, moment


def test_columns_are_as_wide_as_their_widest_cell_and_rows_are_never_wrapped() -> None:
    table = columns(("ID", "NAME"), [("1", "default"), ("1234", "x" * 200)])

    assert table.splitlines() == ["ID    NAME", "1     default", "1234  " + "x" * 200]


def test_a_table_without_rows_is_its_header() -> None:
    assert columns(("ID", "NAME"), []) == "ID  NAME"


def test_a_moment_is_shown_in_utc_and_none_as_a_dash() -> None:
    assert (moment(1_329_597_731_598), moment(0)) == ("2012-02-18 20:42:11", "-")
