"""The engines by their names."""

from aurora_resnet.engines.local import LocalEngine
from aurora_resnet.engines.ray_cluster import RayEngine
from aurora_resnet.engines.work import Engine, EngineName
from aurora_resnet.runtime.errors import ConfigError

__all__ = ["Engine", "EngineName", "create_engine"]


def create_engine(
    name: str = "local", *, workers: int | None = None, processors: int = 1, long_pieces: bool = False
) -> Engine:
    """Return an engine by its name.

    Args:
        name: ``"local"``, processes of this machine, or ``"ray"``, the cluster of ``RAY_ADDRESS`` or, without one, a
            Ray on this machine.
        workers: pieces at a time; as many as there are processors if not given.
        processors: that the work of one piece keeps busy; Ray counts with it, ``local`` leaves it to you.
        long_pieces: a piece takes minutes and goes on where it was: no worker has a second one waiting, and Ctrl-C
            breaks them off instead of waiting for their ends.

    Raises:
        ConfigError: for another name, or fewer than one worker.
        MissingDependencyError: if Ray is asked for and is not installed.

    >>> create_engine("local", workers=3).workers
    3
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"workers must be 1 or more, got {workers}")
    if name == "local":
        return LocalEngine(workers, long_pieces=long_pieces)
    if name == "ray":
        return RayEngine(workers, processors=processors)
    raise ConfigError(f"there is no engine '{name}'; expected local or ray")
