"""From training to singing: a checkpoint becomes a voice folder that needs no torch."""

from visinger.exporting.export import Exported, VoiceFacts, export, export_model

__all__ = ["Exported", "VoiceFacts", "export", "export_model"]
