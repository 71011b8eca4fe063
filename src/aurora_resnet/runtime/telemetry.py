"""Nothing leaves the machine unless the user asked: dependencies that report to their makers are told not to.

They read these variables when they are loaded, so this module is imported first, by ``aurora_resnet`` and by its
runtime. Each of them stays as the user set it. onnxruntime reports from 1.29 on: it writes a device id into the home
folder and connects to its maker (https://onnxruntime.ai, *Privacy*).
"""

import os

OFF = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "RAY_USAGE_STATS_ENABLED": "0"}

for _name, _value in OFF.items():
    os.environ.setdefault(_name, _value)
