"""The strict JSON of section 8, one row a rule."""

import pytest

from reference.content import make_content, parse_content, parse_json
from reference.errors import ProtocolError

ID = "00000000-0000-4000-8000-000000000001"
COMMON = f'"v":1,"id":"{ID}","ts":1,"ack":{{}}'
MID = "00" * 16
KEY = "A" * 43
MARKS = "\u0301" * 32
KISS = "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f469\U0001f3fb"
FILE = f'"t":"file","blob":"b","fk":"{KEY}","size":1,"hash":"{KEY}","name":"n","mime":"a"'


def nested(depth):
    return "[" * depth + "]" * depth


REFUSED_JSON = {
    "a key twice": b'{"a":1,"a":1}',
    "a key twice, once escaped": b'{"a":1,"\\u0061":1}',
    "a key twice, inside": b'{"o":{"a":1,"a":2}}',
    "NaN": b"NaN",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a fraction": b"[1.0]",
    "an exponent": b"[1e3]",
    "a leading zero": b"[01]",
    "a plus sign": b"[+1]",
    "a lone high surrogate": b'["\\ud800"]',
    "a lone low surrogate": b'["\\udc00"]',
    "a lone surrogate as key": b'{"\\ud800":1}',
    "a raw surrogate": b'["\xed\xa0\x80"]',
    "an overlong encoding": b'["\xc0\x80"]',
    "latin-1": b'["\xe9"]',
    "a byte order mark": b"\xef\xbb\xbf[1]",
    "a control character": b'["\x01"]',
    "seven levels": nested(7).encode(),
    "very many levels": b"[" * 60000,
    "very many levels of objects": b'{"a":' * 12000,
    "2^53": b"[9007199254740992]",
    "minus 2^53": b"[-9007199254740992]",
    "five thousand digits": b"[" + b"9" * 5000 + b"]",
    "a trailing comma": b"[1,]",
    "a comment": b"[1]//",
    "single quotes": b"['a']",
    "two values": b"1 2",
    "an open string": b'["a',
    "nothing": b"",
}
ACCEPTED_JSON = {
    "six levels": nested(6).encode(),
    "brackets inside a string": b'["[[[[[[[[[["]',
    "an escaped quote before brackets": b'["\\"[[[[[[[["]',
    "a pair of surrogates": b'["\\ud83d\\ude42"]',
    "2^53 - 1": b"[9007199254740991]",
    "a negative number": b"[-1]",
    "white space": b" [ 1 ] \n",
}
REFUSED_CONTENT = {
    "a field that its t does not list": f'{{{COMMON},"t":"text","body":"","x":1}}',
    "a void that says something": f'{{{COMMON},"t":"void","body":""}}',
    "an acknowledgement beyond every counter": f'{{"v":1,"t":"void","id":"{ID}","ts":1,"ack":{{"{MID}":1048577}}}}',
    "a reaction of many signs": f'{{{COMMON},"t":"react","target":"{MID}","e":"{"+" * 33}","on":true}}',
    "a reaction without a sign": f'{{{COMMON},"t":"react","target":"{MID}","e":"","on":true}}',
    "a timer without its mode": f'{{{COMMON},"t":"timer","timer_s":60}}',
    "a file without its key": f'{{{COMMON},"t":"file","blob":"b","size":1,"hash":"{MID}","name":"n","mime":"a"}}',
    "an array": "[]",
    "v 2": f'{{"v":2,"t":"void","id":"{ID}","ts":1,"ack":{{}}}}',
    "v true": f'{{"v":true,"t":"void","id":"{ID}","ts":1,"ack":{{}}}}',
    "no t": f"{{{COMMON}}}",
    "t a number": f'{{{COMMON},"t":1}}',
    "t a list": f'{{{COMMON},"t":[]}}',
    "t an object": f'{{{COMMON},"t":{{}}}}',
    "no id": '{"v":1,"t":"void","ts":1,"ack":{}}',
    "id not a uuid": '{"v":1,"t":"void","id":"1","ts":1,"ack":{}}',
    "ts a text": f'{{"v":1,"t":"void","id":"{ID}","ts":"1","ack":{{}}}}',
    "ts negative": f'{{"v":1,"t":"void","id":"{ID}","ts":-1,"ack":{{}}}}',
    "no ack": f'{{"v":1,"t":"void","id":"{ID}","ts":1}}',
    "ack of a short did": f'{{"v":1,"t":"void","id":"{ID}","ts":1,"ack":{{"00":1}}}}',
    "ack not a number": f'{{"v":1,"t":"void","id":"{ID}","ts":1,"ack":{{"{MID}":true}}}}',
    "ack_before null": f'{{{COMMON},"t":"void","ack_before":null}}',
    "ack_before of a short did": f'{{{COMMON},"t":"void","ack_before":{{"00":1}}}}',
    "ack_before beyond every counter": f'{{{COMMON},"t":"void","ack_before":{{"{MID}":1048577}}}}',
    "ack_before of something later": f'{{{COMMON},"t":"x-later","ack_before":[]}}',
    "text without body": f'{{{COMMON},"t":"text"}}',
    "body too long": f'{{{COMMON},"t":"text","body":"{"é" * 16001}"}}',
    "re not a mid": f'{{{COMMON},"t":"text","body":"","re":"x"}}',
    "edit without rev": f'{{{COMMON},"t":"edit","target":"{MID}","body":""}}',
    "delete without target": f'{{{COMMON},"t":"delete"}}',
    "react without on": f'{{{COMMON},"t":"react","target":"{MID}","e":"+"}}',
    "a reaction of two letters": f'{{{COMMON},"t":"react","target":"{MID}","e":"ab","on":true}}',
    "a reaction of two emoji": f'{{{COMMON},"t":"react","target":"{MID}","e":"👍👍","on":true}}',
    "a reaction longer than a sign": f'{{{COMMON},"t":"react","target":"{MID}","e":"a{MARKS}","on":true}}',
    "a timer of 2^32 seconds": f'{{{COMMON},"t":"timer","mode":1,"timer_s":4294967296}}',
    "a key that is not canonical": f"{{{COMMON},{FILE}}}".replace(f'"fk":"{KEY}"', f'"fk":"{KEY[1:]}B"'),
    "a hash that is not canonical": f"{{{COMMON},{FILE}}}".replace(f'"hash":"{KEY}"', f'"hash":"{KEY[1:]}B"'),
    "a hash of 33 bytes": f"{{{COMMON},{FILE}}}".replace(f'"hash":"{KEY}"', f'"hash":"{KEY}A"'),
    "a hash that is a number": f"{{{COMMON},{FILE}}}".replace(f'"hash":"{KEY}"', '"hash":1'),
    "a thumb that is not canonical": f'{{{COMMON},{FILE},"thumb":"AB"}}',
    "receipt of 51": f'{{{COMMON},"t":"receipt","seen":[{",".join([f"{MID!r}"] * 51)}]}}'.replace("'", '"'),
}
ACCEPTED_CONTENT = {
    "text": f'{{{COMMON},"t":"text","body":"a"}}',
    "text of 16000 code points": f'{{{COMMON},"t":"text","body":"{"🙂" * 15000}"}}',
    "reply": f'{{{COMMON},"t":"text","body":"a","re":"{MID}"}}',
    "edit": f'{{{COMMON},"t":"edit","target":"{MID}","rev":1,"body":""}}',
    "delete": f'{{{COMMON},"t":"delete","target":"{MID}"}}',
    "react": f'{{{COMMON},"t":"react","target":"{MID}","e":"+","on":true}}',
    "react with one sign of many": f'{{{COMMON},"t":"react","target":"{MID}","e":"{KISS}","on":true}}',
    "timer of 2^32 - 1 seconds": f'{{{COMMON},"t":"timer","mode":1,"timer_s":4294967295}}',
    "file": f'{{{COMMON},{FILE},"w":1,"h":1,"thumb":"AA"}}',
    "receipt of 50": f'{{{COMMON},"t":"receipt","seen":[{",".join([f"{MID!r}"] * 50)}]}}'.replace("'", '"'),
    "void": f'{{{COMMON},"t":"void"}}',
    "ack_before": f'{{{COMMON},"t":"text","body":"a","ack_before":{{"{MID}":1048576}}}}',
    "something later": f'{{{COMMON},"t":"x-later","deep":[[[[1]]]]}}',
}


@pytest.mark.parametrize("data", REFUSED_JSON.values(), ids=REFUSED_JSON)
def test_it_refuses(data):
    with pytest.raises(ProtocolError, match="BAD_CONTENT"):
        parse_json(data)


@pytest.mark.parametrize("data", ACCEPTED_JSON.values(), ids=ACCEPTED_JSON)
def test_it_reads(data):
    parse_json(data)


@pytest.mark.parametrize("text", REFUSED_CONTENT.values(), ids=REFUSED_CONTENT)
def test_it_refuses_content(text):
    with pytest.raises(ProtocolError, match="BAD_CONTENT"):
        parse_content(text.encode())


@pytest.mark.parametrize("text", ACCEPTED_CONTENT.values(), ids=ACCEPTED_CONTENT)
def test_it_reads_content(text):
    parse_content(text.encode())


def test_it_refuses_more_than_64_kib():
    head = f'{{{COMMON},"t":"x-later","pad":"'.encode()
    fits = head + b"z" * (65536 - len(head) - 2) + b'"}'
    assert parse_content(fits).kind == "x-later"
    with pytest.raises(ProtocolError, match="BAD_CONTENT"):
        parse_content(fits[:-2] + b'z"}')


def test_a_text_reads_back():
    content = parse_content(make_content({"t": "text", "body": 'é "\n'}, content_id=ID, ts_ms=5, ack={MID: 2}))
    assert (content.kind, content.content_id, content.fields["body"]) == ("text", ID, 'é "\n')


@pytest.mark.parametrize("before", [{}, {MID: 2}])
def test_what_there_is_to_say_of_the_epoch_before_stands_there(before):
    made = make_content({"t": "void"}, content_id=ID, ts_ms=5, ack={}, ack_before=before)
    assert parse_content(made).fields.get("ack_before", {}) == before
    assert ("ack_before" in parse_content(made).fields) is bool(before)
