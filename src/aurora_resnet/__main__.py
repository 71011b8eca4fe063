"""``python -m aurora_resnet``: the command line."""

from aurora_resnet.cli import main

if __name__ == "__main__":
    main()
