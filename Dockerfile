# The service and everything it needs, for nodes and workers alike: what it does is said by its command.
#
#   docker build -t inspection-service .
#   docker run -p 8080:8080 -v inspection:/data inspection-service

FROM node:24-bookworm-slim AS web
WORKDIR /src
COPY web_client/package.json web_client/package-lock.json web_client/
RUN cd web_client && npm ci --no-audit --no-fund
COPY web_client web_client
COPY inspection_service/reports/texts inspection_service/reports/texts
RUN cd web_client && npm run --silent build

FROM python:3.11-slim-bookworm AS python
WORKDIR /src
RUN python -m venv /opt/venv
COPY requirements.lock .
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY inspection_service inspection_service
COPY models models
COPY checklists checklists
COPY --from=web /src/inspection_service/static inspection_service/static
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# What `import cv2` loads; the service names them when one is missing.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 libsm6 libice6 libx11-6 libxext6 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin inspection \
 && install -d -o inspection -g inspection -m 0700 /data
COPY --from=python /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    INSPECTION_DATA_DIR=/data \
    INSPECTION_HTTP__HOST=0.0.0.0 \
    INSPECTION_HTTP__PORT=8080 \
    INSPECTION_LOG_FORMAT=json
USER inspection
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['INSPECTION_HTTP__PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["inspection-service"]
CMD ["serve"]
