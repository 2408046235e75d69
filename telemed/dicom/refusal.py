"""The one way this room says no to foreign bytes.

Every reader of untrusted input raises `Refused` and nothing else. A refusal has a stable
kebab code from the table below and facts; the Chinese and the English sentence are built
from the facts here, so that no caller has to word one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Fact = str | int

SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    # the file as a whole
    "not-part10": (
        "不是 DICOM 文件:缺少 128 字节前导和 DICM 标记",
        "Not a DICOM file: the preamble and the DICM mark are missing",
    ),
    "polyglot-preamble": (
        "文件前导含有可执行或网页内容({looks_like})",
        "The preamble holds executable or active content ({looks_like})",
    ),
    "no-transfer-syntax": ("文件元信息缺少传输语法", "The file meta names no transfer syntax"),
    "unknown-transfer-syntax": (
        "不认识的传输语法 {uid}",
        "Unknown transfer syntax {uid}",
    ),
    "bad-meta-length": (
        "文件元信息组长度与实际不符:声明 {declared},实际 {actual}",
        "The file meta group length says {declared}, the group has {actual} bytes",
    ),
    "meta-mismatch": (
        "文件元信息与数据集的 {keyword} 不一致",
        "{keyword} differs between file meta and data set",
    ),
    "not-deidentified": (
        "该对象不是图像或波形,不能去标识",
        "This object is neither a picture nor a tracing and has no copy without identity",
    ),
    # structure
    "truncated": (
        "文件不完整:在偏移 {offset} 处还需要 {needed} 字节,只有 {available} 字节",
        "The file is cut short: {needed} bytes needed at offset {offset}, {available} there",
    ),
    "overrun": (
        "元素 {tag} 超出所在序列条目的范围",
        "Element {tag} runs past the end of the item that holds it",
    ),
    "odd-length": (
        "元素 {tag} 的长度 {length} 为奇数",
        "Element {tag} has the odd length {length}",
    ),
    "bad-length": (
        "元素 {tag}({vr})的长度 {length} 不是单值长度的整数倍",
        "Element {tag} ({vr}) has length {length}, not a multiple of its value size",
    ),
    "undefined-length": (
        "元素 {tag}({vr})不允许使用未定义长度",
        "Element {tag} ({vr}) may not have an undefined length",
    ),
    "bad-vr": ("元素 {tag} 的值表示无效", "Element {tag} has no valid value representation"),
    "bad-item": (
        "偏移 {offset} 处应为序列条目,实为 {tag}",
        "An item was expected at offset {offset}, {tag} found",
    ),
    "stray-delimiter": (
        "偏移 {offset} 处出现多余的分界标记 {tag}",
        "Delimiter {tag} out of place at offset {offset}",
    ),
    "forbidden-group": (
        "数据集中不允许出现元素 {tag}",
        "Element {tag} may not appear in a data set",
    ),
    "duplicate-element": ("元素 {tag} 重复出现", "Element {tag} appears twice"),
    "bad-deflate": ("压缩的数据集无法解开", "The deflated data set cannot be inflated"),
    # limits
    "too-deep": ("序列嵌套超过 {limit} 层", "Sequences are nested deeper than {limit}"),
    "too-many-elements": ("元素或条目超过 {limit} 个", "More than {limit} elements and items"),
    "too-many-fragments": ("像素数据片段超过 {limit} 个", "More than {limit} pixel data fragments"),
    "too-many-values": (
        "元素 {tag} 的值超过 {limit} 个",
        "Element {tag} has more than {limit} values",
    ),
    "value-too-long": (
        "元素 {tag}({vr})长度 {length} 超过上限 {limit}",
        "Element {tag} ({vr}) has {length} bytes, more than {limit}",
    ),
    "header-too-large": ("文件头超过 {limit} 字节", "The header exceeds {limit} bytes"),
    "inflates-too-much": (
        "压缩的数据集解开后过大(超过 {limit} 字节)",
        "The deflated data set inflates past {limit} bytes",
    ),
    # identity and completeness
    "missing-uid": ("缺少 {keyword}", "{keyword} is missing"),
    "bad-uid": ("{keyword} 不是有效的 UID", "{keyword} is not a valid UID"),
    "no-pixel-data": ("图像没有像素数据", "The image has no pixel data"),
    "no-content": ("对象缺少必需内容 {keyword}", "The object lacks its content {keyword}"),
    "bad-pixel-description": (
        "像素描述 {keyword} 无效:{value}",
        "The pixel description {keyword} is invalid: {value}",
    ),
    "short-pixel-data": (
        "像素数据不足:需要 {needed} 字节,只有 {available} 字节",
        "Pixel data has {available} bytes where {needed} are needed",
    ),
    "pixel-encoding-mismatch": (
        "像素数据的编码方式与传输语法 {uid} 不符",
        "Pixel data is not encoded the way transfer syntax {uid} demands",
    ),
    "frames-missing": (
        "声明 {declared} 帧,只有 {present} 个片段",
        "{declared} frames are declared, {present} fragments are there",
    ),
    "frames-ambiguous": (
        "无法确定 {declared} 帧的边界(共 {present} 个片段)",
        "The borders of {declared} frames in {present} fragments cannot be told",
    ),
    # asking
    "no-such-element": ("对象中没有 {path}", "The object has no {path}"),
    "no-such-frame": ("没有第 {frame} 帧(共 {frames} 帧)", "There is no frame {frame} of {frames}"),
    "bad-bulk-path": ("批量数据路径无效:{path}", "Not a bulk data path: {path}"),
    "bad-query": (
        "查询参数 {name} 的值无效:{value}",
        "Bad value of the query parameter {name}: {value}",
    ),
    "unsupported-key": (
        "此处不能按 {name} 查询",
        "This search cannot match {name}",
    ),
    "not-acceptable": (
        "无法以所要求的媒体类型提供:{accept}",
        "None of these media types can be given: {accept}",
    ),
    "mixed-media-types": (
        "Accept 不得同时包含 DICOM 类型与渲染类型",
        "Accept mixes DICOM and rendered media types",
    ),
    "bad-multipart": ("multipart 消息格式错误:{why}", "Malformed multipart body: {why}"),
    "too-many-parts": ("multipart 部分超过 {limit} 个", "More than {limit} parts"),
    "part-header-too-large": (
        "multipart 部分的头超过 {limit} 字节",
        "A part header exceeds {limit} bytes",
    ),
    "bad-metadata": ("元数据格式错误:{why}", "Malformed metadata: {why}"),
    "no-bulk-data": (
        "缺少元数据引用的批量数据:{uri}",
        "The bulk data that the metadata names is not there: {uri}",
    ),
    "cannot-transcode": ("无法转换传输语法:{why}", "It cannot be transcoded: {why}"),
    "cannot-render": ("无法生成图像:{why}", "No picture can be made: {why}"),
    "render-limit": ("图像处理超出资源限制", "Rendering exceeded its limits"),
}


class Refused(Exception):
    """Foreign bytes or wishes that this room turns down, with the facts of the matter."""

    def __init__(self, code: str, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Mapping[str, Fact] = facts

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence('en')}"

    def __reduce__(self) -> tuple[object, ...]:
        """Refusals travel from the render worker to the server by pickle."""
        return (_rebuild, (self.code, dict(self.facts)))

    def sentence(self, language: str = "zh") -> str:
        """The refusal in Chinese ('zh') or English ('en')."""
        chinese, english = SENTENCES[self.code]
        return (chinese if language == "zh" else english).format(**self.facts)


def _rebuild(code: str, facts: dict[str, Fact]) -> Refused:
    return Refused(code, **facts)
