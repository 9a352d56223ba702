"""What a reader mended or passed over: one line for each kind, with the first places."""

from visinger.errors import at_bar

SHOWN_PLACES = 3


class Doubts:
    """Collects doubts while a score is read; the same doubt at many places becomes one line."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}

    def add(self, message: str, bar: str = "", beat: object = None) -> None:
        """Note a doubt at a printed bar and, if it is known, a beat."""
        places = self._places.setdefault(message, [])
        place = at_bar(None, bar, beat).removeprefix("score, ") if beat is not None else f"bar {bar}" if bar else ""
        if place and place not in places[:SHOWN_PLACES]:
            places.append(place)

    def lines(self) -> tuple[str, ...]:
        """Each doubt as one line: what, and where first."""
        lines = []
        for message, places in self._places.items():
            shown = "; ".join(places[:SHOWN_PLACES])
            more = len(places) - SHOWN_PLACES
            lines.append(message + (f" ({shown}{f'; {more} more' if more > 0 else ''})" if shown else ""))
        return tuple(lines)
