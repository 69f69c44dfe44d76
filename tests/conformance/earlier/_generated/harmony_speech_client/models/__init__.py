"""Contains all the data models used in inputs/outputs"""

from .activity_request import ActivityRequest
from .activity_response import ActivityResponse
from .conversion_request import ConversionRequest
from .data_response import DataResponse
from .embedding_request import EmbeddingRequest
from .field_error import FieldError
from .generation_options import GenerationOptions
from .language import Language
from .model_card import ModelCard
from .model_card_object import ModelCardObject
from .model_list import ModelList
from .model_list_object import ModelListObject
from .output_options import OutputOptions
from .problem import Problem
from .restoration_request import RestorationRequest
from .speech_request import SpeechRequest
from .speech_request_mode import SpeechRequestMode
from .speech_request_post_generation_filters_item import SpeechRequestPostGenerationFiltersItem
from .speech_request_pre_processing_filters_item import SpeechRequestPreProcessingFiltersItem
from .stretch import Stretch
from .text_response import TextResponse
from .text_segment import TextSegment
from .transcription_request import TranscriptionRequest
from .voice import Voice
from .word import Word

__all__ = (
    "ActivityRequest",
    "ActivityResponse",
    "ConversionRequest",
    "DataResponse",
    "EmbeddingRequest",
    "FieldError",
    "GenerationOptions",
    "Language",
    "ModelCard",
    "ModelCardObject",
    "ModelList",
    "ModelListObject",
    "OutputOptions",
    "Problem",
    "RestorationRequest",
    "SpeechRequest",
    "SpeechRequestMode",
    "SpeechRequestPostGenerationFiltersItem",
    "SpeechRequestPreProcessingFiltersItem",
    "Stretch",
    "TextResponse",
    "TextSegment",
    "TranscriptionRequest",
    "Voice",
    "Word",
)
