"""Fetch what the demo in the browser needs from the npm registry: onnxruntime-web, checked by SHA-256.

``python -m tools.vendor_web`` keeps the files in ``build/vendor``, from where ``tools.site`` takes them. They are not committed: 14 MB
that the registry has. npm is the client (``apt install npm``), so its settings (mirror, proxy) apply. The npm package carries no
licence file; ``docs/demo`` has the text of its repository's.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "build" / "vendor"
PACKAGE = "onnxruntime-web@1.30.0"
#: The engine with its glue, and its WebAssembly, by what they must be.
FILES = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}


def is_vendored(folder: Path = VENDOR) -> bool:
    """Tell whether all files are there and are what they must be."""
    paths = {folder / name: sha256 for name, sha256 in FILES.items()}
    return all(p.is_file() and hashlib.sha256(p.read_bytes()).hexdigest() == sha256 for p, sha256 in paths.items())


def vendor(folder: Path = VENDOR) -> Path:
    """Return the folder with the files; what is missing or damaged is fetched.

    Raises:
        SystemExit: without npm, without the registry, or if a file is not what it must be.
    """
    if is_vendored(folder):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", scratch]
        try:
            told = subprocess.run(wanted, capture_output=True, text=True, check=False).stderr.strip()
        except FileNotFoundError:
            told = "there is no npm; install it, or give --no-demo"
        for archive in Path(scratch).glob("*.tgz"):
            shutil.unpack_archive(archive, scratch, filter="data")
            for name in FILES:
                shutil.copy(Path(scratch, "package", "dist", name), folder)
    if not is_vendored(folder):
        raise SystemExit(f"npm gave no {PACKAGE} with the files that the demo needs: {told[-300:]}")
    return folder


if __name__ == "__main__":
    print(vendor())
