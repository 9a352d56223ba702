"""What a server may be told when it starts; a literal record, checked once."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from visinger.errors import VisingerError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
SHORTEST_TOKEN = 16


def _concurrency() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(2, cores // 2)  # a render waits for memory and for its client now and then


@dataclass(frozen=True)
class Settings:
    """One server. Raises VisingerError for settings that would leave it open or unable to work."""

    host: str = "127.0.0.1"
    port: int = 8270
    token: str = ""  # demanded of every caller where the host is not this machine alone
    voices: tuple[Path, ...] = ()  # folders that may be asked for by name, beside the embedded voices
    allowed_hosts: tuple[str, ...] = ()  # names, beside loopback's, under which a browser may call it
    concurrency: int = field(default_factory=_concurrency)  # songs sung at the same time
    queue_length: int = 32  # requests that may wait
    body_bytes: int = 32 * 2**20
    song_seconds: float = 3600.0
    cache_bytes: int = 256 * 2**20  # of sound already rendered
    stall_seconds: float = 60.0  # how long a client may leave its stream untaken
    grace_seconds: float = 20.0  # for songs under way when the server is asked to stop

    def __post_init__(self) -> None:
        for name, lowest in (("port", 0), ("concurrency", 1), ("queue_length", 0), ("body_bytes", 1024)):
            if getattr(self, name) < lowest:
                shown = name.replace("_", "-")
                raise VisingerError(f"{getattr(self, name)}", where=f"--{shown}", remedy=f"give {lowest} or more")
        if self.port > 65535:
            raise VisingerError(f"{self.port} is no port", where="--port", remedy="give 0 to 65535")
        if self.song_seconds <= 0 or self.stall_seconds <= 0 or self.grace_seconds < 0 or self.cache_bytes < 0:
            raise VisingerError("a limit is not positive", where="settings", remedy="give a number above 0")
        if not self.token and not self.on_loopback:
            raise VisingerError(
                "whoever reaches this address could use the server",
                where=f"--host {self.host}",
                remedy="give a --token (or VISINGER_TOKEN), or stay on 127.0.0.1",
            )
        if self.token and (len(self.token) < SHORTEST_TOKEN or not self.token.isascii() or " " in self.token):
            raise VisingerError(
                "the token is too easily guessed",
                where="--token",
                remedy=f"give at least {SHORTEST_TOKEN} letters and digits",
            )

    @property
    def on_loopback(self) -> bool:
        """Whether only programs of this machine can connect."""
        if self.host in LOOPBACK_NAMES:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
