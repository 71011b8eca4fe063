"""Models: what recognition asks of one of single words and of one of strings, and the exported ones."""

from ..onnx_file import CARD as CARD
from ..onnx_file import METADATA as METADATA
from .average import load_model as load_model
from .facts import finite_logits as finite_logits
from .words import FEATURES as FEATURES
from .words import INPUT as INPUT
from .words import LOGITS as LOGITS
from .words import LONGEST_CLIP_SECONDS as LONGEST_CLIP_SECONDS
from .words import ExportedModel as ExportedModel
from .words import ModelFacts as ModelFacts
from .words import ScoringModel as ScoringModel
