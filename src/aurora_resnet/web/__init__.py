"""A page in the browser that listens, and the server behind it.

Raises:
    MissingDependencyError: when it is imported without what it needs.
"""

from importlib import import_module

from aurora_resnet.runtime.errors import MissingDependencyError

try:
    for _needed in ("fastapi", "python_multipart", "uvicorn", "wsproto"):
        import_module(_needed)
except ImportError as error:
    raise MissingDependencyError(
        f"the web page needs FastAPI and uvicorn ({error}); install them with: pip install 'aurora-resnet[web]'"
    ) from None
