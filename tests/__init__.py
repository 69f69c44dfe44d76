"""A package, not a namespace: gruut, which reads Spanish and French for MeloTTS, installs one named `tests`, too."""
