"""How score files reach the disk: whole or not at all."""

import os
from pathlib import Path

from visinger.errors import OutputError


def write_whole(target: Path, content: bytes) -> None:
    """Write a small file aside and rename it, so that no half of it is ever seen."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content)
        os.replace(aside, target)
    except OSError as problem:
        aside.unlink(missing_ok=True)
        reason = (problem.strerror or "unknown reason").lower()
        raise OutputError(f"cannot be written ({reason})", where=target, remedy="choose another place") from None
