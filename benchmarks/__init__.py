"""Speed, measured with pytest-benchmark: ``pytest benchmarks``; ``--benchmark-disable`` runs everything once.

``pytest benchmarks/test_inference.py --benchmark-json docs/records/inference.json`` writes the record of which
``python -m tools.reports`` makes a page's tables; see ``conftest.py``. Recordings: ``../shared/data``.
"""
