# The recogniser without torch, as a command: docker build -t aurora-resnet-runtime . (docs/install.md)
FROM python:3.12-slim AS build
WORKDIR /source
COPY runtime runtime
COPY src/aurora_resnet/runtime src/aurora_resnet/runtime
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels ./runtime

FROM python:3.12-slim
LABEL org.opencontainers.image.title="aurora-resnet-runtime" \
      org.opencontainers.image.description="Recognises spoken digits, or the words of your own model, without torch" \
      org.opencontainers.image.licenses="MIT"
ENV PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir /wheels/*.whl \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hearing
USER 10001
WORKDIR /data
# Loads a model and has it answer, as every use does.
HEALTHCHECK --interval=1m --timeout=10s --start-period=5s \
    CMD ["python", "-c", "import numpy, aurora_resnet_runtime as r; r.Recognizer.from_pretrained('compact').recognize(numpy.zeros(8000), 8000)"]
ENTRYPOINT ["aurora-resnet-runtime"]
CMD ["--help"]
