# docker build -t fervid .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" fervid predict my_videos --out predictions
FROM python:3.12-slim AS wheel
WORKDIR /source
COPY pyproject.toml LICENSE ./
COPY docs/package.md docs/
COPY src src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
# torch for the processor, 0.2 GB instead of several; for a GPU: --build-arg TORCH=https://download.pytorch.org/whl/cu130
ARG TORCH=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --index-url "$TORCH" "torch>=2.11,<2.14"
# OpenCV's wheel with windows needs libraries that a slim image lacks; a program without a screen needs none of them.
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl "fervid[annotate,excel]" && rm -r /wheels
RUN useradd --create-home fervid
USER fervid
# Any user of the host may run it: caches go where everybody may write.
ENV HOME=/tmp MPLBACKEND=Agg PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
ENTRYPOINT ["fervid"]
CMD ["--help"]
