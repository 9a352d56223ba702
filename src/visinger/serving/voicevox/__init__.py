"""The singing endpoints of VOICEVOX, so that its desktop editor and OpenUtau sing with our voices.

Only the interface is VOICEVOX'; docs/voicevox.md says how to connect the editors.
"""

from visinger.serving.voicevox.endpoints import add_voicevox

__all__ = ["add_voicevox"]
