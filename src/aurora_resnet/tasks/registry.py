"""Which task a model of the zoo is for."""

from aurora_resnet.models.zoo import find_model
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.tasks.strings import STRINGS
from aurora_resnet.tasks.task import Task
from aurora_resnet.tasks.words import WORDS

TASKS: dict[Kind, Task] = {task.kind: task for task in (WORDS, STRINGS)}


def task_of(model: str) -> Task:
    """Return the task of a model by its name in the zoo.

    >>> task_of("compact").kind, task_of("string_net").kind
    ('words', 'strings')
    """
    return TASKS["strings" if find_model(model).strings else "words"]
