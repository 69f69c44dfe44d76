from enum import StrEnum


class ModelCardObject(StrEnum):
    MODEL = "model"
    TOOLCHAIN = "toolchain"

    def __str__(self) -> str:
        return str(self.value)
