"""Write the demonstration register in ``configs/network/``: the same bytes every time.

Area codes are GB/T 2260 as published for 2023.  The counts are those of the Guangxi health
commission's bulletin of 2019-02-25: 74 tertiary and 277 secondary institutions, 385 connected,
140 三二医联体, 4 城市医疗集团, 158 专科联盟, and 287 县域医共体 of 171 county institutions
and 648 township hospitals.  The hospitals that bulletin and its 2018 sister name keep their names;
every other institution's name follows a pattern, and every person and every number is invented.
A number has true check digits and belongs to nobody on purpose.

Run ``python configs/make_network.py``; ``--check`` only compares.
"""

import csv
import io
import random
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, count, cycle, islice
from pathlib import Path
from typing import Final, TypeVar

from telemed.core.identifiers import credit_check, organisation_check
from telemed.core.network_sheets import SHEETS


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FOLDER: Final = Path(__file__).parent / "network"
SEED: Final = 20190225
CONNECTED: Final = 385
TERTIARY: Final = 74
THREE_TWO: Final = 140
SPECIALTY: Final = 158
COMMUNITIES: Final = 287
TOWNSHIPS: Final = 648

# A star marks the 33 former poverty counties.
AREAS: Final = """
450100 南宁市
    450102兴宁区 450103青秀区 450105江南区 450107西乡塘区 450108良庆区 450109邕宁区 450110武鸣区
    450123隆安县* 450124马山县* 450125上林县* 450126宾阳县 450181横州市
450200 柳州市
    450202城中区 450203鱼峰区 450204柳南区 450205柳北区 450206柳江区 450222柳城县 450223鹿寨县
    450224融安县* 450225融水苗族自治县* 450226三江侗族自治县*
450300 桂林市
    450302秀峰区 450303叠彩区 450304象山区 450305七星区 450311雁山区 450312临桂区 450321阳朔县
    450323灵川县 450324全州县 450325兴安县 450326永福县 450327灌阳县 450328龙胜各族自治县*
    450329资源县* 450330平乐县 450332恭城瑶族自治县 450381荔浦市
450400 梧州市
    450403万秀区 450405长洲区 450406龙圩区 450421苍梧县 450422藤县 450423蒙山县 450481岑溪市
450500 北海市
    450502海城区 450503银海区 450512铁山港区 450521合浦县
450600 防城港市
    450602港口区 450603防城区 450621上思县 450681东兴市
450700 钦州市
    450702钦南区 450703钦北区 450721灵山县 450722浦北县
450800 贵港市
    450802港北区 450803港南区 450804覃塘区 450821平南县 450881桂平市
450900 玉林市
    450902玉州区 450903福绵区 450921容县 450922陆川县 450923博白县 450924兴业县 450981北流市
451000 百色市
    451002右江区 451003田阳区* 451022田东县* 451024德保县* 451026那坡县* 451027凌云县*
    451028乐业县* 451029田林县* 451030西林县* 451031隆林各族自治县* 451081靖西市* 451082平果市
451100 贺州市
    451102八步区 451103平桂区 451121昭平县* 451122钟山县 451123富川瑶族自治县*
451200 河池市
    451202金城江区 451203宜州区 451221南丹县 451222天峨县 451223凤山县* 451224东兰县*
    451225罗城仫佬族自治县* 451226环江毛南族自治县* 451227巴马瑶族自治县* 451228都安瑶族自治县*
    451229大化瑶族自治县*
451300 来宾市
    451302兴宾区 451321忻城县* 451322象州县 451323武宣县 451324金秀瑶族自治县* 451381合山市
451400 崇左市
    451402江州区 451421扶绥县 451422宁明县* 451423龙州县* 451424大新县* 451425天等县* 451481凭祥市
"""
# (old code, old name, new code, year).  Only the year of a change is known, so a code is taken
# to change on its first day.  The old county is not flagged: its successor carries the flag.
OLD_CODES: Final = (
    ("450122", "武鸣县", "450110", 2015),
    ("450127", "横县", "450181", 2021),
    ("450221", "柳江县", "450206", 2016),
    ("450322", "临桂县", "450312", 2013),
    ("450331", "荔浦县", "450381", 2018),
    ("451021", "田阳县", "451003", 2019),
    ("451023", "平果县", "451082", 2019),
    ("451025", "靖西县", "451081", 2015),
    ("451281", "宜州市", "451203", 2016),
)
# Districts that were counties until lately, or still have a countryside: they keep a Chinese
# medicine hospital, a maternity hospital and county communities.
COUNTRY_DISTRICTS: Final = frozenset(
    words(
        "450109 450110 450206 450312 450406 450603 450703 450804 450903 451003 451102 451202 451203"
    )
)
DEMO: Final = frozenset(
    words(
        "南溪山医院 龙胜县人民医院 三江县人民医院 上林县人民医院 灌阳县人民医院"
        " 鹿寨县人民医院 北流市人民医院 武鸣区人民医院"
    )
)
NANXISHAN_COUNTIES: Final = ("450328", "450226", "450327")
"""龙胜, 三江 and 灌阳 send to 南溪山医院."""
CENTRE_COUNTIES: Final = ("450223", "450981")
"""鹿寨 and 北流 have imaging, ECG and pathology centres for their townships."""
MORE_TOWNSHIPS: Final = {
    "450223": 4, "450981": 4, "450328": 3, "450226": 2, "450327": 2, "450125": 2,
}  # fmt: skip
"""Connected townships beyond the one in each former poverty county."""

TOWNS: Final = words("""
大塘 和平 太平 三里 新圩 古城 龙头 石龙 平山 白沙 六塘 高田 福利 沙子 同安 二塘 金鸡 双江 桥头
江口 水口 瓢里 三门 斗江 丹洲 富禄 沙坡 米场 民安 塘岸 隆盛 扶新 六靖 清湾 中渡 寨沙 拉沟 平乐
黄冕 四排 江底 马堤 白圩 大丰 明亮 乔贤 西燕 塘红 水车 文市 新街 观音阁 黄关 西山 东山 泗水
""")
SURNAMES: Final = "韦黄覃莫农蒙罗陆梁李陈岑潘廖蓝卢谭吴杨周石侯粟兰闭甘苏龙邓唐蒋玉班凌"
GIVEN: Final = words("""
春燕 丽萍 志强 建华 海英 冬梅 伟明 秋月 振邦 美珍 国栋 雪莲 永福 少芬 俊杰 彩云 家宁 慧敏 文军
桂英 世荣 晓红 立新 金花 德胜 玉兰 宏伟 艳芳 正国 小玲 昌盛 淑娟 朝阳 月秋 启明 凤鸣 子健 婷婷
柳青 江波 山明 荔枝 宗泽 若兰 思源 景行 怀瑾 嘉禾 承志 明远
""")
SPECIALTIES: Final = {
    "A100": words("医学影像 心电诊断 病理诊断 卒中防治 胸痛救治 肿瘤防治 儿科 呼吸 消化 肾病"),
    "A210": words("针灸推拿 中医骨伤 中医康复 壮瑶医药"),
    "G100": words("产科 新生儿 妇科 儿童保健"),
}
SCOPES: Final = {
    ("3", "A100"): "02 03 04 05 07 19 20 21 28 30 31 32 50",
    ("3", "A210"): "03 04 20 21 30 31 32 50 52",
    ("3", "G100"): "03 04 05 07 30 31 32",
    ("2", "A100"): "03 04 05 07 20 28 30 32.01 32.02 32.05 32.06",
    ("2", "A210"): "03 04 20 30 32.01 32.02 32.05 32.06 50",
    ("2", "G100"): "05 07 30 32.01 32.05",
    ("1", "B100"): "02 03 07 50",
    ("1", "C210"): "02 03 04 05 30 32.01 32.05 50",
    ("1", "C220"): "02 03 05 30 32.01 32.05 50",
}
READING: Final = ("imaging", "ecg", "pathology", "consultation")
LIVE_GUIDANCE: Final = ("surgery_guidance", "case_discussion", "training")
# 国卫医发〔2018〕50号, 五: who answers for what.
LIABILITY: Final = "远程会诊由邀请方承担相应责任;远程诊断由邀请方和受邀方共同承担相应责任"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unit:
    """A county-level unit."""

    code: str
    name: str
    city: str
    poor: bool

    @property
    def short(self) -> str:
        """龙胜各族自治县 → 龙胜县: what people say."""
        return re.sub(r"(各族|壮族|苗族|侗族|瑶族|仫佬族|毛南族)自治县$", "县", self.name)

    @property
    def rural(self) -> bool:
        return not self.name.endswith("区") or self.code in COUNTRY_DISTRICTS


@dataclass(slots=True)
class Site:
    """An institution while the register is being made."""

    code: str
    name: str
    short: str
    kind: str
    level: str
    unit: Unit
    since: date | None = None
    scopes: list[str] = field(default_factory=list)

    @property
    def connected(self) -> bool:
        return self.since is not None

    @property
    def demo(self) -> bool:
        return self.short in DEMO


Line = dict[str, object]
"""One line of a table, by column."""


class Dice:
    """Seeded choice built on ``random()`` alone, the one method whose sequence is promised."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, n: int) -> int:
        return int(self._random.random() * n)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def day(self, first: date, last: date) -> date:
        return first + timedelta(self.below((last - first).days + 1))


# -- institutions ----------------------------------------------------------------------------


def units() -> tuple[dict[str, str], list[Unit]]:
    """Return the cities' names by code, and every county unit in code order."""
    cities: dict[str, str] = {}
    found: list[Unit] = []
    city = ""
    for token in AREAS.split():
        if token.isdigit():
            city = token
        elif city not in cities:
            cities[city] = token
        else:
            name = token[6:].rstrip("*")
            found.append(Unit(token[:6], name, city, token.endswith("*")))
    return cities, found


def sites(cities: dict[str, str], all_units: Sequence[Unit], dice: Dice) -> list[Site]:
    """Return every institution of the register, tertiary first."""
    made = list(tertiary(cities, all_units))
    made += chain.from_iterable(secondary(cities, unit) for unit in all_units)
    made += townships(all_units)
    for unit in all_units:
        if not unit.rural:
            name = f"{cities[unit.city]}{unit.name}社区卫生服务中心"
            made.append(Site(f"{unit.code}B01", name, name, "B100", "1", unit))
    for site in made:
        site.scopes = SCOPES[site.level, site.kind].split()
        widen(site)
    connect(made, dice)
    return made


def tertiary(cities: dict[str, str], all_units: Sequence[Unit]) -> Iterator[Site]:
    """Four in every city, 南溪山医院, and more in the larger cities: 74."""
    more = {
        "450100": ["第三", "第四", "第五", "第六"], "450200": ["第三", "第四"],
        "450300": ["第三", "第四"], "450900": ["第三", "第四"], "450400": ["第三"],
        "450800": ["第三"], "451000": ["第三"], "451200": ["第三"], "450700": ["第三"],
        "451100": ["第三"], "451400": ["第三"],
    }  # fmt: skip
    for city, name in cities.items():
        town = [u for u in all_units if u.city == city and u.name.endswith("区")]
        heads = [f"{n}人民医院" for n in ["第一", "第二", *more.get(city, [])]]
        named = [(f"{name}{h}", "A100") for h in heads]
        named += [(f"{name}中医医院", "A210"), (f"{name}妇幼保健院", "G100")]
        if city == "450300":
            named.insert(0, ("南溪山医院", "A100"))
        for n, ((short, kind), unit) in enumerate(zip(named, cycle(town), strict=False), 1):
            full = "广西壮族自治区南溪山医院" if short == "南溪山医院" else short
            where = next(u for u in town if u.code == "450304") if full != short else unit
            yield Site(f"{city}{kind[0]}{n:02}", full, short, kind, "3", where)


def secondary(cities: dict[str, str], unit: Unit) -> Iterator[Site]:
    """A people's hospital for each county unit, two more where there is a countryside: 277."""
    prefix = f"{cities[unit.city]}{unit.name}" if unit.name.endswith("区") else unit.name
    wanted = [("人民医院", "A100", "A01")]
    if unit.rural:
        wanted += [("中医医院", "A210", "A02"), ("妇幼保健院", "G100", "G01")]
    for suffix, kind, tail in wanted:
        yield Site(f"{unit.code}{tail}", prefix + suffix, unit.short + suffix, kind, "2", unit)


def townships(all_units: Sequence[Unit]) -> Iterator[Site]:
    """648 township hospitals, spread evenly over the units that have a countryside."""
    rural = [u for u in all_units if u.rural]
    base, extra = divmod(TOWNSHIPS, len(rural))
    for i, unit in enumerate(rural):
        for n in range(base + (i < extra)):
            town = TOWNS[(i * 7 + n) % len(TOWNS)]
            kind, word = ("C210", "镇中心卫生院") if n == 0 else ("C220", "镇卫生院")
            name = f"{unit.short}{town}{word}"
            yield Site(f"{unit.code}C{n + 1:02}", name, name, kind, "1", unit)


def widen(site: Site) -> None:
    """Give some county hospitals MR and pathology: 病理 is at 部分医院 only."""
    if (site.level, site.kind) != ("2", "A100"):
        return
    number = int(site.unit.code)
    if number % 2 == 0:
        site.scopes.append("32.03")
    if site.unit.code in CENTRE_COUNTIES or (number % 3 == 0 and not site.unit.poor):
        site.scopes.append("31")
    site.scopes.sort()


def connect(made: Sequence[Site], dice: Dice) -> None:
    """Say who has the system and since when: all 74, and county institutions, and 47 townships.

    Maternity hospitals of districts are left out, so that townships of every former poverty
    county and of the counties with centres of their own are in, and the total is the bulletin's.
    """
    for site in made:
        if site.level == "3":
            site.since = dice.day(date(2014, 3, 1), date(2015, 12, 31))
        elif site.level == "2" and not (site.kind == "G100" and site.unit.name.endswith("区")):
            first = date(2016, 1, 4) if site.unit.poor else date(2016, 7, 1)
            site.since = dice.day(first, date(2017, 6, 20))
        elif site.kind.startswith("C") and int(site.code[7:]) <= wanted_townships(site.unit):
            site.since = dice.day(date(2017, 9, 1), date(2018, 11, 30))
    found = sum(s.connected for s in made)
    if found != CONNECTED:
        raise SystemExit(f"{found} connected, {CONNECTED} wanted")


def wanted_townships(unit: Unit) -> int:
    return MORE_TOWNSHIPS.get(unit.code, 1 if unit.poor else 0)


# -- alliances -------------------------------------------------------------------------------


@dataclass(slots=True)
class Bonds:
    """Alliances and memberships while they are being made."""

    alliances: list[Line] = field(default_factory=list)
    memberships: list[Line] = field(default_factory=list)
    primary: dict[str, Site] = field(default_factory=dict)
    """By institution, the lead of the first 三二医联体 it joined: who reads for it first."""

    def found(self, code: str, name: str, form: str, lead: Site, since: date) -> str:
        self.alliances.append({"code": code, "name": name, "form": form, "lead": lead.code})
        self.join(code, lead, since, role="lead")
        return code

    def join(
        self,
        code: str,
        site: Site,
        since: date,
        until: date | None = None,
        role: str = "member",
    ) -> None:
        self.memberships.append(
            {
                "alliance": code,
                "institution": site.code,
                "role": role,
                "since": since,
                "until": until,
            }
        )


def bonds(made: Sequence[Site], cities: dict[str, str], dice: Dice) -> Bonds:
    """Return every alliance and dated membership."""
    result = Bonds()
    three_two(result, made, cities, dice)
    urban_groups(result, made, cities)
    specialty(result, made, dice)
    communities(result, made, dice)
    networks(result, made, cities)
    return result


def county_members(made: Sequence[Site]) -> list[Site]:
    """The 199 county institutions of the 三二医联体: 111 people's, 83 Chinese medicine, 5 MCH."""
    general = [s for s in made if s.level == "2" and s.kind != "G100"]
    maternity = [s for s in made if s.level == "2" and s.kind == "G100" and s.connected]
    return general + maternity[:5]


def quotas(weights: dict[str, int], floors: dict[str, int], total: int) -> dict[str, int]:
    """Share ``total`` by weight, between each floor and twice the floor (two per lead)."""
    shares = dict(floors)
    while sum(shares.values()) < total:
        free = [c for c in shares if shares[c] < 2 * floors[c]]
        neediest = max(free, key=lambda c: (weights[c] / shares[c], c))
        shares[neediest] += 1
    return shares


def three_two(result: Bonds, made: Sequence[Site], cities: dict[str, str], dice: Dice) -> None:
    members = county_members(made)
    leads = {c: [s for s in made if s.level == "3" and s.unit.city == c] for c in cities}
    pools = {c: [s for s in members if s.unit.city == c] for c in cities}
    shares = quotas(
        {c: len(p) for c, p in pools.items()}, {c: len(x) for c, x in leads.items()}, THREE_TWO
    )
    numbers = count(1)
    for city in cities:
        founded: list[tuple[str, Site]] = []
        for n, lead in enumerate(islice(cycle(leads[city]), shares[city])):
            part = "" if shares[city] - len(leads[city]) <= n % len(leads[city]) else "一二"
            batch = f"第{part[n // len(leads[city])]}片" if part else ""
            since = dice.day(date(2016, 1, 1), date(2016, 12, 1))
            code = f"TT-{next(numbers):03}"
            result.found(code, f"{lead.short}{batch}三二医联体", "three-two", lead, since)
            founded.append((code, lead))
        # Every county institution in one, and every alliance with somebody in it.
        rounds = max(len(founded), len(pools[city]))
        placed: set[tuple[str, str]] = set()
        for (code, lead), site in islice(
            zip(cycle(founded), cycle(pools[city]), strict=False), rounds
        ):
            placed.add((code, site.code))
            result.primary.setdefault(site.code, lead)
            result.join(code, site, dice.day(date(2017, 1, 1), date(2018, 12, 1)))
        if city == "450300":
            story(result, made, founded, placed)


def story(
    result: Bonds,
    made: Sequence[Site],
    founded: Sequence[tuple[str, Site]],
    placed: set[tuple[str, str]],
) -> None:
    """龙胜, 三江 and 灌阳 joined 南溪山医院 in July 2017; 灌阳 left another alliance for it."""
    code, lead = next((c, s) for c, s in founded if s.short == "南溪山医院")
    former = next(c for c, s in founded if s.short == "桂林市第一人民医院")
    for county in NANXISHAN_COUNTIES:
        site = next(s for s in made if s.code == f"{county}A01")
        result.primary[site.code] = lead
        if (code, site.code) not in placed:
            result.join(code, site, date(2017, 7, 1))
        if county == "450327" and (former, site.code) not in placed:
            result.join(former, site, date(2016, 12, 1), date(2017, 6, 30))


def urban_groups(result: Bonds, made: Sequence[Site], cities: dict[str, str]) -> None:
    chosen = ("450100", "450200", "450300", "450900")
    for n, city in enumerate(chosen, 1):
        inside = [s for s in made if s.unit.city == city and not s.unit.rural]
        lead = next(s for s in made if s.short == f"{cities[city]}第一人民医院")
        name = f"{cities[city]}城市医疗集团"
        code = result.found(f"UG-{n:02}", name, "urban-group", lead, date(2017, 3, 1))
        for site in inside:
            if site.level in "12":
                result.join(code, site, date(2017, 6, 1))


def specialty(result: Bonds, made: Sequence[Site], dice: Dice) -> None:
    """Two for every tertiary hospital and a third for the first ten: 158."""
    leads = [s for s in made if s.level == "3"]
    county = [s for s in made if s.level == "2" and s.connected]
    for n, lead in enumerate(islice(cycle(leads), SPECIALTY)):
        subjects = SPECIALTIES[lead.kind]
        offset = leads.index(lead)
        subject = subjects[(offset * 2 + n // len(leads)) % len(subjects)]
        since = dice.day(date(2016, 6, 1), date(2017, 12, 1))
        name = f"{lead.short}{subject}专科联盟"
        code = result.found(f"SP-{n + 1:03}", name, "specialty", lead, since)
        near = [s for s in county if s.unit.city == lead.unit.city and s.kind == lead.kind]
        start = dice.below(len(near))
        partners = list(islice(cycle(near), start, start + min(5, len(near))))
        partners.append(leads[(offset + 5) % len(leads)])
        for site in partners:
            result.join(code, site, dice.day(date(2018, 1, 1), date(2018, 12, 31)))


def communities(result: Bonds, made: Sequence[Site], dice: Dice) -> None:
    """171 county institutions lead 287 communities, which hold the 648 township hospitals."""
    rural = [s for s in county_members(made) if s.unit.rural]
    rural.sort(key=lambda s: (s.kind, s.code))
    leads = rural + rural[: COMMUNITIES - len(rural)]
    names: dict[str, int] = {}
    by_unit: dict[str, list[str]] = {}
    for n, lead in enumerate(leads, 1):
        names[lead.code] = names.get(lead.code, 0) + 1
        batch = f"第{'一二'[names[lead.code] - 1]}" if leads.count(lead) > 1 else ""
        name = f"{lead.short}{batch}医共体"
        since = dice.day(date(2017, 9, 1), date(2018, 3, 31))
        code = result.found(f"CC-{n:03}", name, "county-community", lead, since)
        by_unit.setdefault(lead.unit.code, []).append(code)
    for unit, codes in by_unit.items():
        towns = [s for s in made if s.unit.code == unit and s.kind.startswith("C")]
        for site, code in zip(towns, cycle(codes), strict=False):
            result.join(code, site, dice.day(date(2018, 4, 1), date(2018, 12, 31)))


def networks(result: Bonds, made: Sequence[Site], cities: dict[str, str]) -> None:
    """A telemedicine network for each city with everybody connected, and 南溪山医院's own."""
    for n, (city, name) in enumerate(cities.items(), 1):
        lead = next(s for s in made if s.short == f"{name}第一人民医院")
        code = result.found(
            f"TN-{n:02}", f"{name}远程医疗协作网", "telemedicine-network", lead, date(2016, 1, 1)
        )
        for site in made:
            if site.since and site.unit.city == city and site is not lead:
                result.join(code, site, max(site.since, date(2016, 1, 1)))
    own = next(s for s in made if s.short == "南溪山医院")
    code = result.found(
        "TN-15", "南溪山医院远程医疗协作网", "telemedicine-network", own, date(2017, 6, 21)
    )
    for site in made:
        if site.unit.code in NANXISHAN_COUNTIES and site.connected:
            result.join(code, site, max(site.since or date.min, date(2017, 7, 1)))


# -- agreements ------------------------------------------------------------------------------


def agreements(made: Sequence[Site], result: Bonds, dice: Dice) -> list[Line]:
    """Two providers for every connected institution below level 3: its lead, then its city's."""
    lines: list[Line] = []
    first_of = {s.unit.city: s for s in made if s.level == "3" and s.short.endswith("第一人民医院")}
    second_of = {
        s.unit.city: s for s in made if s.level == "3" and s.short.endswith("第二人民医院")
    }
    county = {s.unit.code: s for s in made if s.code.endswith("A01") and s.level == "2"}
    for site in made:
        if not site.connected or site.level == "3":
            continue
        city = first_of[site.unit.city]
        if site.level == "1":
            near = county[site.unit.code]
            services = [s for s in READING[:3] if s != "pathology" or "31" in near.scopes]
        else:
            near = result.primary.get(site.code, city)
            if near.kind == "G100" and site.kind != "G100":
                # A maternity hospital leads an alliance, but does not read a county's chest CTs.
                near = city
            services = [*READING, *LIVE_GUIDANCE]
        spare = second_of[site.unit.city] if near is city else city
        since, until = term(site, near, dice)
        sign(lines, site, near, services, since, until, 1)
        sign(lines, site, spare, READING, since, until, 2)
        if site.code == "450327A01":
            sign(lines, site, city, READING, date(2017, 1, 1), date(2017, 6, 30), 1)
    centre = next(s for s in made if s.short == "南溪山医院")
    for site in made:
        if site.short in DEMO and site is not centre and site.unit.code not in NANXISHAN_COUNTIES:
            # The bulletin's other hospitals send it their overflow.
            sign(lines, site, centre, READING, date(2019, 1, 1), date(2028, 12, 31), 3)
    for city in ("450100", "450200"):
        # Its own difficult cases, and experts it asks to discuss those of the counties.
        signed = date(2019, 1, 1), date(2028, 12, 31)
        sign(lines, centre, first_of[city], ("consultation", "case_discussion"), *signed, 1)
    return lines


def term(site: Site, near: Site, dice: Dice) -> tuple[date, date]:
    if near.short == "南溪山医院" and site.unit.code in NANXISHAN_COUNTIES:
        return date(2017, 7, 1), date(2027, 12, 31)
    signed = max(site.since or date.min, near.since or date.min) + timedelta(days=30)
    ends = (date(2027, 12, 31), date(2028, 12, 31), date(2030, 6, 30))
    return signed, dice.pick(ends)


def sign(
    lines: list[Line],
    site: Site,
    provider: Site,
    services: Iterable[str],
    since: date,
    until: date,
    rank: int,
) -> None:
    number = len(lines) + 1
    lines.append(
        {
            "code": f"AG-{number:04}",
            "requester": site.code,
            "provider": provider.code,
            "services": " ".join(services),
            "since": since,
            "until": until,
            "rank": rank,
            "liability": LIABILITY,
            "document_no": f"桂远医协〔{since.year}〕{number}号",
        }
    )


# -- departments and people ------------------------------------------------------------------

# Department: code, name, scope in a tertiary hospital, scope below it.
ROOMS: Final = {
    "RAD": ("医学影像科", "32", "32.01"),
    "ECG": ("心电诊断科", "32.06", "32.06"),
    "PATH": ("病理科", "31", "31"),
    "MED": ("内科", "03", "03"),
    "SUR": ("外科", "04", "04"),
    "OBS": ("妇产科", "05", "05"),
    "GEN": ("全科", "02", "02"),
    "TEL": ("远程医疗中心", "", ""),
}
# A post: department, title, roles, scopes, specialty, years of practice by the end of 2018.
Post = tuple[str, str, str, str, str, int]
READS: Final = "32.01 32.02 32.03 32.05"
"""X-ray, CT, MR and ultrasound; a radiologist does not read ECGs (32.06)."""
CHIEF_IMAGING: Final = ("RAD", "231", "reader verifier", READS, "影像诊断", 24)
IMAGING: Final = ("RAD", "233", "reader", READS, "影像诊断", 10)
ECG: Final = ("ECG", "232", "reader verifier", "32.06", "心电诊断", 16)
CHIEF_PATHOLOGY: Final = ("PATH", "231", "reader verifier", "31", "病理诊断", 22)
PATHOLOGY: Final = ("PATH", "233", "reader", "31", "病理诊断", 9)
COORDINATOR: Final = ("TEL", "253", "coordinator", "", "远程医疗协调", 0)
ADMIN: Final = ("TEL", "253", "institution_admin", "", "信息与医务管理", 0)
TECHNICIAN: Final = ("RAD", "263", "technician", "", "影像技术", 0)
COUNTY_CHIEF_IMAGING: Final = ("RAD", "232", "reader verifier", "32.01 32.02", "影像诊断", 18)
COUNTY_IMAGING: Final = ("RAD", "233", "reader", "32.01 32.02", "影像诊断", 8)
COUNTY_CHIEF_PATHOLOGY: Final = ("PATH", "232", "reader verifier", "31", "病理诊断", 15)
MEDICINE: Final = ("MED", "233", "requester", "03", "心血管内科", 9)
SURGERY: Final = ("SUR", "234", "requester", "04", "普通外科", 6)
OBSTETRICS: Final = ("OBS", "233", "requester", "05", "妇产科", 8)
GENERAL: Final = ("GEN", "235", "requester", "02", "全科", 7)
PHYSICIAN: Final = ("MED", "231", "requester reader", "03", "内科会诊", 25)
OBSTETRICIAN: Final = ("OBS", "231", "requester reader", "05", "产科会诊", 23)

CHIEF_SURGEON: Final = ("SUR", "231", "requester reader", "04", "普通外科", 22)
"""Guides operations; who may is a matter of title and years (operation_levels.toml)."""
COUNTY_SURGEON: Final = ("SUR", "232", "requester", "04", "普通外科", 14)
HEAD: Final = ("MED", "231", "department_head", "03", "内科", 21)
MEDICAL_OFFICE: Final = ("TEL", "253", "medical_office", "", "医务管理", 0)

NANXISHAN: Final = (
    CHIEF_IMAGING, CHIEF_IMAGING, IMAGING, IMAGING, ECG, ("ECG", *IMAGING[1:3], *ECG[3:5], 8),
    CHIEF_PATHOLOGY, CHIEF_PATHOLOGY, PATHOLOGY, COORDINATOR, ADMIN, PHYSICIAN, SURGERY, TECHNICIAN,
)  # fmt: skip
COUNTY_STORY: Final = (
    MEDICINE, SURGERY, OBSTETRICS, TECHNICIAN, COUNTY_CHIEF_IMAGING, COUNTY_IMAGING, ECG,
    COORDINATOR, ADMIN,
)  # fmt: skip


def posts(site: Site, provides: frozenset[str]) -> Sequence[Post]:
    """Say who works at an institution on the platform; providers need their readers."""
    if site.short == "南溪山医院":
        return NANXISHAN
    if site.level == "3":
        expert = OBSTETRICIAN if site.kind == "G100" else PHYSICIAN
        ecg = ("ECG", *ECG[1:3], "32", *ECG[4:]) if site.kind == "G100" else ECG
        return (CHIEF_IMAGING, IMAGING, ecg, CHIEF_PATHOLOGY, PATHOLOGY, COORDINATOR, expert)
    if site.level == "1":
        return (GENERAL, TECHNICIAN)
    if site.demo:
        centre = (COUNTY_CHIEF_PATHOLOGY, PATHOLOGY) if "31" in site.scopes else ()
        return COUNTY_STORY + centre
    staff: list[Post] = [OBSTETRICS] if site.kind == "G100" else [MEDICINE, SURGERY]
    if site.code in provides:
        staff += [COUNTY_CHIEF_IMAGING, COUNTY_IMAGING, ECG]
    return (*staff, TECHNICIAN)


def joined_later(site: Site) -> Sequence[Post]:
    """Say who came once there were guided operations and approval in house."""
    if site.level == "3" and site.kind != "G100":
        return (CHIEF_SURGEON,)
    return (COUNTY_SURGEON, HEAD, MEDICAL_OFFICE) if site.demo else ()


def staff(
    made: Sequence[Site], provides: frozenset[str], dice: Dice
) -> tuple[list[Line], list[Line]]:
    """Return departments and people of every connected institution."""
    departments: list[Line] = []
    people: list[Line] = []
    # Dice and numbers of their own: nobody who was there before gets another name.
    licences, later, licences_later = count(1), Dice(SEED + 1), count(900001)
    for site in made:
        if not site.connected:
            continue
        wanted, more = posts(site, provides), joined_later(site)
        departments += rooms(site, dict.fromkeys(post[0] for post in (*wanted, *more)))
        names: set[str] = set()
        for n, post in enumerate(wanted, 1):
            people.append(person(site, n, post, names, licences, dice))
        for n, post in enumerate(more, len(wanted) + 1):
            people.append(person(site, n, post, names, licences_later, later))
    return departments, people


def rooms(site: Site, codes: Iterable[str]) -> Iterator[Line]:
    for code in codes:
        name, high, low = ROOMS[code]
        scope = (high if site.level == "3" else low) or site.scopes[0]
        yield {"institution": site.code, "code": code, "name": name, "scope": scope}


def person(
    site: Site, number: int, post: Post, names: set[str], licences: Iterator[int], dice: Dice
) -> Line:
    department, title, roles, scopes, specialty_, years = post
    since: date | None = None
    licence = ""
    if years:
        latest = date(2018 - years, 12, 31)
        since = dice.day(latest - timedelta(days=700), latest)
        grade = "2" if title == "235" else "1"
        licence = f"{grade}10{site.unit.code}{next(licences):06}"
    return {
        "code": f"{site.code}-{number:02}",
        "institution": site.code,
        "department": department,
        "name": invent(names, dice),
        "sex": 1 + dice.below(2),
        "title": title,
        "licence_no": licence,
        "practice_since": since,
        "specialty": specialty_,
        "scopes": scopes,
        "roles": roles,
    }


def invent(names: set[str], dice: Dice) -> str:
    """Return a name nobody else at the institution has."""
    while (name := dice.pick(SURNAMES) + dice.pick(GIVEN)) in names:
        continue
    names.add(name)
    return name


# -- tables ----------------------------------------------------------------------------------


def area_lines(cities: dict[str, str], all_units: Sequence[Unit]) -> Iterator[Line]:
    started = {new: date(year, 1, 1) for _, _, new, year in OLD_CODES}
    for code, name in cities.items():
        yield {"code": code, "name": name, "kind": "city", "parent": "450000"}
    for unit in all_units:
        yield {
            "code": unit.code,
            "name": unit.name,
            "kind": "county",
            "parent": unit.city,
            "former_poverty": unit.poor,
            "valid_from": started.get(unit.code),
        }
    for old, name, new, year in OLD_CODES:
        yield {
            "code": old,
            "name": name,
            "kind": "county",
            "parent": f"{old[:4]}00",
            "valid_until": date(year - 1, 12, 31),
            "successor": new,
        }


def institution_lines(made: Sequence[Site], dice: Dice) -> Iterator[Line]:
    for n, site in enumerate(made):
        first8 = f"{49850028 + n * 37:08}"
        organisation = first8 + organisation_check(first8)
        area = site.unit.code
        first17 = f"12{area}{organisation}"
        grade = "甲" if site.level == "3" or (site.level == "2" and dice.below(3)) else "未定"
        yield {
            "code": site.code,
            "name": site.name,
            "short_name": site.short,
            "kind": site.kind,
            "level": site.level,
            "grade": "乙" if grade == "未定" and site.level == "2" else grade,
            "uscc": first17 + credit_check(first17),
            "licence_no": f"{organisation}{area}11{site.kind}1",
            "licence_until": date(2028 + dice.below(5), 12, 31),
            "area_code": area,
            "scopes": " ".join(site.scopes),
            "connected": site.connected,
            "connected_since": site.since,
        }


NOTES: Final = {
    "areas": "GB/T 2260 codes of Guangxi (2023) and the codes they replaced; dates by year only.",
    "institutions": "74 tertiary, 277 secondary, 648 township, 28 community; 385 connected.",
    "alliances": "140 three-two, 4 urban, 158 specialty, 287 county communities, 15 networks.",
    "memberships": "Dates are invented; both days are included.",
    "agreements": "Lead of the three-two alliance first, the city's first hospital in overflow.",
    "departments": "Only departments that take part in remote services.",
    "people": "Everybody here is invented.",
}


def tables() -> dict[str, bytes]:
    """Return the register's files by name, as CSV in UTF-8."""
    dice = Dice(SEED)
    cities, all_units = units()
    made = sites(cities, all_units, dice)
    joined = bonds(made, cities, dice)
    signed = agreements(made, joined, dice)
    provides = frozenset(str(line["provider"]) for line in signed)
    departments, people = staff(made, provides, dice)
    lines: dict[str, Iterable[Line]] = {
        "areas": area_lines(cities, all_units),
        "institutions": institution_lines(made, dice),
        "alliances": joined.alliances,
        "memberships": joined.memberships,
        "agreements": signed,
        "departments": departments,
        "people": people,
    }
    return {f"{name}.csv": table(name, content) for name, content in lines.items()}


def table(name: str, lines: Iterable[Line]) -> bytes:
    out = io.StringIO()
    out.write(f"# Made by configs/make_network.py. {NOTES[name]}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(SHEETS[name])
    for line in lines:
        writer.writerow([cell(line.get(column)) for column in SHEETS[name]])
    return out.getvalue().encode()


def cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def main(check: bool) -> int:
    """Write the files, or with ``check`` say which differ; return the exit status."""
    differing = [
        name
        for name, content in tables().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_bytes() != content
    ]
    if not check:
        FOLDER.mkdir(exist_ok=True)
        for name, content in tables().items():
            (FOLDER / name).write_bytes(content)
    for name in differing:
        sys.stderr.write(f"{name} {'differs' if check else 'written'}\n")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
