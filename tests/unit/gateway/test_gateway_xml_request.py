"""Reading XML requests: the published samples, what may differ from them, and what is hostile."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedRequestError
from gateway.gomi.create_request import RefusedOutput, read_create_request
from gateway.gomi.members import LISTS, OUTPUT_MEMBERS
from gateway.gomi.values import Members
from gateway.gomi.xml_request import DEPTH_MAX, ELEMENTS_MAX, parse_xml_object
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest

SAMPLE = (Path(__file__).parent / "golden" / "create_job_request.xml").read_text()
NAMESPACE = "http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models"
I = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'  # noqa: E741
URL = "http://source.example/clip.mov"


def parsed(text: str | bytes, charset: str = "") -> Any:
    data = text.encode() if isinstance(text, str) else text
    return parse_xml_object(data, charset=charset, lists=LISTS)


def refusal(text: str | bytes, charset: str = "") -> str:
    with pytest.raises(MalformedRequestError) as caught:
        parsed(text, charset)
    assert caught.value.code == ErrorCode.MALFORMED_REQUEST
    return caught.value.message


def read(text: str) -> tuple[OutputRequest | RefusedOutput, ...]:
    return read_create_request(Members(parsed(text))).outputs


def read_output(members: str) -> OutputRequest | RefusedOutput:
    outputs = f"<OutputJobs><OutputJobItem>{members}</OutputJobItem></OutputJobs>"
    return read(f"<CreateJob {I}><SourceMediaURL>{URL}</SourceMediaURL>{outputs}</CreateJob>")[0]


def refused(members: str) -> str:
    output = read_output(members)
    assert isinstance(output, RefusedOutput)
    return output.error.message


def test_the_published_sample_is_not_well_formed_and_told_where() -> None:
    assert refusal(SAMPLE) == "The body is not XML: mismatched tag at line 28, column 26."


def test_the_published_sample_with_its_typo_mended_has_every_member_that_is_known() -> None:
    members = parsed(SAMPLE.replace("</OverlayOffsetUri>", "</OverlayImageUri>"))

    assert list(members) == ["ApiKey", "SourceMediaURL", "OutputJobs"]
    (output,) = members["OutputJobs"]
    assert set(output) == {each.name for each in OUTPUT_MEMBERS}
    nil = [name for name, value in output.items() if value is None]
    assert len(nil) == 14
    assert {"AudioBitrate", "DeInterlace", "Width", "FixedKeyFrameInterval"} <= set(nil)
    assert output["OutputFormatID"] == "0"
    assert output["NewFilename"] == "String"


def test_every_supported_member_is_read() -> None:
    output = read_output(
        "<Title>T &amp; <![CDATA[<U>]]></Title><CustomerReferenceID>ref</CustomerReferenceID><Height>576</Height>"
        "<PingUrl>http://ping.example/</PingUrl><MediaContainerCode>mp4</MediaContainerCode><Width> 720 </Width>"
        "<VideoCodecCode>h264</VideoCodecCode><VideoBitrate>1024</VideoBitrate><FrameRateID>25000</FrameRateID>"
        "<AudioCodecCode>aac</AudioCodecCode><AudioBitrate>128</AudioBitrate><OutputFormatID>0</OutputFormatID>"
        "<AudioSampleRateID>-1</AudioSampleRateID><AudioChannelsID>2</AudioChannelsID>"
        "<DeInterlace>false</DeInterlace><TwoPassEncoding>0</TwoPassEncoding><Metadata>title=A&amp;album=B</Metadata>"
        "<NewFilename>[OutputMediaAssetID]</NewFilename><ForcedKeyFrameInterval>60</ForcedKeyFrameInterval>"
        "<FixedKeyFrameInterval>true</FixedKeyFrameInterval>"
    )

    assert output == OutputRequest(
        output_format_id=0,
        title="T & <U>",
        customer_reference_id="ref",
        ping_url="http://ping.example/",
        container="mp4",
        video_codec="h264",
        width=720,
        height=576,
        video_bitrate_kbps=1024,
        frame_rate_id=25000,
        audio_codec="aac",
        audio_bitrate_kbps=128,
        sample_rate_hz=-1,
        channels=2,
        two_pass=False,
        metadata="title=A&album=B",
        new_filename="[OutputMediaAssetID]",
        forced_keyframe_interval=60,
        fixed_keyframes=True,
        deinterlace=False,
    )


@pytest.mark.parametrize(
    "unset",
    ['<Width i:nil="true"/>', '<Width i:nil="1">9</Width>', "<Width/>", "<Width></Width>", "<Width>\n </Width>"],
)
def test_nil_and_empty_are_unset(unset: str) -> None:
    assert read_output(f"<OutputFormatID>0</OutputFormatID>{unset}") == OutputRequest(output_format_id=0)


@pytest.mark.parametrize(
    "text",
    [
        "<CreateJob><SourceMediaURL>u</SourceMediaURL></CreateJob>",
        f'<CreateJob xmlns="{NAMESPACE}"><SourceMediaURL>u</SourceMediaURL></CreateJob>',
        f'<m:CreateJob xmlns:m="{NAMESPACE}"><m:SourceMediaURL>u</m:SourceMediaURL></m:CreateJob>',
        f'<CreateJob><m:SourceMediaURL xmlns:m="{NAMESPACE}">u</m:SourceMediaURL></CreateJob>',
        "<AnythingElse><SourceMediaURL>u</SourceMediaURL></AnythingElse>",
        "<?xml version='1.0'?><!-- a note --><?do it?><a>\n <SourceMediaURL><!-- x -->u</SourceMediaURL>\n</a>",
        '<a xmlns:o="urn:other"><o:SourceMediaURL>x</o:SourceMediaURL><SourceMediaURL>u</SourceMediaURL></a>',
        '<a xmlns:o="urn:other"><SourceMediaURL o:nil="true" nil="true">u</SourceMediaURL></a>',
    ],
)
def test_namespaces_prefixes_and_the_root_may_differ(text: str) -> None:
    assert parsed(text) == {"SourceMediaURL": "u"}


def test_unknown_elements_are_ignored_even_when_repeated() -> None:
    unknown = "<Sharpness><Deep><Deeper>1</Deeper></Deep></Sharpness><X>1</X><X>2</X><X>3</X>"

    assert read_output(f"{unknown}<OutputFormatID>3</OutputFormatID>") == OutputRequest(output_format_id=3)


def test_a_member_that_is_given_several_times_is_refused_in_its_output() -> None:
    assert refused("<Width>1</Width><Width>2</Width><Width>3</Width>") == "Width is given 3 times; give it once"


def test_an_object_where_a_text_is_wanted_is_refused() -> None:
    assert refused("<Title><b>bold</b></Title>") == "Title is an object; a text is wanted"


def test_outputs_are_read_in_their_order_and_each_by_itself() -> None:
    outputs = read(
        f"<CreateJob {I}><OutputJobs>"
        "<OutputJobItem><OutputFormatID>1</OutputFormatID></OutputJobItem><Other/>"
        '<OutputJobItem i:nil="true"/><OutputJobItem>text</OutputJobItem><OutputJobItem/>'
        f"</OutputJobs><SourceMediaURL>{URL}</SourceMediaURL></CreateJob>"
    )

    assert outputs[0] == OutputRequest(output_format_id=1)
    assert isinstance(outputs[1], RefusedOutput)
    assert "OutputJobs[1] is null" in outputs[1].error.message
    assert isinstance(outputs[2], RefusedOutput)
    assert "OutputJobs[2] is a text" in outputs[2].error.message
    assert outputs[3] == OutputRequest()


@pytest.mark.parametrize("outputs", ["", "<OutputJobs/>", "<OutputJobs><Output/></OutputJobs>"])
def test_a_list_without_items_is_missing_and_the_name_of_its_items_is_told(outputs: str) -> None:
    with pytest.raises(SpecError, match="OutputJobItem") as caught:
        read(f"<CreateJob><SourceMediaURL>{URL}</SourceMediaURL>{outputs}</CreateJob>")

    assert caught.value.code == ErrorCode.PARAMETER_MISSING


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", [True, False])
def test_utf_8_and_utf_16_are_read_by_mark_or_declaration(encoding: str, declared: bool) -> None:
    name = {"utf-8-sig": "UTF-8", "utf-16-le": "UTF-16LE", "utf-16-be": "UTF-16BE"}.get(encoding, encoding)
    declaration = f'<?xml version="1.0" encoding="{name}"?>' if declared else ""

    assert parsed(f"{declaration}<a><Title>Žlu\U0001f600</Title></a>".encode(encoding)) == {"Title": "Žlu\U0001f600"}


def test_the_charset_of_the_content_type_is_stronger_than_the_declaration() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><a><Title>Ž</Title></a>'

    assert parsed(text, "utf-8") == {"Title": "Ž"}
    assert parsed("<a><Title>Ž</Title></a>".encode("utf-16-le"), "utf-16le") == {"Title": "Ž"}
    assert "encoding" in refusal(text)


def test_a_byte_order_mark_is_stronger_than_the_charset() -> None:
    assert parsed("<a><Title>Ž</Title></a>".encode("utf-8-sig"), "utf-16") == {"Title": "Ž"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"", "no body"),
        (b" \n", "no body"),
        ("  ".encode("utf-16-le"), "no body"),
        (b"plain", "line 1, column 1"),
        (b'{"A": 1}', "line 1, column 1"),
        (b"<a>\n<b>\n</a>", "mismatched tag at line 3, column 3"),
        (b"<a/><b/>", "line 1, column 5"),
        (b"<a><b>\xff</b></a>", "line 1, column 7"),
        (b"<a>\x00</a>", "line 1, column 4"),
        (b"<a>&#1;</a>", "line 1, column 4"),
        (b"<a>&x;</a>", "undefined entity at line 1, column 4"),
        (b"<a b='1' b='2'/>", "duplicate attribute"),
        (b"<a>\n <x:b/></a>", r"prefix of 'x:b' is not declared \(line 2, column 2\)"),
        (b"<a><b i:nil='true'/></a>", "prefix of 'i:nil' is not declared"),
        (b'<a xmlns="urn:other"><b/></a>', r"'urn:other'; 'http://.*' or none is wanted \(line 1, column 1\)"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "'ISO-8859-1'; UTF-8 and UTF-16 are read"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "'utf-7'"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "'no-such'"),
        (b'<?xml version="1.0" encoding="utf-16"?><a/>', "encoding specified in XML declaration is incorrect"),
        ("<a/>".encode("utf-32"), "not XML"),
    ],
)
def test_what_is_not_xml_is_refused_with_the_place(text: bytes, place: str) -> None:
    message = refusal(text)

    assert re.search(place, message), message


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l11;</a>',
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a b="&l11;"/>',
        f'<!DOCTYPE a [<!ENTITY x "{"A" * 50_000}">]><a>{"&x;" * 50_000}</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a><SourceMediaURL>&x;</SourceMediaURL></a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]><a/>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        "<!DOCTYPE CreateJob><CreateJob/>",
    ],
    ids=["laughs", "laughs in an attribute", "quadratic", "file", "parameter", "outer subset", "harmless"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_where_it_begins(text: str, encoding: str) -> None:
    assert "document type declaration" in refusal(text.encode(encoding))


def test_nesting_is_limited() -> None:
    def nested(depth: int) -> str:
        return "<a>" * depth + "</a>" * depth

    assert parsed(nested(DEPTH_MAX))
    assert f"more than {DEPTH_MAX} elements in each other" in refusal(nested(DEPTH_MAX + 1))
    assert "nested too deep" in refusal("<a>" * 300_000)


def test_the_number_of_elements_is_limited() -> None:
    assert parsed("<a>" + "<b/>" * (ELEMENTS_MAX - 1) + "</a>")
    assert f"more than {ELEMENTS_MAX} elements" in refusal("<a>" + "<b/>" * ELEMENTS_MAX + "</a>")


@pytest.mark.parametrize(
    "attributes",
    [
        f'b="{"x" * 900_000}"',
        " ".join(f'b{n}=""' for n in range(80_000)),
        # Would be 20 GB, if each name were written out with its namespace.
        f'xmlns:p="{"x" * 400_000}" ' + " ".join(f'p:b{n}=""' for n in range(50_000)),
    ],
    ids=["long", "many", "many with a long namespace"],
)
def test_huge_attributes_are_passed_over(attributes: str) -> None:
    assert parsed(f"<a {attributes}><Title>T</Title></a>") == {"Title": "T"}


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_text_does_worse_than_being_refused(text: str | bytes) -> None:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    for body in (data, b"<a><OutputJobs>" + data + b"</OutputJobs></a>"):
        try:
            members = parsed(body)
        except MalformedRequestError:
            members = {}
        assert all(isinstance(name, str) for name in members)
