"""Search keys of person names: one lower-case line that a plain substring search can hit.

The keys of a name are its hanzi, its pinyin in full, its initials and its latin
components, with every reading of a surname that is read differently as a surname. The
question asked of the keys must go through `normalise` too.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from typing import Final

# Readings of phrases help with prose, not with names, and cost 40 MB and a third of a second.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, lazy_pinyin

# Surnames whose reading differs from the everyday one of the same character.
_SURNAMES: Final = {
    "单": "shan", "單": "shan", "查": "zha", "仇": "qiu", "曾": "zeng", "解": "xie",
    "任": "ren", "区": "ou", "區": "ou", "朴": "piao", "覃": "qin", "盖": "ge", "蓋": "ge",
    "华": "hua", "華": "hua", "燕": "yan", "召": "shao", "翟": "zhai", "尉": "wei",
    "员": "yun", "員": "yun", "缪": "miao", "繆": "miao", "宓": "mi", "冼": "xian",
    "黑": "he", "折": "she", "种": "chong", "乐": "yue", "樂": "yue", "秘": "bi",
    "洗": "xian", "能": "nai", "纪": "ji", "曲": "qu", "牟": "mu", "哈": "ha", "繁": "po",
    "谌": "chen", "逄": "pang", "郇": "xun", "佘": "she", "晁": "chao", "莘": "shen",
    "适": "kuo", "应": "ying", "宁": "ning", "车": "che", "藏": "zang", "都": "du",
    "盛": "sheng", "石": "shi", "祭": "zhai", "隗": "wei", "麦": "mai", "农": "nong",
}  # fmt: skip
# Characters that are also heard with another reading as a surname in this province.
_ALSO: Final = {"覃": ("tan",), "任": (), "曾": ("ceng",), "盖": ("gai",), "蓋": ("gai",),
                "乐": ("le",), "樂": ("le",), "翟": ("di",), "洗": ("xi",), "单": ("dan",),
                "仇": ("chou",), "查": ("cha",), "区": ("qu",), "解": ("jie",)}  # fmt: skip
_COMPOUND: Final = {
    "欧阳": "ou yang", "歐陽": "ou yang", "司马": "si ma", "上官": "shang guan",
    "诸葛": "zhu ge", "尉迟": "yu chi", "长孙": "zhang sun", "万俟": "mo qi",
    "单于": "chan yu", "令狐": "ling hu", "皇甫": "huang fu", "宇文": "yu wen",
    "慕容": "mu rong", "夏侯": "xia hou", "澹台": "tan tai", "公孙": "gong sun",
}  # fmt: skip

_HANZI: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_BREAK: Final = re.compile(r"[\s^,，、·・]+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST: Final = 256


def normalise(text: str) -> str:
    """Lower case, compatibility forms and accents folded, only letters, digits, wildcards kept.

    The same folding serves the stored keys and the searched words, so 'Wang^Xiaoming',
    'wang xiaoming' and 'WANGXIAOMING' are one.
    """
    folded = unicodedata.normalize("NFKD", text[:_LONGEST]).casefold()
    return "".join(c for c in folded if c.isalnum() or c in "*?")


@lru_cache(maxsize=1024)  # a series says the same name hundreds of times
def search_keys(name: str) -> str:
    """All keys of a PN value (any groups), blank-separated with a blank at both ends.

    `' ' + normalise(asked)` as a LIKE prefix pattern finds names by beginning, the bare
    word finds them anywhere.
    """
    keys: dict[str, None] = {}
    for group in name[:_LONGEST].split("="):
        for key in _group_keys(group):
            keys.setdefault(key)
    return f" {' '.join(keys)} " if keys else ""


def _group_keys(group: str) -> list[str]:
    group = group.replace("*", "").replace("?", "")  # marks of patterns, not of names
    whole = normalise(group)
    if not whole:
        return []
    hanzi = "".join(_HANZI.findall(unicodedata.normalize("NFC", group)))
    words = [normalise(word) for word in _BREAK.split(group)]
    latin = [word for word in words if word and not _HANZI.search(word)]
    keys = [whole, *latin]
    if len(latin) > 1:
        keys.append("".join(latin[1:] + latin[:1]))  # given name first, as westerners ask
        # 'XiaoMing' is two syllables: its initials are asked for as wxm.
        pieces = [normalise(w) for w in _BREAK.split(_CAMEL.sub(" ", group))]
        keys.append("".join(word[0] for word in latin))
        keys.append("".join(word[0] for word in pieces if word and not _HANZI.search(word)))
    if hanzi:
        keys.append(hanzi)
        given = [word for word in words if _HANZI.search(word)][1:]
        keys.extend(given)
        for syllables in _readings(hanzi):
            keys.append("".join(syllables))
            keys.append("".join(s[0] for s in syllables if s))
            keys.append("".join(syllables[1:]))
    return [folded for key in keys if (folded := normalise(key))]


def _readings(hanzi: str) -> list[list[str]]:
    """The likely pinyin readings of a Chinese name, surname readings first."""
    plain = [_fold(s) for s in lazy_pinyin(hanzi, style=Style.NORMAL, v_to_u=False)]
    compound = _COMPOUND.get(hanzi[:2])
    if compound and len(hanzi) > 2:
        return [compound.split() + plain[2:]]
    first = hanzi[0]
    surnames = dict.fromkeys((_SURNAMES.get(first, plain[0]), plain[0], *_ALSO.get(first, ())))
    return [[surname, *plain[1:]] for surname in surnames]


def _fold(syllable: str) -> str:
    """'lü' is typed lv on a keyboard and printed lu on a passport; v is what pypinyin gives."""
    return normalise(syllable.replace("ü", "v"))
