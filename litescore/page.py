"""Self-contained HTML: the one way any room makes a report.

A page is a list of blocks, written as one file that needs no network and no script. Pictures are
embedded. Everything passed in is text and is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from litescore.files import write_whole
from litescore.markup import escaped

GOOD, BAD, PLAIN = "good", "bad", "plain"

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #66707f; --line: #dde2ea;
  --paper: #fff; --tint: #f5f7fa; --good: #1f5fd0; --bad: #c8322b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #98a2b3; --line: #323a46;
  --paper: #14181f; --tint: #1c222b; --good: #7fb0ff; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 64rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
.lead, figcaption, .note { color: var(--soft); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; }
dl > div { background: var(--tint); border-radius: .5rem; padding: .6rem .8rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.15rem;
  overflow-wrap: anywhere; }
figure { margin: .8rem 0; } figure img { max-width: 100%; background: #fff; border-radius: .4rem; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.2rem, 1fr)); gap: .5rem; }
.pairs { grid-template-columns: repeat(auto-fill, minmax(12.9rem, 1fr)); }
.sheet figure { margin: 0; border: 2px solid var(--line); border-radius: .4rem; padding: .3rem;
  font-size: .78rem; line-height: 1.25; overflow-wrap: anywhere; }
.sheet img { width: 100%; image-rendering: pixelated; }
.sheet .good { border-color: var(--good); } .sheet .good figcaption { color: var(--good); }
.sheet .bad { border-color: var(--bad); } .sheet .bad figcaption { color: var(--bad); }
.sheet figcaption { white-space: pre-line; }
.wide th:first-child, .wide td:first-child { min-width: 9rem; overflow-wrap: anywhere; }
.bars td { padding: .15rem .7rem; white-space: nowrap; }
.bar { display: inline-block; height: .8em; margin-right: .4rem; background: var(--good);
  border-radius: .15rem; }
.matrix th { max-width: 9rem; overflow-wrap: break-word; }
.matrix td { text-align: right; padding: .25rem .45rem; min-width: 2.6rem; }
.chart { display: block; width: 100%; max-width: 44rem; } .chart text { font-size: 9px;
  fill: var(--soft); }
@media (min-width: 40rem) { .chart text { font-size: 6px; } }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; color: var(--soft); }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .35rem;
  border-radius: .15rem; }
.shares { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
  gap: .6rem 2rem; margin: .6rem 0; }
.shares p { display: flex; justify-content: space-between; gap: .6rem; margin: 0; font-size: .9rem;
  overflow-wrap: anywhere; }
.shares span { color: var(--soft); white-space: nowrap; font-variant-numeric: tabular-nums; }
.shares i { display: block; height: .45rem; margin-top: 2px; border-radius: .15rem; }
pre { background: var(--tint); padding: .8rem; border-radius: .5rem; overflow-x: auto; }
"""


@dataclass
class Page:
    """A report under one title. Each method adds a block; `write` makes the file."""

    title: str
    lead: str = ""
    _blocks: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        self._blocks.append(f"<h2>{escaped(text)}</h2>")

    def text(self, text: str, *, tone: str = PLAIN) -> None:
        style = f' style="color: var(--{tone})"' if tone in (GOOD, BAD) else ""
        self._blocks.append(f"<p{style}>{escaped(text)}</p>")

    def code(self, text: str) -> None:
        self._blocks.append(f"<pre><code>{escaped(text)}</code></pre>")

    def facts(self, facts: Mapping[str, object]) -> None:
        """A row of tiles: what -> value."""
        tiles = (
            f"<div><dt>{escaped(name)}</dt><dd>{escaped(value)}</dd></div>"
            for name, value in facts.items()
        )
        self._blocks.append(f"<dl>{''.join(tiles)}</dl>")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Columns of numbers are set to the right; the first never is."""
        held = [tuple(map(str, row)) for row in rows]
        columns = zip(*held, strict=True) if held else ()
        right = [place > 0 and _all_numbers(column) for place, column in enumerate(columns)]
        right = right or [False] * len(header)
        lines = [_row("th", header, right), *(_row("td", row, right) for row in held)]
        self._blocks.append(f'<div class="wide"><table>{"".join(lines)}</table></div>')

    def bars(self, header: Sequence[str], rows: Iterable[tuple[object, Sequence[int]]]) -> None:
        """A table of names and, in a column each, whole numbers from 0 that are drawn as bars too;
        the largest of a column has the longest.
        """
        held = [(name, tuple(counts)) for name, counts in rows]
        tops = [max(1, *column) for column in zip(*(counts for _, counts in held), strict=True)]
        head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in header)
        lines = "".join(
            f'<tr><th scope="row">{escaped(name)}</th>{_bars(counts, tops)}</tr>'
            for name, counts in held
        )
        self._blocks.append(
            f'<div class="wide"><table class="bars"><tr>{head}</tr>{lines}</table></div>'
        )

    def shares(self, rows: Iterable[tuple[object, float, float | None]]) -> None:
        """Names, each with its share 0..1 as a bar and below it the one that it is held against, if
        any. The largest of all has the longest.
        """
        held = list(rows)
        top = max([share for _, *pair in held for share in pair if share], default=1.0)
        pairs = "".join(
            f"<div><p>{escaped(name)}<span>{_percent(ours, theirs)}</span></p>"
            f"{_share(ours / top, 'good')}"
            f"{'' if theirs is None else _share(theirs / top, 'soft')}</div>"
            for name, ours, theirs in held
        )
        self._blocks.append(f'<div class="shares">{pairs}</div>')

    def key(self, colors: Iterable[tuple[str, object]]) -> None:
        """What the colours stand for: (CSS colour of ours, name)."""
        marks = (
            f'<span><i style="background: {c}"></i>{escaped(name)}</span>' for c, name in colors
        )
        self._blocks.append(f'<div class="key">{"".join(marks)}</div>')

    def chart(self, svg: str, caption: str = "") -> None:
        """What litescore.chart drew."""
        self._blocks.append(f"<figure>{svg}{_caption(caption)}</figure>")

    def picture(self, png: bytes, *, alt: str, caption: str = "") -> None:
        self._blocks.append(f"<figure>{_image(png, alt)}{_caption(caption)}</figure>")

    def sheet(self, pictures: Iterable[tuple[bytes, str, str]], *, wide: bool = False) -> None:
        """A contact sheet of (png, caption, tone); tone is GOOD, BAD or PLAIN. `wide` is for pictures
        twice as wide as high.
        """
        figures = (
            f'<figure class="{escaped(tone)}">{_image(png, caption)}{_caption(caption)}</figure>'
            for png, caption, tone in pictures
        )
        kind = "sheet pairs" if wide else "sheet"
        self._blocks.append(f'<div class="{kind}">{"".join(figures)}</div>')

    def confusion(self, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """A confusion matrix: a row a true class, a column a predicted one; whole numbers."""
        head = "".join(f'<th scope="col">{escaped(label)}</th>' for label in labels)
        rows = (
            f'<tr><th scope="row">{escaped(label)}</th>{_cells(number, row)}</tr>'
            for number, (label, row) in enumerate(zip(labels, counts, strict=True))
        )
        self._blocks.append(
            f'<div class="wide"><table class="matrix"><tr><th>true \\ predicted</th>{head}</tr>'
            f"{''.join(rows)}</table></div>"
        )

    def html(self) -> str:
        lead = f'<p class="lead">{escaped(self.lead)}</p>' if self.lead else ""
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escaped(self.title)}</title><style>{_STYLE}</style></head>\n"
            f"<body><h1>{escaped(self.title)}</h1>{lead}\n"
            + "\n".join(self._blocks)
            + "\n</body></html>\n"
        )

    def write(self, path: str | Path) -> Path:
        """Write the page whole or not at all; the path, for printing."""
        return write_whole(path, self.html().encode())


def _caption(text: str) -> str:
    # A path in a narrow tile is broken behind its folders first.
    broken = escaped(text).replace("/", "/<wbr>")
    return f"<figcaption>{broken}</figcaption>" if text else ""


def _image(png: bytes, alt: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<img alt="{escaped(alt)}" src="data:image/png;base64,{data}">'


def _row(cell: str, values: Sequence[object], right: Sequence[bool]) -> str:
    cells = (
        f"<{cell}{' class=number' if number else ''}>{escaped(value)}</{cell}>"
        for value, number in zip(values, right, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _all_numbers(texts: Sequence[str]) -> bool:
    """Whether each that is not empty or a dash begins as a number does."""
    told = [text.lstrip("<+-–− ") for text in texts]
    return all(text[:1].isdigit() for text in told if text)


def _percent(ours: float, theirs: float | None) -> str:
    return f"{ours:.1%}" if theirs is None else f"{ours:.1%} / {theirs:.1%}"


def _share(share: float, color: str) -> str:
    return f'<i style="width: {100 * share:.1f}%; background: var(--{color})"></i>'


def _bars(counts: Sequence[int], tops: Sequence[int]) -> str:
    return "".join(
        f'<td><span class="bar" style="width: {6 * count / top:.2f}rem"></span>{count:,}</td>'
        for count, top in zip(counts, tops, strict=True)
    )


def _cells(number: int, row: Sequence[int]) -> str:
    total = max(1, sum(row))
    cells = []
    for column, count in enumerate(row):
        color = "31, 95, 208" if column == number else "200, 50, 43"
        # The square root lets rare confusions show beside the diagonal.
        shade = (count / total) ** 0.5 * 0.75
        cells.append(f'<td style="background: rgba({color}, {shade:.2f})">{count or ""}</td>')
    return "".join(cells)
