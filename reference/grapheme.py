"""One grapheme or not (section 8): the extended clusters of Unicode's UAX #29, as browsers cut a text.

A class letter for each character, and the regular expression of that annex over the letters. Beside Python's own
tables only what these leave out; pictographs are taken in whole blocks, since only what a joiner joins asks for them.
"""

import re
import unicodedata


def _set(ranges: str) -> frozenset[int]:
    """Code points from words like 600-605, in hex."""
    bounds = (word.partition("-")[::2] for word in ranges.split())
    return frozenset(point for low, high in bounds for point in range(int(low, 16), int(high or low, 16) + 1))


PREPENDED = _set("600-605 6DD 70F 890-891 8E2 D4E 110BD 110CD 111C2-111C3 113D1 1193F 11941 11A84-11A89 11D46 11F02")
LINKERS = _set("94D 9CD ACD B4D C4D D4D 1039 17D2 1A60 1B44 1BAB A9C0 AAF6 10A3F 11133 113D0 1193E 11A47 11A99 11F42")
EXTENDING = _set(  # beside the categories Mn and Me
    "9BE 9D7 B3E B57 BBE BD7 CC0 CC2 CC7-CC8 CCA-CCB CD5-CD6 D3E D57 DCF DDF 1715 1734 1B35 1B3B 1B3D 1B43 1BAA"
    " 1BF2-1BF3 200C 302E-302F A953 FF9E-FF9F 111C0 11235 1133E 1134D 11357 114B0 114BD 115AF 116B6 11930 1193D"
    " 16FF0-16FF1 1D165-1D166 1D16D-1D172 1F3FB-1F3FF E0020-E007F"
)
SPACING = _set("E33 EB3 1171E")  # beside the category Mc
APART = _set(  # of the category Mc, and yet for themselves
    "102B-102C 1038 1062-1064 1067-106D 1083 1087-108C 108F 109A-109C 1A61 1A63-1A64 AA7B AA7D 11720-11721"
)
PICTOGRAPHS = _set(
    "A9 AE 203C 2049 2122 2139 2194-21AA 231A-23FA 24C2 25AA-27BF 2934-2935 2B05-2B55 3030 303D 3297 3299"
    " 1F000-1F1E5 1F201-1F3FA 1F400-1FAFF 1FC00-1FFFD"
)
CONSONANTS = _set(
    "915-939 958-95F 978-97F 995-9A8 9AA-9B0 9B2 9B6-9B9 9DC-9DD 9DF 9F0-9F1 A95-AA8 AAA-AB0 AB2-AB3 AB5-AB9 AF9"
    " B15-B28 B2A-B30 B32-B33 B35-B39 B5C-B5D B5F B71 C15-C28 C2A-C39 C58-C5A D15-D3A 1000-102A 103F 1050-1055"
    " 105A-105D 1061 1065-1066 106E-1070 1075-1081 108E 1780-17B3 1A20-1A54 1B0B-1B0C 1B13-1B33 1B45-1B4C 1B83-1BA0"
    " 1BAE-1BAF 1BBB-1BBD A989-A98B A98F-A9B2 A9E0-A9E4 A9E7-A9EF A9FA-A9FE AA60-AA6F AA71-AA73 AA7A AA7E-AA7F"
    " AAE0-AAEA ABC0-ABDA 10A00 10A10-10A13 10A15-10A17 10A19-10A35 11103-11126 11144 11147 11380-11389 1138B 1138E"
    " 11390-113B5 11900-11906 11909 1190C-11913 11915-11916 11918-1192F 11A00 11A0B-11A32 11A50 11A5C-11A83"
    " 11F04-11F10 11F12-11F33"
)
LETTERS = [  # the first set that has it; what is left goes by its category
    ("R", _set("D")),
    ("N", _set("A")),
    ("Z", _set("200D")),
    ("W", _set("200C")),
    ("I", LINKERS),
    ("P", PREPENDED),
    ("E", EXTENDING),
    ("S", SPACING),
    ("O", APART),
    ("L", _set("1100-115F A960-A97C")),
    ("V", _set("1160-11A7 D7B0-D7C6 16D63 16D67-16D6A")),
    ("T", _set("11A8-11FF D7CB-D7FB")),
    ("A", frozenset(range(0xAC00, 0xD7A4, 28))),
    ("B", _set("AC00-D7A3")),
    ("F", _set("1F1E6-1F1FF")),
    ("K", CONSONANTS),
    ("X", PICTOGRAPHS),
]
CATEGORIES = {"Mn": "E", "Me": "E", "Mc": "S", "Cc": "C", "Cf": "C", "Zl": "C", "Zp": "C"}
HANGUL = "L*(?:V+|AV*|B)T*|L+|T+"
PICTURE = "X(?:[EIW]*ZX)*"
CONJUNCT = "K(?:[EIZ]*I[EIZ]*K)+"
CLUSTER = re.compile(f"RN|[RNC]|P*(?:{HANGUL}|FF|{PICTURE}|{CONJUNCT}|[^RNC])[EIWZS]*")


def is_grapheme(text: str) -> bool:
    """Exactly one."""
    return CLUSTER.fullmatch("".join(map(_letter, text))) is not None


def _letter(char: str) -> str:
    found = next((letter for letter, points in LETTERS if ord(char) in points), None)
    return found or CATEGORIES.get(unicodedata.category(char), "O")
