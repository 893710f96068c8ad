# EmoCAM without a GPU: docker build -t emocam . && docker run --rm -v "$PWD:/work" emocam +cam=gradcam
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY conf conf
COPY experiments experiments
COPY emocam emocam
# the processor's torch is a tenth of the one with CUDA
RUN python -m venv /opt/emocam \
    && /opt/emocam/bin/pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu torch torchvision \
    && /opt/emocam/bin/pip install --no-cache-dir '.[timm,opencv]' \
    && find /opt/emocam -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.13-slim
COPY --from=build /opt/emocam /opt/emocam
# what is read and written lies in the folder that is mounted; the cache of detections, too
RUN useradd --create-home emocam && mkdir /work && chown emocam /work
USER emocam
WORKDIR /work
ENV PATH=/opt/emocam/bin:$PATH XDG_CACHE_HOME=/work/.cache MPLCONFIGDIR=/tmp/matplotlib
ENTRYPOINT ["emocam"]
CMD ["--help"]
