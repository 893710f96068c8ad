"""The words of the portrayed emotions of StudyForrest, Labs et al. 2015, https://doi.org/10.12688/f1000research.6230.1.

A file an observer. Several words of one cell are parted by a space; an empty cell is an emotion that the observer
saw and did not name. A word that is none of these was once published as four columns of zeros.
"""

HEADER = ("start", "end", "character", "arousal", "valence", "direction", "emotion", "oncue", "offcue")
WORDS = {
    "arousal": ("HIGH", "LOW"),
    "valence": ("POS", "NEG"),
    "direction": ("SELF", "OTHER"),
    "emotion": (
        *("ADMIRATION", "ANGERRAGE", "COMPASSION", "CONTEMPT", "DISAPPOINTMENT", "FEAR", "FEARSCONFIRMED"),
        *("GLOATING", "GRATIFICATION", "GRATITUDE", "HAPPINESS", "HAPPYFOR", "HATE", "HOPE", "LOVE", "PRIDE"),
        *("RELIEF", "REMORSE", "RESENTMENT", "SADNESS", "SATISFACTION", "SHAME"),
    ),
    "oncue": ("AUDIO", "CONTEXT", "FACE", "GESTURE", "NARRATOR", "VERBAL"),
    "offcue": ("CHARLEFT", "EMOCHANGE", "EMOFADED", "SCENEEND"),
}
