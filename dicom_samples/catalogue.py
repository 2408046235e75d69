"""The written half of every sample: patients, institutions, dates, reports, known answers.

Numbers that the drawing modules also need (where the nodule is, how large) are taken from
those modules, so the manifest cannot disagree with the pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from . import ct, dx, ecg, mr, us, wsi
from .base import Person, Scalar, Study

WEI = Person("LS20261107", "Wei^Guihua=韦^桂花", "F", "19640312")
TAN = Person("SJ0048213", "Tan^Zhenghua=覃^正华", "M", "19550820")
NONG = Person("LS-2026-3391", "Nong^Jianjun=农^建军", "M", "20010506")
LAN = Person("GY7720145", "蓝秀英", "F", "19790118")
MO = Person("LS-660238", "Mo^Caixia=莫^彩霞", "F", "19720927")
LUO = Person("BL3300571", "Luo^Zhiqiang=罗^志强", "M", "19830604")
HUANG = Person("WM2026000918", "Huang^Damin=黄^大民", "M", "19610214")
LIANG = Person("LS10442", "Liang^Suzhen=梁^素珍", "F", "19580730")

Builder = Callable[[Study, Path], Iterator[Path]]

_CT_NODULE: dict[str, Scalar | list[Scalar]] = {
    "center_mm": [ct.NODULE[0], ct.NODULE[1], -ct.NODULE[2]],
    "diameter_mm": ct.CURRENT.nodule_mm,
    "series": 2,
}

STUDIES: tuple[tuple[Study, Builder], ...] = (
    (
        Study(
            "ct_chest",
            "胸部CT平扫：右上肺毛刺结节",
            "Chest CT: spiculated nodule, right upper lobe",
            "CT",
            WEI,
            "龙胜各族自治县人民医院",
            "20261116",
            "093512",
            "LS2611160031",
            "胸部CT平扫",
            "CHEST",
            "062Y",
            "呼吸内科",
            "Liao^Yongfu=廖^永福",
            "胸廓对称。右肺上叶见一实性结节，大小约14mm×14mm，边缘分叶并见多发短毛刺及胸膜牵拉，"
            "密度尚均匀。余肺野清晰，气管及主支气管通畅。纵隔内未见明显肿大淋巴结，心影不大，"
            "双侧胸腔未见积液。所见胸椎及肋骨未见骨质破坏。",
            "右肺上叶毛刺状实性结节（约14mm），较2025-11-12片明显增大，考虑周围型肺癌可能性大，"
            "建议穿刺活检或胸外科会诊。",
            "右肺上叶毛刺结节，直径14mm",
            "spiculated 14 mm nodule in the right upper lobe",
            {"nodule": _CT_NODULE},
        ),
        lambda s, d: ct.build(s, ct.CURRENT, d),
    ),
    (
        Study(
            "ct_chest_prior",
            "胸部CT平扫（一年前）：6mm结节",
            "Chest CT one year earlier: 6 mm nodule",
            "CT",
            WEI,
            "龙胜各族自治县人民医院",
            "20251112",
            "101845",
            "LS2511120017",
            "胸部CT平扫",
            "CHEST",
            "061Y",
            "体检中心",
            "Liao^Yongfu=廖^永福",
            "右肺上叶见一实性小结节，直径约6mm，边缘光整。余肺野清晰。纵隔未见肿大淋巴结，"
            "双侧胸腔未见积液。",
            "右肺上叶实性小结节（约6mm），建议3～6个月后复查。",
            "右肺上叶光整小结节，直径6mm",
            "smooth 6 mm nodule in the right upper lobe",
            {
                "nodule": {
                    **_CT_NODULE,
                    "center_mm": [
                        ct.NODULE[0] + ct.PRIOR.shift[0],
                        ct.NODULE[1] + ct.PRIOR.shift[1],
                        -ct.NODULE[2],
                    ],
                    "diameter_mm": ct.PRIOR.nodule_mm,
                }
            },
        ),
        lambda s, d: ct.build(s, ct.PRIOR, d),
    ),
    (
        Study(
            "mr_head",
            "头颅MR：左侧基底节急性腔隙性脑梗死",
            "Head MR: acute lacunar infarct, left",
            "MR",
            TAN,
            "三江侗族自治县人民医院",
            "20261117",
            "150820",
            "SJ2611170008",
            "头颅MR平扫+DWI",
            "HEAD",
            "071Y",
            "神经内科",
            "Wu^Chunlan=吴^春兰",
            "左侧基底节区见一类圆形异常信号灶，直径约12mm，T1WI呈稍低信号，T2 FLAIR呈高信号，"
            "DWI呈明显高信号。脑室系统未见扩张，脑沟裂未见增宽，中线结构居中。",
            "左侧基底节区急性腔隙性脑梗死。",
            "左侧基底节区急性腔隙性梗死，直径12mm",
            "12 mm acute lacunar infarct, left basal ganglia",
            {
                "lesion": {
                    "x_mm": mr.LESION[0],
                    "y_mm": mr.LESION[1],
                    "z_mm": mr.LESION[2],
                    "diameter_mm": mr.LESION_MM,
                }
            },
        ),
        mr.build,
    ),
    (
        Study(
            "dx_chest_pneumothorax",
            "胸部正位片：右侧气胸",
            "Chest radiograph: right pneumothorax",
            "DX",
            NONG,
            "龙胜各族自治县人民医院",
            "20261118",
            "211406",
            "LS2611180102",
            "胸部正位DR",
            "CHEST",
            "025Y",
            "急诊科",
            "Shi^Guoan=石^国安",
            "右侧胸腔外带及肺尖见无肺纹理透亮区，可见受压肺组织边缘，肺压缩约25%。左肺野清晰。"
            "纵隔居中，心影大小形态正常，双侧膈面光整，肋膈角锐利。",
            "右侧气胸，肺组织压缩约25%。建议急诊处理。",
            "右侧气胸，可见脏层胸膜线",
            "right pneumothorax with a visible visceral pleural line",
            {"side": "right", "free_air_mm": list(dx.SAMPLE), "critical": 1},
            charset="GB18030",
        ),
        lambda s, d: dx.build(s, dx.PNEUMOTHORAX, d),
    ),
    (
        Study(
            "cr_chest_normal",
            "胸部正位片：正常（字符集标注错误）",
            "Normal chest CR, wrong charset label",
            "CR",
            LAN,
            "灌阳县人民医院",
            "20261118",
            "083050",
            "GY2611180005",
            "胸部正位CR",
            "CHEST",
            "047Y",
            "体检中心",
            "唐玉梅",
            "胸廓对称，双肺野清晰，肺纹理走行自然。心影大小形态正常，双侧膈面光整，肋膈角锐利。",
            "心肺膈未见异常。",
            "未见异常；姓名以GBK编码却标注为ISO_IR 100",
            "normal; the name is GBK bytes labelled ISO_IR 100",
            {"true_charset": "GBK", "labelled_charset": "ISO_IR 100"},
            charset="GBK",
        ),
        lambda s, d: _mislabelled(dx.build(s, dx.NORMAL, d)),
    ),
    (
        Study(
            "us_gallbladder",
            "胆囊超声动态：胆囊结石",
            "Gallbladder ultrasound cine: gallstone",
            "US",
            MO,
            "龙胜各族自治县人民医院",
            "20261119",
            "102233",
            "LS2611190044",
            "腹部彩超（肝胆胰脾）",
            "ABDOMEN",
            "054Y",
            "消化内科",
            "Qin^Aihua=秦^爱华",
            "胆囊大小形态正常，壁不厚，腔内见一强回声团，大小约12mm，后方伴声影，随体位改变可移动。"
            "肝脏形态大小正常，实质回声均匀。右肾未见异常。",
            "胆囊结石（约12mm）。",
            "胆囊单发结石，直径12mm，后方声影",
            "single 12 mm gallstone with acoustic shadow",
            {
                "stone": {"x_mm": us.STONE[0], "depth_mm": us.STONE[1], "diameter_mm": us.STONE_MM},
                "frames": us.FRAMES,
            },
        ),
        us.build,
    ),
    (
        Study(
            "ecg_sinus",
            "12导联心电图：窦性心律",
            "12-lead ECG: sinus rhythm",
            "ECG",
            LUO,
            "北流市人民医院",
            "20261119",
            "160501",
            "BL2611190077",
            "常规十二导联心电图",
            "HEART",
            "043Y",
            "体检中心",
            "Pang^Min=庞^敏",
            "窦性P波，心率72次/分，PR间期160ms，QRS时限88ms，QT间期380ms，电轴66°，"
            "各导联ST段无偏移，T波直立。",
            "窦性心律，正常心电图。",
            "窦性心律72次/分，正常心电图",
            "sinus rhythm 72 bpm, normal ECG",
            {"rate": ecg.SINUS.rate, "rr_ms": 833},
        ),
        lambda s, d: ecg.build(s, ecg.SINUS, d),
    ),
    (
        Study(
            "ecg_stemi",
            "12导联心电图：急性前壁心肌梗死",
            "12-lead ECG: anterior STEMI",
            "ECG",
            HUANG,
            "武鸣区人民医院",
            "20261120",
            "032718",
            "WM2611200003",
            "常规十二导联心电图",
            "HEART",
            "065Y",
            "急诊科",
            "Lu^Haiyan=陆^海燕",
            "窦性心律，心率96次/分。V2～V4导联ST段弓背向上抬高0.3～0.6mV，V1～V3呈QS或rS型，"
            "III、aVF导联ST段对应性压低。",
            "急性前壁ST段抬高型心肌梗死（危急值），建议立即启动胸痛中心流程。",
            "V2-V4导联ST段抬高≥0.3mV",
            "ST elevation of at least 0.3 mV in V2-V4",
            {
                "rate": ecg.STEMI.rate,
                "rr_ms": 625,
                "st_leads": ["V2", "V3", "V4"],
                "st_min_mv": 0.3,
                "critical": 1,
            },
        ),
        lambda s, d: ecg.build(s, ecg.STEMI, d),
    ),
    (
        Study(
            "wsi_gastric",
            "全切片：胃窦活检，局灶高级别上皮内瘤变",
            "Whole slide: gastric biopsy, atypia",
            "SM",
            LIANG,
            "龙胜各族自治县人民医院",
            "20261120",
            "111000",
            "LS26112045",
            "胃窦活检病理切片（HE）",
            "STOMACH",
            "068Y",
            "病理科",
            "Jiang^Wenbin=蒋^文斌",
            "胃窦粘膜组织一块，表面上皮完整，固有层少量淋巴细胞浸润。局灶腺体排列拥挤、背靠背，"
            "形态不规则，核增大、深染、复层，极性紊乱。",
            "（胃窦）局灶高级别上皮内瘤变，建议结合内镜并多取材复查。",
            "局灶异型腺体",
            "one focus of crowded atypical glands",
            {
                "focus": {
                    "column": wsi.FOCUS[0],
                    "row": wsi.FOCUS[1],
                    "radius_px": wsi.FOCUS_RADIUS,
                    "um_per_px": wsi.MICRON,
                }
            },
        ),
        wsi.build,
    ),
)


def _mislabelled(paths: Iterator[Path]) -> Iterator[Path]:
    """Relabel GBK text as ISO_IR 100, the commonest fault of county equipment."""
    honest, lie = b"\x08\0\x05\0CS\x04\0GBK ", b"\x08\0\x05\0CS\x0a\0ISO_IR 100"
    for path in paths:
        data = path.read_bytes()
        if data.count(honest) != 1:
            raise ValueError(f"{path.name}: expected one GBK label")
        path.write_bytes(data.replace(honest, lie))
        yield path
