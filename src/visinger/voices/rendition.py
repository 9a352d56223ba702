"""A song about to be sung: phrases are performed and blocks rendered as they are asked for.

Shapes: T frames · S samples, S = T × hop.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.voices.rendering import Engine, sound


@dataclass(frozen=True)
class Rendition:
    """One singing of one song, from its first phrase on, once.

    Whatever could refuse the song has been checked; nothing has been performed.
    """

    engine: Engine
    phrases: Iterator[PhrasePerformance]  # in time order, each performed when it is asked for
    samples: int  # of the whole song
    level_db: NDArray[np.float64]  # (T)
    told: Callable[[], tuple[str, ...]]

    @property
    def voice(self) -> str:
        """The name of the voice that sings."""
        return self.engine.description.name

    @property
    def sample_rate_hz(self) -> int:
        return self.engine.description.sample_rate_hz

    @property
    def frames(self) -> int:
        """T."""
        return len(self.level_db)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to say of the song; whole once the last phrase has been performed."""
        return self.told()

    def performance(self, phrases: Iterable[PhrasePerformance] | None = None) -> Performance:
        """The song as one object: all its phrases, or those that were made of them."""
        performed = tuple(self.phrases if phrases is None else phrases)
        return Performance(
            phrases=performed,
            samples=self.samples,
            level_db=self.level_db,
            seed=self.engine.seed,
            noise_scale=self.engine.noise_scale,
            sample_rate_hz=self.sample_rate_hz,
            hop_samples=self.engine.description.hop_samples,
            warnings=self.warnings,
        )

    def blocks(self, phrases: Iterable[PhrasePerformance] | None = None) -> Iterator[NDArray[np.float32]]:
        """The wave block by block; of `phrases`, where they were changed on the way."""
        performed = self.phrases if phrases is None else phrases
        return sound(self.engine, performed, samples=self.samples, level_db=self.level_db)
