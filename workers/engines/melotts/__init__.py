"""MeloTTS: text to speech in English, Spanish, French, Chinese (mixed with English), Japanese and Korean."""
