"""``python -m aurora_resnet_runtime``: the command line without torch."""

from .cli.main import main

if __name__ == "__main__":
    main()
