"""How much more several processes sing than one, beside what plain matrix products gain on the same cores."""

from dataclasses import dataclass
from pathlib import Path

from visinger.benchmarking import newborn
from visinger.voices.graphs import thread_count

PRODUCT = ["busy-product", "1024", "40"]  # size and how often: about a second of one core


@dataclass(frozen=True)
class Scaling:
    """Work done by all processes together as a multiple of one's; `processes` at best."""

    processes: int
    songs: float
    products: float

    @property
    def ratio(self) -> float:
        """Of the gain that the cores have to give, the part that singing reaches."""
        return self.songs / self.products


def measure(voice: str, score: Path, *, processes: int = 0, times: int = 2, repeats: int = 3) -> Scaling:
    """One process and all of them take turns, song and product beside each other; the least wall time of each."""
    wanted = processes or thread_count()
    song = ["busy-song", voice, str(score), str(times)]
    taken: dict[tuple[str, int], float] = {}
    for _ in range(repeats):
        for work in (song, PRODUCT):
            for count in (1, wanted):
                key = work[0], count
                taken[key] = min(taken.get(key, float("inf")), newborn.together(work, count))
    songs, products = (wanted * taken[name, 1] / taken[name, wanted] for name in (song[0], PRODUCT[0]))
    return Scaling(wanted, songs, products)
