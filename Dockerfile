# The program as a container image: docs/deploy.md says how to run it, `python -m tests.image` tries every step of it.
#
#     docker build -t infinity-grid-trio:0.2.0 .
#     docker buildx build --platform linux/amd64,linux/arm64 -t infinity-grid-trio:0.2.0 .
#
# To pin the base to the byte: --build-arg BASE=debian@sha256:...
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
# Exactly what the lock names, wheels only: no compiler, and the same bytes on every machine of a kind.
COPY requirements.lock /build/requirements.lock
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --quiet --no-cache-dir --require-hashes --only-binary :all: -r /build/requirements.lock \
    && /opt/venv/bin/pip uninstall --quiet --yes pip \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} + \
    && find /opt/venv -name '*.pyi' -delete
# What .dockerignore lets through is the program and nothing else.
COPY . /app
# Readable for everybody, whatever the umask of the checkout was; and compiled now, since the root is read-only later.
RUN chmod -R a+rX,go-w /app \
    && python3 -m compileall -q -f --invalidation-mode unchecked-hash /app /opt/venv/lib

FROM ${BASE}
# The version of pyproject.toml; a test holds them together.
ARG VERSION=0.2.0
LABEL org.opencontainers.image.title="infinity-grid-trio" \
      org.opencontainers.image.description="An unattended, crash-proof grid-trading system of isolated trio actors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="debian:trixie-slim"
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log /usr/share/doc /usr/share/man \
    && groupadd --gid 10001 grid \
    && useradd --uid 10001 --gid grid --home-dir /data --no-create-home --shell /usr/sbin/nologin grid \
    && install -d -o grid -g grid -m 0700 /data \
    && install -d -m 0755 /config
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Relative paths of a configuration lie in /data; modules come from /app alone, whatever lies in /data.
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/app \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
# A number: Kubernetes has to see that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=2m --retries=3 CMD ["python", "-m", "console.ready"]
ENTRYPOINT ["python", "-m", "console.contained"]
CMD ["/config/config.toml"]
