from enum import StrEnum


class SpeechRequestMode(StrEnum):
    SINGLE_SPEAKER_TTS = "single_speaker_tts"
    VOICE_CLONING = "voice_cloning"

    def __str__(self) -> str:
        return str(self.value)
