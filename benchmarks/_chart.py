"""The chart of `./run bench course`: by which day of treatment how many inductions had their eighth session. SVG."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 420
LEFT, TOP, RIGHT, BOTTOM = 64, 64, 150, 52
FIRST, LAST = 21, 63
NAMES = {"planner": "planner", "first-fit": "first-fit"}
# The colours have 3:1 and more on white and on the dark ground; the dashes tell the lines apart without them.
STYLE = """
  svg { background: #ffffff; color: #1c2530; font: 14px system-ui, sans-serif; }
  text { fill: currentColor; }
  .title { font-size: 17px; font-weight: 600; }
  .quiet { fill: #4d5a68; font-size: 13px; }
  .grid { stroke: #d5dbe1; stroke-width: 1; }
  .due { stroke: #4d5a68; stroke-width: 1.5; stroke-dasharray: 2 4; }
  .planner { stroke: #0b6e75; }
  .first-fit { stroke: #a8500f; stroke-dasharray: 8 5; }
  .line { fill: none; stroke-width: 3; stroke-linejoin: round; }
  @media (prefers-color-scheme: dark) {
    svg { background: #14191f; color: #e8edf2; }
    .quiet { fill: #aab6c2; }
    .grid { stroke: #333d48; }
    .due { stroke: #aab6c2; }
    .planner { stroke: #4fc4cc; }
    .first-fit { stroke: #f0a35e; }
  }
"""


def chart(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """`runs`: for each way the years, each with `eighth days` and `inductions begun`."""
    shares = {name: [_share(years, day) for day in range(FIRST, LAST + 1)] for name, years in runs.items()}
    parts = [
        _head(shares),
        *_axes(),
        *(_line(name, share) for name, share in shares.items()),
        *_labels(shares),
    ]
    return "\n".join([*parts, "</svg>", ""])


def _share(years: Sequence[Mapping[str, Any]], day: int) -> float:
    """Of all the inductions of all the years: those with the eighth session by `day`."""
    begun = sum(year["inductions begun"] for year in years)
    return sum(found <= day for year in years for found in year["eighth days"]) / begun


def _head(shares: Mapping[str, Sequence[float]]) -> str:
    by_28 = {name: f"{share[28 - FIRST]:.0%}" for name, share in shares.items()}
    said = "; ".join(f"{NAMES[name]}: {share} by day 28" for name, share in by_28.items())
    title = "Inductions with their eighth session, by day of treatment"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">
<title id="t">{escape(title)}</title>
<desc id="d">Two rising lines over the days {FIRST} to {LAST} of treatment. {escape(said)}.</desc>
<style>{STYLE}</style>
<text class="title" x="{LEFT}" y="28">{escape(title)}</text>
<text class="quiet" x="{LEFT}" y="48">Share of all inductions begun; the same simulated years, run in two ways</text>"""


def _axes() -> list[str]:
    parts = []
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(
            f'<text class="quiet" x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{tenth * 10} %</text>'
        )
    for day in range(FIRST, LAST + 1, 7):
        parts.append(
            f'<text class="quiet" x="{_x(day)}" y="{HEIGHT - BOTTOM + 22}" text-anchor="middle">{day}</text>'
        )
    parts.append(
        f'<text class="quiet" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">'
        "day of treatment, day 1 is the first session</text>"
    )
    x = _x(28)
    parts.append(f'<line class="due" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    parts.append(f'<text class="quiet" x="{x + 6}" y="{TOP + 12}">day 28</text>')
    return parts


def _line(name: str, share: Sequence[float]) -> str:
    points = " ".join(f"{_x(FIRST + n):.1f},{_y(value):.1f}" for n, value in enumerate(share))
    return f'<polyline class="line {name}" points="{points}"/>'


def _labels(shares: Mapping[str, Sequence[float]]) -> list[str]:
    """Beside the ends of the lines, moved apart where they are near."""
    ends = sorted(((_y(share[-1]), name, share) for name, share in shares.items()), key=lambda end: end[0])
    parts, lowest = [], 0.0
    for y, name, share in ends:
        at = max(y, lowest + 40)
        lowest = at
        x = WIDTH - RIGHT + 10
        parts.append(f'<line class="line {name}" x1="{x}" x2="{x + 28}" y1="{at - 4}" y2="{at - 4}"/>')
        parts.append(f'<text x="{x + 36}" y="{at}">{NAMES[name]}</text>')
        parts.append(
            f'<text class="quiet" x="{x + 36}" y="{at + 17}">{share[28 - FIRST]:.0%} by day 28</text>'
        )
    return parts


def _x(day: int) -> float:
    return LEFT + (day - FIRST) / (LAST - FIRST) * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)
