"""What OpenUtau's editor asks of a DiffSinger voicebank (docs/openutau.md), in numbers and names.

Read off the editor's public source, version 0.1.565 and the state of May to
July 2026; none of its code is here.
"""

SAMPLE_RATE_HZ = 44_100  # older editors play whatever comes at this rate
PAD_FRAMES = 8  # of silence before and after every phrase
PART_PADDING_MS = 500.0  # of silence before a part, when its lengths are predicted
MOST_MEL_BINS = 255  # the editor's own bound
NEWEST_OPSET, NEWEST_IR = 21, 10  # onnxruntime 1.23 takes 23 and 11; forks of the editor bring older ones
SILENCE = "SP"
ALWAYS_VOWELS = ("SP", "AP")  # whatever a dictionary says of them
GLIDES = ("semivowel", "liquid")  # between a consonant and a vowel they start the note

# as the editor names them: file in the bank → inputs that are always sent, in the editor's order
LINGUISTIC_BY_WORD = ("tokens", "word_div", "word_dur")
LINGUISTIC_BY_PHONEME = ("tokens", "ph_dur")
LINGUISTIC_OUTPUTS = ("encoder_out", "x_masks")
DURATION = ("encoder_out", "x_masks", "ph_midi")
PITCH = ("encoder_out", "note_midi", "note_dur", "ph_dur", "pitch", "retake")
ACOUSTIC = ("tokens", "durations", "f0")
VOCODER = ("mel", "f0")

# vocoder.yaml and dsconfig.yaml must agree on these
SHARED_KEYS = (
    "sample_rate",
    "hop_size",
    "win_size",
    "fft_size",
    "num_mel_bins",
    "mel_fmin",
    "mel_fmax",
    "mel_base",
    "mel_scale",
)
MEL_BASES, MEL_SCALES = ("10", "e"), ("slaney", "htk")
