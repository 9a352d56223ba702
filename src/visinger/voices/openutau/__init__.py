"""OpenUtau's DiffSinger voicebanks: what the editor asks of them, and its side of it replayed. No torch."""
