"""From a voice folder to a voicebank that OpenUtau's editor plays (docs/openutau.md)."""

from visinger.exporting.openutau.bank import BankWritten, write_bank

__all__ = ["BankWritten", "write_bank"]
